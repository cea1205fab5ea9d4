#include "web/access/request_policy.h"

#include "broker/base/refcount.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFLIGHT_MAX_AGE "600" /* seconds */

struct request_policy {
    struct request_policy_settings settings;
    struct refcount references;
};

/* ---- Settings ---- */

enum err request_policy_create(struct request_policy **out) {
    struct request_policy *policy = calloc(1, sizeof *policy);
    if (policy == NULL) {
        return ERR_MEMORY;
    }
    refcount_init(&policy->references, 1);
    *out = policy;
    return ERR_OK;
}

struct request_policy_settings *request_policy_edit(struct request_policy *policy) {
    return &policy->settings;
}

const struct request_policy_settings *request_policy_settings(const struct request_policy *policy) {
    static const struct request_policy_settings none = {.base_path = ""};
    return policy != NULL ? &policy->settings : &none;
}

struct request_policy *request_policy_ref(struct request_policy *policy) {
    if (policy != NULL) {
        refcount_take(&policy->references);
    }
    return policy;
}

void request_policy_unref(struct request_policy **policy_pointer) {
    struct request_policy *policy = *policy_pointer;
    *policy_pointer = NULL;
    if (policy != NULL && refcount_drop(&policy->references)) {
        free(policy);
    }
}

enum err request_policy_add_trusted_proxy(struct request_policy_settings *policy, const char *range) {
    if (policy->trusted_proxy_count == TRUSTED_PROXIES_MAX) {
        return ERR_BUSY;
    }
    enum err error = address_range_parse(range, &policy->trusted_proxies[policy->trusted_proxy_count]);
    policy->trusted_proxy_count += error == ERR_OK;
    return error;
}

static struct string_view first_part(const char *path) {
    struct string_view rest = {path + 1, strlen(path + 1)};
    return string_view_take(&rest, '/');
}

static bool is_part_of_a_path(struct string_view part) {
    return part.count > 0 && !string_view_is(part, ".") && !string_view_is(part, "..") &&
           string_view_is_unreserved(part);
}

enum err request_policy_set_base_path(struct request_policy_settings *policy, const char *path,
                                      const struct route_table *routes) {
    size_t count = strlen(path);
    if (count == 0 || strcmp(path, "/") == 0) {
        policy->base_path[0] = '\0';
        return ERR_OK;
    }
    count -= path[count - 1] == '/';
    if (count > BASE_PATH_MAX_BYTES || path[0] != '/' || path[count - 1] == '/') {
        return ERR_INVALID;
    }
    struct string_view rest = {path + 1, count - 1};
    while (rest.count > 0) {
        if (!is_part_of_a_path(string_view_take(&rest, '/'))) {
            return ERR_INVALID;
        }
    }
    for (size_t i = 0; i < routes->count; i++) {
        struct string_view part = first_part(routes->rows[i]->pattern);
        struct string_view own = first_part(path);
        if (part.count == own.count && memcmp(part.bytes, own.bytes, own.count) == 0) {
            return ERR_INVALID;
        }
    }
    snprintf(policy->base_path, sizeof policy->base_path, "%.*s", (int)count, path);
    return ERR_OK;
}

/* ---- What a request says of itself ---- */

static struct trusted_proxies proxies_of(const struct request_policy_settings *policy) {
    return (struct trusted_proxies){policy->trusted_proxies, policy->trusted_proxy_count};
}

/* The last value, which the nearest proxy has added. NULL bytes: no header, or no trusted proxy. */
static struct string_view forwarded(const struct http_request *request, const char *name) {
    size_t index = HTTP_HEADERS_ALL;
    const char *value = request->is_forwarded ? http_header_before(request, name, &index) : NULL;
    struct string_view last = {NULL, 0}, rest = value != NULL ? string_view_of(value) : last;
    while (rest.count > 0) {
        last = string_view_trim(string_view_take(&rest, ','));
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
        goes_on = client_address_trace(proxies, string_view_of(value), request->client);
    }
    if (strcmp(peer, request->client) != 0) {
        memcpy(request->remote, request->client, sizeof request->client); /* its port is unknown */
    }
}

static void strip_base_path(const char *base_path, struct http_request *request) {
    size_t count = strlen(base_path);
    if (count > 0 && strncmp(request->path, base_path, count) == 0 &&
        (request->path[count] == '/' || request->path[count] == '\0')) {
        request->path = request->path[count] == '\0' ? "/" : request->path + count;
    }
}

