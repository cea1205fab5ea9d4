#include "web/edge.h"

#include "web/router.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFLIGHT_MAX_AGE "600" /* seconds */

struct edge {
    struct edge_settings settings;
    atomic_uint references;
};

/* ---- Settings ---- */

enum err edge_create(struct edge **out) {
    struct edge *edge = calloc(1, sizeof *edge);
    if (edge == NULL) {
        return ERR_MEMORY;
    }
    atomic_init(&edge->references, 1);
    *out = edge;
    return ERR_OK;
}

struct edge_settings *edge_edit(struct edge *edge) {
    return &edge->settings;
}

const struct edge_settings *edge_settings(const struct edge *edge) {
    static const struct edge_settings none = {.base_path = ""};
    return edge != NULL ? &edge->settings : &none;
}

struct edge *edge_ref(struct edge *edge) {
    if (edge != NULL) {
        atomic_fetch_add_explicit(&edge->references, 1, memory_order_relaxed);
    }
    return edge;
}

/* The last one to let go sees all that the others did before they let go. */
void edge_unref(struct edge **edge_pointer) {
    struct edge *edge = *edge_pointer;
    *edge_pointer = NULL;
    if (edge != NULL && atomic_fetch_sub_explicit(&edge->references, 1, memory_order_acq_rel) == 1) {
        free(edge);
    }
}

enum err edge_add_trusted_proxy(struct edge_settings *edge, const char *range) {
    if (edge->trusted_proxy_count == TRUSTED_PROXIES_MAX) {
        return ERR_BUSY;
    }
    enum err error = address_range_parse(range, &edge->trusted_proxies[edge->trusted_proxy_count]);
    edge->trusted_proxy_count += error == ERR_OK;
    return error;
}

static struct piece first_part(const char *path) {
    struct piece rest = {path + 1, strlen(path + 1)};
    return piece_take(&rest, '/');
}

static bool is_part_of_a_path(struct piece part) {
    return part.count > 0 && !piece_is(part, ".") && !piece_is(part, "..") && piece_is_unreserved(part);
}

enum err edge_set_base_path(struct edge_settings *edge, const char *path) {
    size_t count = strlen(path);
    if (count == 0 || strcmp(path, "/") == 0) {
        edge->base_path[0] = '\0';
        return ERR_OK;
    }
    count -= path[count - 1] == '/';
    if (count > BASE_PATH_MAX_BYTES || path[0] != '/' || path[count - 1] == '/') {
        return ERR_INVALID;
    }
    struct piece rest = {path + 1, count - 1};
    while (rest.count > 0) {
        if (!is_part_of_a_path(piece_take(&rest, '/'))) {
            return ERR_INVALID;
        }
    }
    for (size_t i = 0; i < route_path_count; i++) {
        struct piece part = first_part(route_paths[i].pattern);
        struct piece own = first_part(path);
        if (part.count == own.count && memcmp(part.bytes, own.bytes, own.count) == 0) {
            return ERR_INVALID;
        }
    }
    snprintf(edge->base_path, sizeof edge->base_path, "%.*s", (int)count, path);
    return ERR_OK;
}

/* ---- What a request says of itself ---- */

static struct trusted_proxies proxies_of(const struct edge_settings *edge) {
    return (struct trusted_proxies){edge->trusted_proxies, edge->trusted_proxy_count};
}

/* What the nearest proxy says, which has added itself at the end. NULL bytes: nothing, or nobody that we trust. */
static struct piece forwarded(const struct http_request *request, const char *name) {
    size_t index = HTTP_HEADERS_ALL;
    const char *value = request->is_forwarded ? http_header_before(request, name, &index) : NULL;
    struct piece last = {NULL, 0}, rest = value != NULL ? piece_of(value) : last;
    while (rest.count > 0) {
        last = piece_trim(piece_take(&rest, ','));
    }
    return last;
}

static void find_client(const struct trusted_proxies *proxies, struct http_request *request) {
    request->is_forwarded = client_address_is_trusted(proxies, request->client);
    if (!request->is_forwarded) {
        return;
    }
    char peer[sizeof request->client];
    memcpy(peer, request->client, sizeof peer);
    size_t index = HTTP_HEADERS_ALL;
    const char *value;
    bool goes_on = true;
    while (goes_on && (value = http_header_before(request, "X-Forwarded-For", &index)) != NULL) {
        goes_on = client_address_trace(proxies, piece_of(value), request->client);
    }
    if (strcmp(peer, request->client) != 0) {
        memcpy(request->remote, request->client, sizeof request->client); /* its port nobody tells */
    }
}

