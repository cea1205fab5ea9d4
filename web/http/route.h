/* Routes: what a row of the table says, and what a request makes of it.
 *
 * A row stands in the file of its handler, and web/routes/route_table.c lists it. Everything else is made from the
 * table: which handler answers, 405 with Allow, who may ask, which parameters are checked, what the monitor serves.
 * Threads: rows are constant. */
#ifndef WEB_HTTP_ROUTE_H
#define WEB_HTTP_ROUTE_H

#include "broker/frame/converter.h"
#include "broker/topic_settings.h"

#include <stdbool.h>
#include <stdint.h>

struct http_request;
struct route;
struct server_context;
struct topic;

enum route_method {
    METHOD_GET = 1 << 0,
    METHOD_HEAD = 1 << 1,
    METHOD_POST = 1 << 2,
    METHOD_PUT = 1 << 3,
    METHOD_DELETE = 1 << 4,
};
#define METHODS_READ (METHOD_GET | METHOD_HEAD)

/* The right that a request needs. 0 is none of them, so that a row without it is not complete. */
enum route_need {
    NEED_NOTHING = 1,  /* credentials are not looked at */
    NEED_NO_ACCOUNT,   /* nothing, but the answer depends on the account */
    NEED_PUBLIC_ASSET, /* NEED_NOTHING for the assets of the login page, NEED_VIEW for the others */
    NEED_PICTURE,      /* NEED_VIEW, or a signed link */
    NEED_VIEW,
    NEED_ADMIN,
};

/* What the query may hold: web/http/parameters.h. */
enum route_parameter {
    PARAMETER_NONE = 1 << 0,
    PARAMETER_ACTION = 1 << 1, /* goes on to the row of that action */
    PARAMETER_FPS = 1 << 2,
    PARAMETER_MAX_AGE = 1 << 3,
    PARAMETER_WIDTH = 1 << 4,
    PARAMETER_QUALITY = 1 << 5,
    PARAMETER_VARIANT = 1 << 6,
    PARAMETER_BRIEF = 1 << 7,
    PARAMETER_CAMERAS = 1 << 8,
    PARAMETER_CAMERA = 1 << 9, /* one of them */
    PARAMETER_AT = 1 << 10,
    PARAMETER_FROM = 1 << 11,
    PARAMETER_TO = 1 << 12,
    PARAMETER_SPEED = 1 << 13,
    PARAMETER_LIVE = 1 << 14,
    PARAMETER_GAPS = 1 << 15,
    PARAMETER_FORMAT = 1 << 16,
    PARAMETER_KIND = 1 << 17,
    PARAMETER_ORDER = 1 << 18,
    PARAMETER_LIMIT = 1 << 19,
    PARAMETER_AFTER = 1 << 20,
    PARAMETER_NODE = 1 << 21,
};
/* What makes a live stream one of recorded frames. */
#define PARAMETERS_PLAYBACK (PARAMETER_AT | PARAMETER_TO | PARAMETER_SPEED | PARAMETER_LIVE | PARAMETER_GAPS)
#define PARAMETERS_PICTURE (PARAMETER_WIDTH | PARAMETER_QUALITY | PARAMETER_VARIANT)

enum route_listener {
    LISTENER_MAIN = 1,
    LISTENER_MAIN_AND_MONITOR,
};

/* A handler replies to the request, and returns when that is sent; that of a stream, when the stream has ended. */
struct route_row {
    const char
        *pattern;     /* a part of it can be "{camera}", a camera's id or place, and another "{file}", a file's name */
    unsigned methods; /* a set of enum route_method; rows of one pattern have different ones */
    enum route_need need;
    unsigned parameters; /* a set of enum route_parameter */
    enum route_listener listener;
    const char *action; /* the word for /?action= that leads here; NULL: none */
    /* One of the two. camera is one that the principal may see, borrowed; others have been refused. */
    void (*handle)(struct server_context *context, const struct http_request *request, const struct route *route);
    void (*handle_camera)(struct server_context *context, const struct http_request *request, const struct route *route,
                          struct topic *camera);
};

struct route_table {
    const struct route_row *const *rows;
    size_t count;
};

#define ROUTE_NAME_MAX_BYTES 64
#define ROUTE_VERSION_DIGITS 16
#define ROUTE_FPS_MIN 0.001
#define ROUTE_FPS_MAX 1000.0
#define ROUTE_MAX_AGE_MAX_MS 3600000
#define ROUTE_CAMERAS_MAX 1000
#define ROUTE_SPEED_MIN 0.1
#define ROUTE_SPEED_MAX 64.0
#define ROUTE_FILM_SPEED_MAX 100000.0
#define ROUTE_FORMAT_MAX_BYTES 15
#define ROUTE_KIND_MAX_BYTES 31
#define ROUTE_NODE_MAX_BYTES 32

/* A list of cameras as the query writes it, borrowed from there. */
struct route_cameras {
    const char *text;
    size_t count;
};

/* What is asked for of the past. Times are nanoseconds since the epoch. */
struct route_period {
    int64_t at_ns;   /* where playback begins; -1: not asked for, which is live */
    int64_t from_ns; /* -1: not asked for */
    int64_t to_ns;   /* INT64_MAX: not asked for */
    double speed;    /* 1: as recorded; 0: as fast as the client takes it */
    bool goes_on_live;
    bool shows_gaps;
};

/* A request's row and what its path and query say. */
struct route {
    const struct route_row *row;
    enum route_method method;
    /* Camera: an id or a place from 1, as the request wrote it; "": the one at `place`. Asset: the file's name. Only
     * the characters [A-Za-z0-9._-], so it can be printed anywhere. */
    char name[ROUTE_NAME_MAX_BYTES + 1];
    char file[ROUTE_NAME_MAX_BYTES + 1];    /* of a camera; the same characters */
    char version[ROUTE_VERSION_DIGITS + 1]; /* of an asset, where the path says it: /assets/VERSION/NAME; else "" */
    size_t place;                           /* of a camera, from 0 */
    double fps;         /* 0: not asked for; else ROUTE_FPS_MIN, to which lower rates are raised, to ROUTE_FPS_MAX */
    int64_t max_age_ms; /* -1: not asked for; else 0 to ROUTE_MAX_AGE_MAX_MS */
    struct variant_request variant_request; /* without fps */
    char variant[VARIANT_NAME_MAX_BYTES +
                 1];              /* "": not asked for by name; same characters as name; then no variant_request */
    struct route_cameras cameras; /* of a feed, of events; NULL: all */
    bool is_brief;                /* the list of cameras without their subscribers */
    struct route_period period;
    char camera[ROUTE_NAME_MAX_BYTES + 1];   /* of the query; "": not asked for */
    char format[ROUTE_FORMAT_MAX_BYTES + 1]; /* "": not asked for; [a-z0-9] */
    char kind[ROUTE_KIND_MAX_BYTES + 1];     /* of events; "": not asked for; [a-z_] */
    char node[ROUTE_NODE_MAX_BYTES + 1];     /* of the cluster; "": not asked for; [a-z0-9_-] */
    bool is_ascending;                       /* the oldest first */
    uint64_t limit;                          /* of rows; 0: not asked for */
    uint64_t after;                          /* the row that others follow; 0: not asked for */
};

/* Why a request has no route; becomes the JSON error. */
struct route_error {
    int status;            /* 400, 404 or 405 */
    const char *code;      /* "bad_parameter", "not_found", "no_such_camera", "method_not_allowed"; static */
    char allow[40];        /* for 405: the value of Allow; else "" */
    struct reason message; /* holds nothing from the request */
};

#endif
