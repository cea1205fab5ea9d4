/* The credentials of a request: its Authorization header (RFC 7617, RFC 6750) and its cookies (RFC 6265).
 * Pure, so that it can be tested and fuzzed.
 * Threads: any. */
#ifndef WEB_ACCESS_CREDENTIALS_H
#define WEB_ACCESS_CREDENTIALS_H

#include "web/access/password.h"

#include <stddef.h>

#define CREDENTIALS_NAME_MAX_BYTES 64

/* Of a Bearer token (RFC 6750, section 2.1). */
#define CREDENTIALS_TOKEN_CHARACTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/="

enum credentials_kind {
    CREDENTIALS_NONE,      /* no header */
    CREDENTIALS_BASIC,     /* name and secret: the password */
    CREDENTIALS_BEARER,    /* secret: the token */
    CREDENTIALS_MALFORMED, /* of another scheme, or invalid in its own */
};

/* Wipe it once it is used. */
struct credentials {
    enum credentials_kind kind;
    char name[CREDENTIALS_NAME_MAX_BYTES + 1];
    char secret[PASSWORD_MAX_BYTES + 1];
};

/* The token of an Authorization header of the scheme Bearer, whatever its case (RFC 9110, section 11.1), and of
 * whatever characters: borrowed. NULL: another scheme, or no header (NULL). */
const char *credentials_find_bearer(const char *authorization);

/* authorization: the header's value; NULL where there is none. */
void credentials_parse(const char *authorization, struct credentials *credentials);

/* The value of the first cookie of that name in a Cookie header (NULL: none); borrowed, of *count bytes. NULL: it has
 * none. */
const char *credentials_find_cookie(const char *header, const char *name, size_t *count);

#endif
