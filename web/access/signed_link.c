#include "web/access/signed_link.h"

#include "web/access/hex.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

void signed_link_write(const struct signed_link *link, const struct signing_key *key,
                       char text[SIGNED_TEXT_ROOM_BYTES]) {
    char fingerprint[2 * FINGERPRINT_BYTES + 1];
    sodium_bin2hex(fingerprint, sizeof fingerprint, link->fingerprint.bytes, FINGERPRINT_BYTES);
    char payload[SIGNED_PAYLOAD_MAX_BYTES + 1];
    snprintf(payload, sizeof payload, "%s %" PRId64 " %s", fingerprint, link->expires_s, link->camera);
    signed_text_make(key, payload, text);
}

enum signed_link_fault signed_link_read(const char *text, const struct signing_key *key, int64_t now_s,
                                        struct signed_link *link) {
    char payload[SIGNED_PAYLOAD_MAX_BYTES + 1], fingerprint[2 * FINGERPRINT_BYTES + 1];
    if (!signed_text_open(key, text, strlen(text), payload) ||
        sscanf(payload, "%32s %" SCNd64 " %64s", fingerprint, &link->expires_s, link->camera) != 3 ||
        !hex_read(fingerprint, link->fingerprint.bytes, FINGERPRINT_BYTES)) {
        return LINK_IS_FORGED;
    }
    return now_s < link->expires_s ? LINK_IS_GOOD : LINK_HAS_EXPIRED;
}
