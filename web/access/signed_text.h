/* Short texts that the server hands out and verifies when they come back: they can be read, but not made or changed
 * elsewhere (HMAC-SHA-512-256, libsodium's crypto_auth). Written in base64url (RFC 4648), so that they go unchanged
 * into cookies and queries. Threads: any. */
#ifndef WEB_ACCESS_SIGNED_TEXT_H
#define WEB_ACCESS_SIGNED_TEXT_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stddef.h>

#define SIGNING_KEY_BYTES 32
#define SIGNED_PAYLOAD_MAX_BYTES 191
/* With the NUL; of a signature of 32 bytes and a payload, four characters for three bytes. */
#define SIGNED_TEXT_ROOM_BYTES ((32 + SIGNED_PAYLOAD_MAX_BYTES) * 4 / 3 + 3)

struct signing_key {
    unsigned char bytes[SIGNING_KEY_BYTES];
};

/* A key of its own for each purpose, so that a text made for one is worth nothing for another. */
struct signing_key signing_key_for(const struct signing_key *master, const char *purpose);

/* payload: at most SIGNED_PAYLOAD_MAX_BYTES. */
void signed_text_make(const struct signing_key *key, const char *payload, char text[SIGNED_TEXT_ROOM_BYTES]);
/* False: not made with that key, or not whole. */
CHECKED bool signed_text_open(const struct signing_key *key, const char *text, size_t count,
                              char payload[SIGNED_PAYLOAD_MAX_BYTES + 1]);

#endif
