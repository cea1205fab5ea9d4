/* Which handler a request is for. Pure: no input or output, nothing kept, so that it can be tested and fuzzed.
 * Threads: any. */
#ifndef WEB_ROUTER_H
#define WEB_ROUTER_H

#include "broker/err.h"

#include <stdbool.h>
#include <stdint.h>

enum route_target {
    ROUTE_GALLERY,     /* / */
    ROUTE_CAMERA_PAGE, /* /camera/N */
    ROUTE_VIDEO_FEED,  /* /camera/N/video_feed and its aliases */
    ROUTE_SNAPSHOT,    /* /camera/N/snapshot and its aliases */
    ROUTE_STATUS,      /* /api/status */
    ROUTE_CAMERAS,     /* /api/cameras */
    ROUTE_CAMERA,      /* /api/cameras/N */
    ROUTE_HEALTH,      /* /healthz */
    ROUTE_READY,       /* /readyz */
    ROUTE_ASSET,       /* /assets/NAME */
};

#define ROUTE_NAME_MAX_BYTES 64
#define ROUTE_FPS_MIN 0.001
#define ROUTE_FPS_MAX 1000.0
#define ROUTE_MAX_AGE_MAX_MS 3600000

struct route {
    enum route_target target;
    /* Camera: an id or a place from 1, as the request wrote it; "" means the first. Asset: the file's name. Only the
     * characters [A-Za-z0-9._-], so it can be printed anywhere. */
    char name[ROUTE_NAME_MAX_BYTES + 1];
    double fps;         /* 0: not asked for; else ROUTE_FPS_MIN, to which lower rates are raised, to ROUTE_FPS_MAX */
    int64_t max_age_ms; /* -1: not asked for; else 0 to ROUTE_MAX_AGE_MAX_MS */
};

/* Why a request has no route; turned into the JSON error. */
struct route_error {
    int status;            /* 400, 404 or 405 */
    const char *code;      /* "bad_parameter", "not_found", "no_such_camera", "method_not_allowed"; static */
    const char *allow;     /* for 405: the value of Allow; else NULL; static */
    struct reason message; /* holds nothing from the request */
};

/* method, path and query as civetweb gives them: path already decoded, so it may hold anything, and NULL where the
 * request names none (`*`); query raw, or NULL.
 * A path may end in a slash. Of the parameters, fps belongs to video feeds, max_age_ms to snapshots and action to /.
 * Others are ignored, as on every web server (caches and players add their own); a value that one of these cannot take
 * is an error that says what it takes, and so is one given twice.
 * ERR_INVALID with *error. */
CHECKED enum err route_parse(const char *method, const char *path, const char *query, struct route *route,
                             struct route_error *error);

#endif
