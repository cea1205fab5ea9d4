#define _DEFAULT_SOURCE /* strncasecmp */
#include "cameras/url/address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define END_OF_AUTHORITY "/?#"
/* Where an address within other text ends. */
#define END_OF_ADDRESS " \t\r\n\"'<>"

/* Longer than a host name and a port may be; what exceeds it is cut. */
#define ADDRESS_ORIGIN_BYTES (ADDRESS_HOST_BYTES + 32)

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

bool address_split_login(const char *address, const char **login, const char **host) {
    *login = find_authority(address);
    if (*login == NULL) {
        return false;
    }
    *host = find_host(*login, *login + strcspn(*login, END_OF_AUTHORITY));
    return true;
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

/* scheme, host and port, in lower case and without a default port. */
static void write_origin(const char *address, char origin[ADDRESS_ORIGIN_BYTES]) {
    static const struct {
        const char *scheme, *port;
    } defaults[] = {{"http", ":80"}, {"https", ":443"}, {"rtsp", ":554"}, {"rtsps", ":322"}, {"rtmp", ":1935"}};
    const char *authority = find_authority(address);
    const char *host = find_host(authority, authority + strcspn(authority, END_OF_AUTHORITY));
    int length = (int)strcspn(host, END_OF_AUTHORITY);
    for (size_t i = 0; i < sizeof defaults / sizeof defaults[0]; i++) {
        const int port_length = (int)strlen(defaults[i].port);
        if (address_has_scheme(address, defaults[i].scheme) && length > port_length &&
            strncmp(host + length - port_length, defaults[i].port, (size_t)port_length) == 0) {
            length -= port_length;
        }
    }
    snprintf(origin, ADDRESS_ORIGIN_BYTES, "%.*s%.*s", (int)(authority - address), address, length, host);
}

bool address_same_origin(const char *a, const char *b) {
    char first[ADDRESS_ORIGIN_BYTES], second[ADDRESS_ORIGIN_BYTES];
    if (address_is_path(a) || address_is_path(b)) {
        return false;
    }
    write_origin(a, first);
    write_origin(b, second);
    return strcasecmp(first, second) == 0;
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

bool address_has_login(const char *address) {
    const char *authority = find_authority(address);
    return authority != NULL && find_host(authority, authority + strcspn(authority, END_OF_AUTHORITY)) != authority;
}

/* Whether a query only says which stream, and how: anything else may be a login. */
static bool is_harmless_query(const char *query) {
    static const char *const names[] = {
        "action",  "camera",      "cam",           "channel", "chn",   "ch",      "stream", "subtype", "profile",
        "codec",   "videocodec",  "resolution",    "res",     "size",  "width",   "height", "fps",     "rate",
        "quality", "compression", "transportmode", "unicast", "proto", "variant", "video",
    };
    while (*query != '\0' && *query != '#') {
        const size_t length = strcspn(query, "&;#"), name_length = strcspn(query, "=&;#");
        bool harmless = strspn(query, "0123456789") >= name_length; /* against caches: "?123" */
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            harmless |= strlen(names[i]) == name_length && strncasecmp(query, names[i], name_length) == 0;
        }
        if (!harmless) {
            return false;
        }
        query += length + (query[length] == '&' || query[length] == ';');
    }
    return true;
}

/* How much of an address, from its host on, holds no secret: recorders take the login as a path, such as
 * /user=admin&password=...&channel=1. */
static size_t count_public_bytes(const char *host) {
    size_t count = strcspn(host, "?#");
    const char *equals = memchr(host, '=', count);
    for (; equals != NULL && equals > host; equals--) {
        if (equals[-1] == '/') {
            return (size_t)(equals - host);
        }
    }
    return count;
}

enum err address_share(const char *address, char **out, const char **variable) {
    const char *authority = find_authority(address);
    *variable = NULL;
    if (authority == NULL) {
        *out = strdup(address);
        return *out != NULL ? ERR_OK : ERR_MEMORY;
    }
    const char *host = find_host(authority, authority + strcspn(authority, END_OF_AUTHORITY));
    size_t kept = count_public_bytes(host);
    if (host[kept] == '?' && is_harmless_query(host + kept + 1)) {
        kept = strcspn(host, "#");
    } else if (host[kept] == '?') {
        kept++;
        *variable = "CAM_QUERY";
    } else if (host[kept] != '\0' && host[kept] != '#') {
        *variable = "CAM_PATH";
    }
    const size_t scheme = (size_t)(authority - address), capacity = scheme + kept + sizeof "${CAM_QUERY}";
    *out = malloc(capacity);
    if (*out == NULL) {
        return ERR_MEMORY;
    }
    snprintf(*out, capacity, "%.*s%.*s%s%s%s", (int)scheme, address, (int)kept, host, *variable != NULL ? "${" : "",
             *variable != NULL ? *variable : "", *variable != NULL ? "}" : "");
    return ERR_OK;
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

enum err address_move_login(const char *from, const char *address, char **out) {
    const char *from_authority = find_authority(from), *authority = find_authority(address);
    const char *from_host = find_host(from_authority, from_authority + strcspn(from_authority, END_OF_AUTHORITY));
    const char *host = find_host(authority, authority + strcspn(authority, END_OF_AUTHORITY));
    const size_t login = (size_t)(from_host - from_authority), before = (size_t)(authority - address);
    char *result = malloc(before + login + strlen(host) + 1);
    if (result == NULL) {
        return ERR_MEMORY;
    }
    memcpy(result, address, before);
    memcpy(result + before, from_authority, login);
    memcpy(result + before + login, host, strlen(host) + 1);
    *out = result;
    return ERR_OK;
}
