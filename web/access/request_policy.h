/* The policy by which requests are accepted: the trusted proxies, the host names and origins, and the base path.
 *
 * Lifecycle: a policy is created, filled in by its creator alone, and never changes once it is shared; a new
 * configuration brings a new one. It is counted, and a request keeps the one that it was accepted by. NULL stands for
 * one without settings.
 * Threads: any; a request, its own. */
#ifndef WEB_ACCESS_REQUEST_POLICY_H
#define WEB_ACCESS_REQUEST_POLICY_H

#include "web/http/client_address.h"
#include "web/http/http.h"
#include "web/http/origin.h"
#include "web/http/route.h"

#define TRUSTED_PROXIES_MAX 32
#define BASE_PATH_MAX_BYTES 64

/* Plain data. Zeroed: as it is without any proxy. */
struct request_policy_settings {
    struct origin_settings origin;
    struct address_range trusted_proxies[TRUSTED_PROXIES_MAX];
    size_t trusted_proxy_count;
    char base_path[BASE_PATH_MAX_BYTES + 1]; /* "/cams": what the pages' links begin with; "" */
};

struct request_policy;

/* ERR_MEMORY. */
CHECKED enum err request_policy_create(struct request_policy **policy);
/* Until it is shared. */
struct request_policy_settings *request_policy_edit(struct request_policy *policy);
const struct request_policy_settings *request_policy_settings(const struct request_policy *policy);
struct request_policy *request_policy_ref(struct request_policy *policy);
void request_policy_unref(struct request_policy **policy);

/* ERR_INVALID: the text is none; ERR_BUSY: there are too many. */
CHECKED enum err request_policy_add_trusted_proxy(struct request_policy_settings *policy, const char *range);
/* A slash at its end is dropped. ERR_INVALID: it is no path of [A-Za-z0-9._~-], is too long, or begins as a route does.
 */
CHECKED enum err request_policy_set_base_path(struct request_policy_settings *policy, const char *path,
                                              const struct route_table *routes);

/* Fills in the client, the scheme and the CORS headers of a request, and removes the base path from its path, unless a
 * proxy has done so. */
void request_policy_describe(struct http_request *request);
/* False after refusing a request that a foreign page has made, or may have made. */
CHECKED bool request_policy_admit(const struct http_request *request);
/* Whether a browser asks if a page of a listed origin may send a request (a preflight: Fetch, section 4.8). */
bool request_policy_is_preflight(const struct http_request *request);
/* Replies to it. methods as in Allow; origins that only "*" admits may read. */
void request_policy_reply_preflight(const struct http_request *request, const char *methods);

#endif
