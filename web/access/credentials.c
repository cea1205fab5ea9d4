#include "web/access/credentials.h"

#include <sodium.h>
#include <string.h>
#include <strings.h>

/* name:password */
#define PAIR_MAX_BYTES (CREDENTIALS_NAME_MAX_BYTES + 1 + PASSWORD_MAX_BYTES)

/* Skips the scheme and its spaces. NULL: it is another scheme. */
static const char *after_scheme(const char *authorization, const char *scheme) {
    size_t count = strlen(scheme);
    if (strncasecmp(authorization, scheme, count) != 0 || authorization[count] != ' ') {
        return NULL;
    }
    return authorization + count + strspn(authorization + count, " ");
}

static enum credentials_kind parse_basic(const char *encoded, struct credentials *credentials) {
    char pair[PAIR_MAX_BYTES + 1];
    size_t count = 0;
    const char *end = NULL;
    enum credentials_kind kind = CREDENTIALS_MALFORMED;
    if (sodium_base642bin((unsigned char *)pair, PAIR_MAX_BYTES, encoded, strlen(encoded), NULL, &count, &end,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        *end != '\0') {
        goto out;
    }
    pair[count] = '\0';
    char *colon = strchr(pair, ':');
    if (colon == NULL || strlen(pair) != count || (size_t)(colon - pair) > CREDENTIALS_NAME_MAX_BYTES ||
        strlen(colon + 1) > PASSWORD_MAX_BYTES) {
        goto out;
    }
    *colon = '\0';
    memcpy(credentials->name, pair, strlen(pair) + 1);
    memcpy(credentials->secret, colon + 1, strlen(colon + 1) + 1);
    kind = CREDENTIALS_BASIC;
out:
    sodium_memzero(pair, sizeof pair);
    return kind;
}

static enum credentials_kind parse_bearer(const char *token, struct credentials *credentials) {
    size_t count = strspn(token, CREDENTIALS_TOKEN_CHARACTERS);
    if (count == 0 || token[count] != '\0' || count >= sizeof credentials->secret) {
        return CREDENTIALS_MALFORMED;
    }
    memcpy(credentials->secret, token, count + 1);
    return CREDENTIALS_BEARER;
}

const char *credentials_find_bearer(const char *authorization) {
    return authorization != NULL ? after_scheme(authorization, "Bearer") : NULL;
}

void credentials_parse(const char *authorization, struct credentials *credentials) {
    *credentials = (struct credentials){.kind = CREDENTIALS_NONE};
    if (authorization == NULL) {
        return;
    }
    const char *basic = after_scheme(authorization, "Basic");
    const char *bearer = credentials_find_bearer(authorization);
    credentials->kind = CREDENTIALS_MALFORMED;
    if (basic != NULL) {
        credentials->kind = parse_basic(basic, credentials);
    } else if (bearer != NULL) {
        credentials->kind = parse_bearer(bearer, credentials);
    }
}

const char *credentials_find_cookie(const char *header, const char *name, size_t *count) {
    size_t name_count = strlen(name);
    for (const char *at = header; at != NULL && *at != '\0';) {
        at += strspn(at, "; ");
        size_t pair_count = strcspn(at, "; ");
        if (pair_count > name_count && memcmp(at, name, name_count) == 0 && at[name_count] == '=') {
            *count = pair_count - name_count - 1;
            return at + name_count + 1;
        }
        at += pair_count;
    }
    return NULL;
}
