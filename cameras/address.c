#define _DEFAULT_SOURCE /* strncasecmp */
#include "cameras/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define END_OF_AUTHORITY "/?#"
/* Where an address within other text ends. */
#define END_OF_ADDRESS " \t\r\n\"'<>"

static const char *const allowed_schemes[] = {"rtsp", "rtsps", "http", "https", "rtmp", "rtmps", "rtp", "udp", "srt"};

/* Behind "scheme://"; NULL if there is none. */
static const char *find_authority(const char *address) {
    const char *separator = strstr(address, "://");
    return separator != NULL ? separator + 3 : NULL;
}

/* Behind the last '@' of the authority. */
static const char *find_host(const char *authority, const char *end) {
    const char *host = authority;
    for (const char *at = authority; at < end; at++) {
        if (*at == '@') {
            host = at + 1;
        }
    }
    return host;
}

bool address_has_scheme(const char *address, const char *scheme) {
    size_t length = strlen(scheme);
    return strncasecmp(address, scheme, length) == 0 && strncmp(address + length, "://", 3) == 0;
}

bool address_is_path(const char *address) { return find_authority(address) == NULL; }

enum err address_check(const char *address, struct reason *reason) {
    const char *authority = find_authority(address);
    bool allowed = false;
    for (size_t i = 0; i < sizeof allowed_schemes / sizeof allowed_schemes[0]; i++) {
        allowed = allowed || address_has_scheme(address, allowed_schemes[i]);
    }
    if (authority == NULL || !allowed) {
        reason_set(reason, "must begin with rtsp, rtsps, http, https, rtmp, rtmps, rtp, udp or srt and \"://\", or be "
                           "the path of a file");
        return ERR_UNSUPPORTED;
    }
    const char *end = authority + strcspn(authority, END_OF_AUTHORITY);
    if (strchr(end, '@') != NULL) {
        reason_set(reason, "has an \"@\" behind the host, which must be written %%40; if it ends a password, put that "
                           "into \"password\"");
        return ERR_INVALID;
    }
    const char *host = find_host(authority, end);
    if (host == end || *host == ':') {
        reason_set(reason, "has no host");
        return ERR_INVALID;
    }
    return ERR_OK;
}

bool address_find_host(const char *address, char host[ADDRESS_HOST_BYTES]) {
    const char *authority = find_authority(address);
    if (authority == NULL) {
        return false;
    }
    const char *begin = find_host(authority, authority + strcspn(authority, END_OF_AUTHORITY));
    size_t length = *begin == '[' ? strcspn(begin, "]") + 1 : strcspn(begin, ":" END_OF_AUTHORITY);
    if (length >= ADDRESS_HOST_BYTES || length > strlen(begin)) {
        return false;
    }
    memcpy(host, begin, length);
    host[length] = '\0';
    return true;
}

void address_show(const char *address, char shown[ADDRESS_SHOWN_BYTES]) {
    const char *authority = find_authority(address);
    if (authority == NULL) {
        snprintf(shown, ADDRESS_SHOWN_BYTES, "%s", address);
        return;
    }
    const char *host = find_host(authority, authority + strcspn(authority, END_OF_AUTHORITY));
    snprintf(shown, ADDRESS_SHOWN_BYTES, "%.*s%.*s", (int)(authority - address), address, (int)strcspn(host, "?#"),
             host);
}

void address_hide_secrets(char *text) {
    char *to = text;
    const char *from = text;
    for (const char *authority; (authority = find_authority(from)) != NULL;) {
        size_t before = (size_t)(authority - from);
        memmove(to, from, before);
        to += before;
        const char *end = authority + strcspn(authority, END_OF_AUTHORITY END_OF_ADDRESS);
        const char *host = find_host(authority, end);
        size_t kept = strcspn(host, "?#" END_OF_ADDRESS);
        memmove(to, host, kept);
        to += kept;
        from = host + kept + strcspn(host + kept, END_OF_ADDRESS);
    }
    memmove(to, from, strlen(from) + 1);
}

/* RFC 3986, section 2.1: everything but the unreserved characters. */
static char *encode(char *to, const char *text) {
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (; *text != '\0'; text++) {
        if (strchr(unreserved, *text) != NULL) {
            *to++ = *text;
        } else {
            to += snprintf(to, 4, "%%%02X", (unsigned)(unsigned char)*text);
        }
    }
    return to;
}

enum err address_with_login(const char *address, const char *username, const char *password, char **out) {
    const char *authority = find_authority(address);
    const char *user = username != NULL ? username : "";
    const char *secret = password != NULL ? password : "";
    char *result = malloc(strlen(address) + 3 * (strlen(user) + strlen(secret)) + sizeof ":@");
    if (result == NULL) {
        return ERR_MEMORY;
    }
    if (authority == NULL || (username == NULL && password == NULL)) {
        memcpy(result, address, strlen(address) + 1);
    } else {
        size_t before = (size_t)(authority - address);
        memcpy(result, address, before);
        char *to = encode(result + before, user);
        *to++ = ':';
        to = encode(to, secret);
        *to++ = '@';
        const char *host = find_host(authority, authority + strcspn(authority, END_OF_AUTHORITY));
        memcpy(to, host, strlen(host) + 1);
    }
    *out = result;
    return ERR_OK;
}
