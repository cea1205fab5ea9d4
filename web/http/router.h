/* Finds the row of the table that a request is for. Pure: no input or output, no state, so that it can be tested and
 * fuzzed.
 * Threads: any. */
#ifndef WEB_HTTP_ROUTER_H
#define WEB_HTTP_ROUTER_H

#include "web/http/route.h"

/* method, path and query as civetweb gives them: path already decoded, so it may hold anything, and NULL where the
 * request names none (`*`); query raw, or NULL. A path may end in a slash. ERR_INVALID with *error; *route is then
 * unchanged. */
CHECKED enum err router_parse(const struct route_table *table, const char *method, const char *path, const char *query,
                              struct route *route, struct route_error *error);

/* Whether each row is complete, and no two have the same pattern and method. ERR_INVALID with a reason: such a table is
 * never served. */
CHECKED enum err router_check_table(const struct route_table *table, struct reason *reason);

/* Writes a set of enum route_method as "GET, HEAD". */
void router_write_methods(unsigned methods, char *text, size_t capacity);

#endif
