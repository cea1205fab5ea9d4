/* What each route answers.
 *
 * Threads: any number of requests at once, each on its own thread. A handler returns when its reply is sent; that of a
 * stream, when the stream has ended. */
#ifndef WEB_HANDLERS_H
#define WEB_HANDLERS_H

#include "broker/broker.h"
#include "broker/sync.h"
#include "web/admission.h"
#include "web/edge.h"
#include "web/gate.h"
#include "web/hooks.h"
#include "web/http.h"
#include "web/router.h"
#include "web/sender.h"
#include "web/server.h"
#include "web/status.h"

#include <stdatomic.h>

/* civetweb's workers beyond the streams', so that pages and status answer while every stream is taken. */
#define WORKERS_IN_RESERVE 32u
/* Each has a worker of its own, besides those. */
#define EVENT_STREAMS_MAX 64u
#define EVENT_STREAMS_PER_ADDRESS_MAX (EVENT_STREAMS_MAX / 4)

/* What the handlers share. */
struct site {
    struct broker *broker;
    struct senders *senders;
    struct admission *admission;
    struct admission *event_admission; /* of event streams */
    struct gate *gate;
    unsigned char viewer_key[16]; /* of what stands for a viewer's address to whoever may not see it */
    struct server_host host;
    unsigned pushers_max;
    struct lock lock;
    struct reload_counts reloads GUARDED_BY(lock);
    struct edge *edge GUARDED_BY(lock); /* a reference; NULL: of a server without any such settings */
    /* Relaxed: each counts for itself. */
    atomic_uint streams_max;
    atomic_uint streams_max_per_address; /* 0: no limit of its own */
    _Atomic int64_t stream_life_ns;      /* at the longest; 0: no limit */
    atomic_uint streams_active;
    atomic_uint event_streams;
    atomic_uint reloads_waiting;
    atomic_uint snapshots_waiting;     /* for a fresh frame */
    atomic_uint pushers;               /* requests that bring frames */
    atomic_uint controls_asked;        /* requests that wait for a device */
    _Atomic uint64_t streams_rejected; /* as all were in use */
    _Atomic uint64_t streams_rejected_per_address;
    struct hook_counts hooks;
};

/* Answers any request, which the edge has described. */
void handle_request(struct site *site, const struct http_request *request);
/* The same where only health, metrics and status are to be had. */
void handle_monitoring(struct site *site, const struct http_request *request);

/* Those with a file of their own. camera is borrowed. */
void handle_video_feed(struct site *site, const struct http_request *request, const struct route *route,
                       struct topic *camera);
void handle_snapshot(struct site *site, const struct http_request *request, const struct route *route,
                     struct topic *camera);
void handle_controls(struct site *site, const struct http_request *request, const struct route *route,
                     struct topic *camera);
void handle_feed(struct site *site, const struct http_request *request, const struct route *route);
void handle_events(struct site *site, const struct http_request *request, const struct route *route);
void handle_reload(struct site *site, const struct http_request *request);
void handle_login(struct site *site, const struct http_request *request, const struct route *route);
void handle_logout(struct site *site, const struct http_request *request);
/* The header that sets the cookie of a session that goes on, when it is time for a new one; else "". */
#define SESSION_COOKIE_ROOM_BYTES (SIGNED_TEXT_ROOM_BYTES + BASE_PATH_MAX_BYTES + 128)
void session_cookie_renew(const struct http_request *request, char header[SESSION_COOKIE_ROOM_BYTES]);
void handle_tokens(struct site *site, const struct http_request *request);

/* ---- The cameras that a visitor may see. Handlers take them from here alone. ---- */

/* By id, else by place among those that he may see, from 1. A new reference, or NULL. */
CHECKED struct topic *site_find_camera(struct site *site, const struct visitor *visitor, const char *name);
/* By that place, from 0. */
CHECKED struct topic *site_camera_at(struct site *site, const struct visitor *visitor, size_t place);
/* All of them, in order: *count new references, in memory that is the caller's to free(). NULL: there is none left. */
CHECKED struct topic **site_cameras(struct site *site, const struct visitor *visitor, size_t *count);
/* broker_snapshot(), or broker_snapshot_brief(), and broker_snapshot_topic() of what he may see. */
CHECKED enum err site_snapshot(struct site *site, const struct visitor *visitor, bool is_brief,
                               struct broker_snapshot *snapshot);
CHECKED enum err site_snapshot_camera(struct site *site, const struct visitor *visitor, struct topic *camera,
                                      struct topic_snapshot *snapshot);

/* Where others are is for administrators alone: puts in its place what stands for it. */
void site_hide_address(const struct site *site, char remote[SUBSCRIBER_REMOTE_BYTES]);

/* ---- What handlers share ---- */

/* Sends a text that a renderer made, and frees it; NULL: there was no memory for it. */
void reply_text(const struct http_request *request, int status, const char *content_type, const char *headers,
                char *text);
void reply_no_such_camera(const struct http_request *request, const struct route *route);
#define CONTENT_HTML "text/html; charset=utf-8"
#define CONTENT_JSON "application/json"

/* Takes one of `most` places; false when all are taken. */
CHECKED bool place_take(atomic_uint *taken, unsigned most);
void place_leave(atomic_uint *taken);

/* Takes one of the streams_max places, and of the client's. False after refusing the request. */
CHECKED bool stream_admit(struct site *site, const struct http_request *request);
void stream_release(struct site *site, const struct http_request *request);
/* Sends the head and, unless that is all, leaves the socket to a sender until the client has gone. settings lacks fd,
 * remote and fps. */
void stream_serve(struct site *site, const struct http_request *request, const struct route *route,
                  struct stream_settings settings);

/* Cameras: a reference to each. */
struct selection {
    struct topic **topics;
    size_t count;
};
/* Those that the route names. False after refusing the request. To be released in any case. */
CHECKED bool selection_make(struct site *site, const struct http_request *request, const struct route *route,
                            struct selection *selection);
void selection_release(struct selection *selection);

/* The topic that shows a camera as the route asks: a new reference. ERR_NOT_FOUND: no variant of that name; ERR_BUSY:
 * the camera has as many variants as it may; ERR_MEMORY, ERR_CLOSED. */
CHECKED enum err find_pictures(struct site *site, const struct route *route, struct topic *camera,
                               struct topic **topic);
/* Tells the client of such an error. */
void refuse_pictures(const struct http_request *request, const struct route *route, struct topic *camera,
                     enum err error);
/* Both: NULL after refusing the request. */
CHECKED struct topic *open_pictures(struct site *site, const struct http_request *request, const struct route *route,
                                    struct topic *camera);

#endif
