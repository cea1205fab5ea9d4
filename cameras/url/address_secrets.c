#define _GNU_SOURCE /* strcasestr */
#include "cameras/url/address_secrets.h"

#include "broker/base/saturating.h"
#include "cameras/url/address.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 32

/* What the name of a parameter with a secret contains. */
static const char *const secret_names[] = {"pass", "pw",   "token",   "key",     "secret",  "auth",
                                           "sig",  "user", "account", "session", "credent", "streamid"};

static int hex_value(char digit) {
    return isdigit((unsigned char)digit) ? digit - '0' : tolower((unsigned char)digit) - 'a' + 10;
}

/* Percent-decodes the text in place; what is no escape stays. Returns its new length. */
static size_t decode(char *text, size_t count) {
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (text[i] == '%' && i + 2 < count && isxdigit((unsigned char)text[i + 1]) &&
            isxdigit((unsigned char)text[i + 2])) {
            text[kept++] = (char)(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            text[kept++] = text[i];
        }
    }
    return kept;
}

static enum err add_base64(struct secrets *secrets, const char *bytes, size_t count) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char *text = malloc(count / 3 * 4 + 5);
    if (text == NULL) {
        return ERR_MEMORY;
    }
    size_t length = 0;
    for (size_t i = 0; i < count; i += 3) {
        uint32_t group = 0;
        for (size_t k = 0; k < 3; k++) {
            group = group << 8 | (i + k < count ? (unsigned char)bytes[i + k] : 0);
        }
        size_t digit_count = count - i < 3 ? count - i + 1 : 4; /* padding is no part of what is secret */
        for (size_t k = 0; k < digit_count; k++) {
            text[length++] = digits[group >> (18 - 6 * k) & 63];
        }
    }
    enum err error = secrets_add(secrets, text, length);
    free(text);
    return error;
}

/* As it is written, and decoded. */
static enum err add_both(struct secrets *secrets, const char *text, size_t count) {
    char *decoded = malloc(count + 1);
    if (decoded == NULL) {
        return ERR_MEMORY;
    }
    memcpy(decoded, text, count);
    enum err error = secrets_add(secrets, text, count);
    if (error == ERR_OK) {
        error = secrets_add(secrets, decoded, decode(decoded, count));
    }
    free(decoded);
    return error;
}

static enum err add_basic(struct secrets *secrets, const char *login, size_t count) {
    char *decoded = malloc(count + 1);
    if (decoded == NULL) {
        return ERR_MEMORY;
    }
    memcpy(decoded, login, count);
    enum err error = add_base64(secrets, decoded, decode(decoded, count));
    free(decoded);
    return error;
}

/* "name:password". */
static enum err add_login(struct secrets *secrets, const char *login, size_t count) {
    const char *colon = memchr(login, ':', count);
    size_t name_bytes = colon != NULL ? (size_t)(colon - login) : count;
    enum err error = add_both(secrets, login, name_bytes);
    if (error == ERR_OK && colon != NULL) {
        error = add_both(secrets, colon + 1, count - name_bytes - 1);
    }
    return error == ERR_OK ? add_basic(secrets, login, count) : error;
}

static bool is_secret_name(const char *name, size_t count) {
    char text[NAME_MAX_BYTES + 1];
    size_t kept = min_size(count, NAME_MAX_BYTES);
    memcpy(text, name + count - kept, kept);
    text[kept] = '\0';
    for (size_t i = 0; i < sizeof secret_names / sizeof secret_names[0]; i++) {
        if (strcasestr(text, secret_names[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static bool is_name_character(char character) { return isalnum((unsigned char)character) || character == '-'; }

/* Where a value ends: at a separator, of which "_" is one only before another parameter. */
static const char *find_value_end(const char *value) {
    for (const char *at = value; *at != '\0'; at++) {
        const char *name_end = at + 1;
        while (is_name_character(*name_end)) {
            name_end++;
        }
        if (strchr("&?#/;", *at) != NULL || (*at == '_' && name_end > at + 1 && *name_end == '=')) {
            return at;
        }
    }
    return value + strlen(value);
}

static enum err add_parameters(struct secrets *secrets, const char *path) {
    enum err error = ERR_OK;
    const char *at = path;
    const char *equals;
    while (error == ERR_OK && (equals = strchr(at, '=')) != NULL) {
        const char *name = equals;
        while (name > at && (is_name_character(name[-1]) || name[-1] == '_')) {
            name--;
        }
        const char *end = find_value_end(equals + 1);
        if (is_secret_name(name, (size_t)(equals - name))) {
            error = add_both(secrets, equals + 1, (size_t)(end - equals - 1));
        }
        at = end;
    }
    return error;
}

enum err address_add_secrets(const char *address, struct secrets *secrets) {
    const char *login, *host;
    if (!address_split_login(address, &login, &host)) {
        return ERR_OK;
    }
    enum err error = host > login ? add_login(secrets, login, (size_t)(host - login - 1)) : ERR_OK;
    return error == ERR_OK ? add_parameters(secrets, host) : error;
}
