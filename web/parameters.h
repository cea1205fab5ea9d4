/* The query of a request. Pure, as the router is.
 * fps belongs to video feeds and /feed, max_age_ms to snapshots, width, quality and variant to all three, cameras to
 * /feed and /api/events, brief to /api/cameras and action to /. Others are ignored, as on every web server (caches and
 * players add their own).
 * Threads: any. */
#ifndef WEB_PARAMETERS_H
#define WEB_PARAMETERS_H

#include "web/router.h"

/* Puts what the query says to the route's target into the route; action changes the target. A value that a parameter
 * cannot take is an error that says what it takes, and so is one given twice: ERR_INVALID with *error, and the route
 * is then not to be used. */
CHECKED enum err parameters_parse(const char *query_text, struct route *route, struct route_error *error);

/* Takes the next name off the front of the list: an id or a place, as route.name. A name that no camera can have is
 * made fit to be printed anywhere, and still none that a camera can have. False at the end. */
CHECKED bool parameters_next_camera(struct route_cameras *cameras, char name[ROUTE_NAME_MAX_BYTES + 1]);

#endif
