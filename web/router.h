/* Which handler a request is for. Pure: no input or output, nothing kept, so that it can be tested and fuzzed.
 * Threads: any. */
#ifndef WEB_ROUTER_H
#define WEB_ROUTER_H

#include "broker/converter.h"
#include "broker/topic.h"

#include <stdbool.h>
#include <stdint.h>

enum route_target {
    ROUTE_GALLERY,
    ROUTE_CAMERA_PAGE,
    ROUTE_STATUS_PAGE,
    ROUTE_VIDEO_FEED,
    ROUTE_SNAPSHOT,
    ROUTE_FEED,
    ROUTE_STATUS,
    ROUTE_CAMERAS,
    ROUTE_OPENAPI,
    ROUTE_EVENTS,
    ROUTE_CAMERA,
    ROUTE_CONTROLS,
    ROUTE_RELOAD,
    ROUTE_PUSH_FRAME,
    ROUTE_PUSH_STREAM,
    ROUTE_HEALTH,
    ROUTE_READY,
    ROUTE_METRICS,
    ROUTE_ASSET,
    ROUTE_LOGIN,
    ROUTE_LOGOUT,
    ROUTE_TOKENS,
};

enum route_method {
    METHOD_GET = 1 << 0,
    METHOD_HEAD = 1 << 1,
    METHOD_POST = 1 << 2,
    METHOD_PUT = 1 << 3,
};

/* An address that is served. */
struct route_path {
    const char *pattern; /* one part of it can be "{camera}", a camera's id or place, or "{file}", an asset's name */
    enum route_target target;
    unsigned methods; /* a set of enum route_method */
};
extern const struct route_path route_paths[];
extern const size_t route_path_count;

#define ROUTE_NAME_MAX_BYTES 64
#define ROUTE_FPS_MIN 0.001
#define ROUTE_FPS_MAX 1000.0
#define ROUTE_MAX_AGE_MAX_MS 3600000
#define ROUTE_CAMERAS_MAX 1000

/* A list of cameras as the query writes it, borrowed from there. */
struct route_cameras {
    const char *text;
    size_t count;
};

struct route {
    enum route_target target;
    enum route_method method;
    /* Camera: an id or a place from 1, as the request wrote it; "": the one at `place`. Asset: the file's name. Only
     * the characters [A-Za-z0-9._-], so it can be printed anywhere. */
    char name[ROUTE_NAME_MAX_BYTES + 1];
    size_t place;       /* of a camera, from 0 */
    double fps;         /* 0: not asked for; else ROUTE_FPS_MIN, to which lower rates are raised, to ROUTE_FPS_MAX */
    int64_t max_age_ms; /* -1: not asked for; else 0 to ROUTE_MAX_AGE_MAX_MS */
    struct variant_wish wish;                 /* without fps */
    char variant[VARIANT_NAME_MAX_BYTES + 1]; /* "": not asked for by name; same characters as name; then no wish */
    struct route_cameras cameras;             /* of a feed, of events; NULL: all */
    bool is_brief;                            /* of the list of cameras: without who watches them */
};

/* Why a request has no route; turned into the JSON error. */
struct route_error {
    int status;            /* 400, 404 or 405 */
    const char *code;      /* "bad_parameter", "not_found", "no_such_camera", "method_not_allowed"; static */
    char allow[40];        /* for 405: the value of Allow; else "" */
    struct reason message; /* holds nothing from the request */
};

/* method, path and query as civetweb gives them: path already decoded, so it may hold anything, and NULL where the
 * request names none (`*`); query raw, or NULL. A path may end in a slash. What the query can hold is in
 * web/parameters.h. ERR_INVALID with *error. */
CHECKED enum err route_parse(const char *method, const char *path, const char *query, struct route *route,
                             struct route_error *error);

#endif