static void strip_base_path(const char *base_path, struct http_request *request) {
    size_t count = strlen(base_path);
    if (count > 0 && strncmp(request->path, base_path, count) == 0 &&
        (request->path[count] == '/' || request->path[count] == '\0')) {
        request->path = request->path[count] == '\0' ? "/" : request->path + count;
    }
}

void edge_describe(struct http_request *request) {
    const struct edge_settings *edge = edge_settings(request->edge);
    const struct trusted_proxies proxies = proxies_of(edge);
    find_client(&proxies, request);
    request->is_https = piece_is(forwarded(request, "X-Forwarded-Proto"), "https");
    strip_base_path(edge->base_path, request);
    origin_write_headers(&edge->origin, http_header(request, "Origin"), request->edge_headers);
}

/* ---- Whether it is served ---- */

static bool refuse_host(const struct http_request *request) {
    http_reply_error(request, 400, NULL, "bad_host", "the request does not say well to which host it goes");
    return false;
}

/* False after refusing. */
static bool check_host(const struct edge_settings *edge, const struct http_request *request,
                       const struct authority *host) {
    if (origin_is_own_host(&edge->origin, host)) {
        return true;
    }
    http_reply_error(request, 403, NULL, "host_not_allowed",
                     "this server does not know itself as \"%.100s\": add that to \"hosts\" in \"server\" of its "
                     "configuration, or use its address",
                     host->host);
    return false;
}

/* Programs may leave out the host; browsers never do. */
static bool read_host(const struct http_request *request, struct authority *host, bool *is_given) {
    size_t index = HTTP_HEADERS_ALL;
    const char *value = http_header_before(request, "Host", &index);
    bool is_doubled = value != NULL && http_header_before(request, "Host", &index) != NULL;
    struct piece text = forwarded(request, "X-Forwarded-Host");
    if (text.bytes == NULL && value != NULL) {
        text = piece_of(value);
    }
    *is_given = text.bytes != NULL;
    return !is_doubled && (!*is_given || authority_parse(text, host) == ERR_OK);
}

/* "GET http://host/path HTTP/1.1" names a host as well. */
static bool names_host(const struct http_request *request) {
    return request->target[0] != '\0' && request->target[0] != '/' && request->target[0] != '*';
}

static bool check_origin(const struct edge_settings *edge, const struct http_request *request,
                         const struct authority *host) {
    if (strcmp(request->method, "GET") == 0 || http_is_head(request) || strcmp(request->method, "OPTIONS") == 0) {
        return true;
    }
    const char *origin = http_header(request, "Origin");
    if (origin == NULL || origin_may_change(&edge->origin, origin, host)) {
        return true;
    }
    http_reply_error(request, 403, NULL, "origin_not_allowed",
                     "pages of other sites change nothing here, unless \"cors_origins\" in \"server\" of the "
                     "configuration lists their origin");
    return false;
}

bool edge_admit(const struct http_request *request) {
    const struct edge_settings *edge = edge_settings(request->edge);
    struct authority host = {.host = ""}, named;
    bool is_given;
    if (!read_host(request, &host, &is_given)) {
        return refuse_host(request);
    }
    if (names_host(request)) {
        if (authority_parse_origin(piece_of(request->target), &named) != ERR_OK) {
            return refuse_host(request);
        }
        if (!check_host(edge, request, &named)) {
            return false;
        }
    }
    return (!is_given || check_host(edge, request, &host)) && check_origin(edge, request, &host);
}

bool edge_is_preflight(const struct http_request *request) {
    const struct edge_settings *edge = edge_settings(request->edge);
    const char *origin = http_header(request, "Origin");
    return strcmp(request->method, "OPTIONS") == 0 && origin != NULL &&
           http_header(request, "Access-Control-Request-Method") != NULL &&
           (edge->origin.any_origin || origin_is_listed(&edge->origin, origin));
}

void edge_reply_preflight(const struct http_request *request, const char *methods) {
    char headers[256];
    snprintf(headers, sizeof headers,
             "Access-Control-Allow-Methods: %s\r\n"
             "Access-Control-Allow-Headers: Authorization, Content-Type, If-None-Match\r\n"
             "Access-Control-Max-Age: " PREFLIGHT_MAX_AGE "\r\n",
             edge_settings(request->edge)->origin.any_origin ? "GET, HEAD" : methods);
    http_reply(request, &(struct http_reply){.status = 204, .headers = headers});
}
