/* The state of a camera, which its three parts share: camera.c (lifecycle and supervisor thread), capture_session.c
 * (the device while it is open) and camera_watch.c (the watchdog's view). */
#ifndef CAMERAS_SUPERVISOR_CAMERA_PRIVATE_H
#define CAMERAS_SUPERVISOR_CAMERA_PRIVATE_H

#include "cameras/supervisor/announcer.h"
#include "cameras/supervisor/backoff.h"
#include "cameras/supervisor/camera_timing.h"
#include "cameras/supervisor/device_watch.h"
#include "cameras/supervisor/driver_call.h"
#include "cameras/supervisor/faults.h"
#include "cameras/supervisor/motion_watch.h"
#include "cameras/supervisor/watchdog.h"

#include <stdatomic.h>

struct camera {
    /* Constant while the thread serves. */
    struct camera_settings settings;
    const struct camera_timing *timing;
    const struct driver_ops *driver;
    struct fault_script *script; /* NULL: no faults */
    struct broker *broker;
    struct watchdog *watchdog;
    struct topic *topic; /* a reference */
    struct announcer *announcer;
    struct motion_watch *motion;
    int64_t period_ns;      /* between frames; 0: unknown */
    int64_t stale_after_ns; /* at least 2.5 periods: a slow camera is not stale between two frames */
    pthread_t thread;

    /* Any thread; sequentially consistent, see driver_call_begin(). */
    struct watch watch;
    struct event wake; /* set when the demand changes, at the start and at the end */
    struct driver_call call;
    atomic_bool stopping;
    _Atomic int64_t show_start_at_ns; /* when the placeholder for starting is due; CLOCK_NEVER */
    _Atomic int64_t max_age_ns; /* a frame may grow this old where that exceeds stale_after_ns; see note_alive() */
    atomic_bool failure_logged; /* and its end has not been */
    atomic_bool probing;        /* the camera is opened for one frame, and has no viewer */

    struct lock lock;
    struct condition ended;
    bool has_ended GUARDED_BY(lock);

    /* The supervisor thread's, from camera_begin() on. */
    struct camera *predecessor; /* destroyed first; NULL: none */
    uint64_t generation;        /* of its frames */
    uint64_t sequence;
    struct reason failure; /* why it did not work when it was last open; "": it did */
    int64_t delivered_ns;  /* for how long the last session delivered intact frames; 0: none */
    struct backoff backoff;
    struct device_watch device_watch; /* of a device that is missing */
    struct driver_description described;
};

/* Logs a failure, each state once a minute. Threads: any. */
void camera_log_failure(struct camera *camera, enum camera_state state, const char *why);

/* Whether what the camera is open for is over: it is to end, or has no viewers left, or, while it is being probed, has
 * got one. Threads: any. */
bool camera_is_over(struct camera *camera);

#endif
