/* Which handler a request is for. Pure: no input or output, nothing kept, so that it can be tested and fuzzed.
 * Threads: any. */
#ifndef WEB_ROUTER_H
#define WEB_ROUTER_H

#include "broker/converter.h"
#include "broker/topic.h"

#include <stdbool.h>
#include <stdint.h>

enum route_target {
    ROUTE_GALLERY,     /* / */
    ROUTE_CAMERA_PAGE, /* /camera/N */
    ROUTE_STATUS_PAGE, /* /status */
    ROUTE_VIDEO_FEED,  /* /camera/N/video_feed and its aliases */
    ROUTE_SNAPSHOT,    /* /camera/N/snapshot and its aliases */
    ROUTE_FEED,        /* /feed */
    ROUTE_STATUS,      /* /api/status */
    ROUTE_CAMERAS,     /* /api/cameras */
    ROUTE_CAMERA,      /* /api/cameras/N */
    ROUTE_CONTROLS,    /* /api/cameras/N/controls */
    ROUTE_HEALTH,      /* /healthz */
    ROUTE_READY,       /* /readyz */
    ROUTE_ASSET,       /* /assets/NAME */
};

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
    bool is_put; /* only of ROUTE_CONTROLS */
    /* Camera: an id or a place from 1, as the request wrote it; "" means the first. Asset: the file's name. Only the
     * characters [A-Za-z0-9._-], so it can be printed anywhere. */
    char name[ROUTE_NAME_MAX_BYTES + 1];
    double fps;         /* 0: not asked for; else ROUTE_FPS_MIN, to which lower rates are raised, to ROUTE_FPS_MAX */
    int64_t max_age_ms; /* -1: not asked for; else 0 to ROUTE_MAX_AGE_MAX_MS */
    struct variant_wish wish;                 /* without fps */
    char variant[VARIANT_NAME_MAX_BYTES + 1]; /* "": not asked for by name; same characters as name; then no wish */
    struct route_cameras cameras;             /* of a feed; NULL: all */
};

/* Why a request has no route; turned into the JSON error. */
struct route_error {
    int status;            /* 400, 404 or 405 */
    const char *code;      /* "bad_parameter", "not_found", "no_such_camera", "method_not_allowed"; static */
    const char *allow;     /* for 405: the value of Allow; else NULL; static */
    struct reason message; /* holds nothing from the request */
};

/* Takes the next name off the front of the list: an id or a place, as route.name. False at the end. */
bool route_next_camera(struct route_cameras *cameras, char name[ROUTE_NAME_MAX_BYTES + 1]);

/* method, path and query as civetweb gives them: path already decoded, so it may hold anything, and NULL where the
 * request names none (`*`); query raw, or NULL.
 * A path may end in a slash. Of the parameters, fps belongs to video feeds and /feed, max_age_ms to snapshots, width,
 * quality and variant to all three, cameras to /feed and action to /.
 * Others are ignored, as on every web server (caches and players add their own); a value that one of these cannot take
 * is an error that says what it takes, and so is one given twice.
 * ERR_INVALID with *error. */
CHECKED enum err route_parse(const char *method, const char *path, const char *query, struct route *route,
                             struct route_error *error);

#endif
