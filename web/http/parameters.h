/* The query of a request. Pure, as the router is.
 * A row's parameters are checked; others are ignored, as on every web server (caches and players add their own).
 * Threads: any. */
#ifndef WEB_HTTP_PARAMETERS_H
#define WEB_HTTP_PARAMETERS_H

#include "web/http/route.h"

/* Puts what the query says into the route; action changes its row to another one of the table. A value that a parameter
 * cannot take is an error that says what it takes, and so is one given twice: ERR_INVALID with *error, and the route
 * is then not to be used. */
CHECKED enum err parameters_parse(const struct route_table *table, const char *query_text, struct route *route,
                                  struct route_error *error);

/* The name in the query. Static. */
const char *parameters_name(enum route_parameter parameter);

/* Takes the next name off the front of the list: an id or a place, as route.name. A name that no camera can have is
 * made printable, and still none that a camera can have. False at the end. */
CHECKED bool parameters_next_camera(struct route_cameras *cameras, char name[ROUTE_NAME_MAX_BYTES + 1]);

#endif
