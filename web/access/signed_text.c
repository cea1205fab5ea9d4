#include "web/access/signed_text.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING

_Static_assert(SIGNING_KEY_BYTES == crypto_auth_KEYBYTES, "a key is one of crypto_auth()");
_Static_assert(SIGNED_TEXT_ROOM_BYTES >=
                   sodium_base64_ENCODED_LEN(crypto_auth_BYTES + SIGNED_PAYLOAD_MAX_BYTES, VARIANT),
               "the longest text fits");

struct signing_key signing_key_for(const struct signing_key *master, const char *purpose) {
    struct signing_key key;
    crypto_generichash(key.bytes, sizeof key.bytes, (const unsigned char *)purpose, strlen(purpose), master->bytes,
                       sizeof master->bytes);
    return key;
}

void signed_text_make(const struct signing_key *key, const char *payload, char text[SIGNED_TEXT_ROOM_BYTES]) {
    unsigned char bytes[crypto_auth_BYTES + SIGNED_PAYLOAD_MAX_BYTES];
    size_t count = strlen(payload);
    assert(count <= SIGNED_PAYLOAD_MAX_BYTES);
    memcpy(bytes + crypto_auth_BYTES, payload, count);
    crypto_auth(bytes, bytes + crypto_auth_BYTES, count, key->bytes);
    sodium_bin2base64(text, SIGNED_TEXT_ROOM_BYTES, bytes, crypto_auth_BYTES + count, VARIANT);
}

bool signed_text_open(const struct signing_key *key, const char *text, size_t count,
                      char payload[SIGNED_PAYLOAD_MAX_BYTES + 1]) {
    unsigned char bytes[crypto_auth_BYTES + SIGNED_PAYLOAD_MAX_BYTES];
    size_t used = 0;
    const char *end = NULL;
    if (sodium_base642bin(bytes, sizeof bytes, text, count, NULL, &used, &end, VARIANT) != 0 || end != text + count ||
        used < crypto_auth_BYTES) {
        return false;
    }
    size_t payload_count = used - crypto_auth_BYTES;
    if (crypto_auth_verify(bytes, bytes + crypto_auth_BYTES, payload_count, key->bytes) != 0) {
        return false;
    }
    memcpy(payload, bytes + crypto_auth_BYTES, payload_count);
    payload[payload_count] = '\0';
    return true;
}
