/* What stands between the network and the handlers: whose request it is, by which name and from which page it comes,
 * and below which path.
 *
 * Lifecycle: an edge is created, filled in by its creator alone, and never changes once it is shared; a new
 * configuration brings a new one. It is counted, and a request keeps the one that it came in by. NULL stands for one
 * without settings.
 * Threads: any; a request, its own. */
#ifndef WEB_EDGE_H
#define WEB_EDGE_H

#include "web/client_address.h"
#include "web/http.h"
#include "web/origin.h"

#define TRUSTED_PROXIES_MAX 32
#define BASE_PATH_MAX_BYTES 64

/* Plain data. Zeroed: as it is without any proxy. */
struct edge_settings {
    struct origin_settings origin;
    struct address_range trusted_proxies[TRUSTED_PROXIES_MAX];
    size_t trusted_proxy_count;
    char base_path[BASE_PATH_MAX_BYTES + 1]; /* "/cams": what the pages' links begin with; "" */
};

struct edge;

/* ERR_MEMORY. */
CHECKED enum err edge_create(struct edge **edge);
/* Until it is shared. */
struct edge_settings *edge_edit(struct edge *edge);
const struct edge_settings *edge_settings(const struct edge *edge);
struct edge *edge_ref(struct edge *edge);
void edge_unref(struct edge **edge);

/* ERR_INVALID: the text is none; ERR_BUSY: there are too many. */
CHECKED enum err edge_add_trusted_proxy(struct edge_settings *edge, const char *range);
/* A slash at its end is dropped. ERR_INVALID: it is no path of [A-Za-z0-9._~-], is too long, or begins as a route does.
 */
CHECKED enum err edge_set_base_path(struct edge_settings *edge, const char *path);

/* Fills in what its edge knows of a request. Its path loses the base path, which a proxy may also have taken away. */
void edge_describe(struct http_request *request);
/* False after refusing a request that a foreign page has made, or may have made. */
CHECKED bool edge_admit(const struct http_request *request);
/* Whether a browser asks if a page of a listed origin may send a request (a preflight: Fetch, section 4.8). */
bool edge_is_preflight(const struct http_request *request);
/* Answers it. methods as in Allow; whoever is only let in by "*" may read. */
void edge_reply_preflight(const struct http_request *request, const char *methods);

#endif
