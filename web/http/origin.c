#include "web/http/origin.h"

#include <stdio.h>
#include <string.h>

/* What a page may see of an answer beyond the plainest headers. */
#define EXPOSED "X-Timestamp, X-Sequence, X-Camera-Id, X-Camera-State, ETag, Retry-After"

static bool is_https(const char *origin) { return strncmp(origin, "https:", sizeof "https:" - 1) == 0; }

static uint16_t default_port(const char *origin) { return is_https(origin) ? 443 : 80; }

enum err origin_add_host(struct origin_settings *settings, const char *host) {
    struct authority authority;
    if (authority_parse(string_view_of(host), &authority) != ERR_OK || authority.kind != AUTHORITY_NAME) {
        return ERR_INVALID;
    }
    if (settings->host_count == ORIGIN_HOSTS_MAX) {
        return ERR_BUSY;
    }
    settings->hosts[settings->host_count++] = authority;
    return ERR_OK;
}

enum err origin_add(struct origin_settings *settings, const char *origin) {
    if (strcmp(origin, "*") == 0) {
        settings->any_origin = true;
        return settings->origin_count == 0 ? ERR_OK : ERR_INVALID;
    }
    struct authority authority;
    if (settings->any_origin || authority_parse_origin(string_view_of(origin), &authority) != ERR_OK) {
        return ERR_INVALID;
    }
    if (settings->origin_count == ORIGINS_MAX) {
        return ERR_BUSY;
    }
    char port[8] = "";
    if (authority.port != default_port(origin)) {
        snprintf(port, sizeof port, ":%u", authority.port);
    }
    bool in_brackets = authority.kind == AUTHORITY_IPV6;
    int length = snprintf(settings->origins[settings->origin_count], sizeof settings->origins[0], "%s://%s%s%s%s",
                          is_https(origin) ? "https" : "http", in_brackets ? "[" : "", authority.host,
                          in_brackets ? "]" : "", port);
    (void)length; /* it fits: the host of a URL is shorter */
    settings->origin_count++;
    return ERR_OK;
}

static bool ends_with(const char *text, const char *end) {
    size_t text_count = strlen(text), end_count = strlen(end);
    return text_count > end_count && strcmp(text + text_count - end_count, end) == 0;
}

bool origin_is_own_host(const struct origin_settings *settings, const struct authority *host) {
    if (host->kind != AUTHORITY_NAME || strcmp(host->host, "localhost") == 0 || ends_with(host->host, ".localhost")) {
        return true;
    }
    for (size_t i = 0; i < settings->host_count; i++) {
        const struct authority *own = &settings->hosts[i];
        if (strcmp(own->host, host->host) == 0 && (own->port == 0 || own->port == host->port)) {
            return true;
        }
    }
    return false;
}

bool origin_is_listed(const struct origin_settings *settings, const char *origin) {
    for (size_t i = 0; i < settings->origin_count; i++) {
        if (strcmp(settings->origins[i], origin) == 0) {
            return true;
        }
    }
    return false;
}

/* What is addressed without a port has that of the page's scheme: whether a proxy speaks TLS for us we need not know.
 */
static bool is_own_origin(const char *origin, const struct authority *own) {
    struct authority page;
    if (authority_parse_origin(string_view_of(origin), &page) != ERR_OK || strcmp(page.host, own->host) != 0) {
        return false;
    }
    return page.port == (own->port != 0 ? own->port : default_port(origin));
}

bool origin_may_change(const struct origin_settings *settings, const char *origin, const struct authority *own) {
    return is_own_origin(origin, own) || origin_is_listed(settings, origin);
}

void origin_write_headers(const struct origin_settings *settings, const char *origin,
                          char headers[ORIGIN_HEADERS_MAX_BYTES]) {
    /* What an <img> of another site may show cannot be bound to origins: it sends none. */
    bool is_open = settings->any_origin || settings->origin_count > 0;
    size_t used =
        (size_t)snprintf(headers, ORIGIN_HEADERS_MAX_BYTES, "Cross-Origin-Resource-Policy: %s\r\n%s",
                         is_open ? "cross-origin" : "same-site", settings->origin_count > 0 ? "Vary: Origin\r\n" : "");
    bool is_listed = origin != NULL && origin_is_listed(settings, origin);
    if (is_listed || (origin != NULL && settings->any_origin)) {
        snprintf(headers + used, ORIGIN_HEADERS_MAX_BYTES - used,
                 "Access-Control-Allow-Origin: %s\r\n%sAccess-Control-Expose-Headers: " EXPOSED "\r\n",
                 is_listed ? origin : "*", is_listed ? "Access-Control-Allow-Credentials: true\r\n" : "");
    }
}