void request_policy_describe(struct http_request *request) {
    const struct request_policy_settings *policy = request_policy_settings(request->policy);
    const struct trusted_proxies proxies = proxies_of(policy);
    find_client(&proxies, request);
    request->is_https = string_view_is(forwarded(request, "X-Forwarded-Proto"), "https");
    strip_base_path(policy->base_path, request);
    origin_write_headers(&policy->origin, http_header(request, "Origin"), request->request_policy_headers);
}

/* ---- Whether it is served ---- */

static bool refuse_host(const struct http_request *request) {
    http_reply_error(request, 400, NULL, "bad_host", "the request has no Host header, or a malformed one");
    return false;
}

/* False after refusing. */
static bool check_host(const struct request_policy_settings *policy, const struct http_request *request,
                       const struct authority *host) {
    if (origin_is_own_host(&policy->origin, host)) {
        return true;
    }
    http_reply_error(request, 403, NULL, "host_not_allowed",
                     "\"%.100s\" is not one of this server's host names: add it to \"hosts\" in \"server\" of the "
                     "configuration, or use the server's address",
                     host->host);
    return false;
}

/* Programs may leave out the host; browsers never do. */
static bool read_host(const struct http_request *request, struct authority *host, bool *is_given) {
    size_t index = HTTP_HEADERS_ALL;
    const char *value = http_header_before(request, "Host", &index);
    bool is_doubled = value != NULL && http_header_before(request, "Host", &index) != NULL;
    struct string_view text = forwarded(request, "X-Forwarded-Host");
    if (text.bytes == NULL && value != NULL) {
        text = string_view_of(value);
    }
    *is_given = text.bytes != NULL;
    return !is_doubled && (!*is_given || authority_parse(text, host) == ERR_OK);
}

/* "GET http://host/path HTTP/1.1" names a host as well. */
static bool names_host(const struct http_request *request) {
    return request->target[0] != '\0' && request->target[0] != '/' && request->target[0] != '*';
}

static bool check_origin(const struct request_policy_settings *policy, const struct http_request *request,
                         const struct authority *host) {
    if (strcmp(request->method, "GET") == 0 || http_is_head(request) || strcmp(request->method, "OPTIONS") == 0) {
        return true;
    }
    const char *origin = http_header(request, "Origin");
    if (origin == NULL || origin_may_change(&policy->origin, origin, host)) {
        return true;
    }
    http_reply_error(request, 403, NULL, "origin_not_allowed",
                     "a page of another site may change something only if its origin is listed in \"cors_origins\" in "
                     "\"server\" of the configuration");
    return false;
}

bool request_policy_admit(const struct http_request *request) {
    const struct request_policy_settings *policy = request_policy_settings(request->policy);
    struct authority host = {.host = ""}, named;
    bool is_given;
    if (!read_host(request, &host, &is_given)) {
        return refuse_host(request);
    }
    if (names_host(request)) {
        if (authority_parse_origin(string_view_of(request->target), &named) != ERR_OK) {
            return refuse_host(request);
        }
        if (!check_host(policy, request, &named)) {
            return false;
        }
    }
    return (!is_given || check_host(policy, request, &host)) && check_origin(policy, request, &host);
}

bool request_policy_is_preflight(const struct http_request *request) {
    const struct request_policy_settings *policy = request_policy_settings(request->policy);
    const char *origin = http_header(request, "Origin");
    return strcmp(request->method, "OPTIONS") == 0 && origin != NULL &&
           http_header(request, "Access-Control-Request-Method") != NULL &&
           (policy->origin.any_origin || origin_is_listed(&policy->origin, origin));
}

void request_policy_reply_preflight(const struct http_request *request, const char *methods) {
    char headers[256];
    snprintf(headers, sizeof headers,
             "Access-Control-Allow-Methods: %s\r\n"
             "Access-Control-Allow-Headers: Authorization, Content-Type, If-None-Match\r\n"
             "Access-Control-Max-Age: " PREFLIGHT_MAX_AGE "\r\n",
             request_policy_settings(request->policy)->origin.any_origin ? "GET, HEAD" : methods);
    http_reply(request, &(struct http_reply){.status = 204, .headers = headers});
}
