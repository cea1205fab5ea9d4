/* What the files of a camera share: camera.c (its life and its supervisor), opening.c (one time that the device is
 * open) and camera_watch.c (the watchdog's view). */
#ifndef CAMERAS_CAMERA_PRIVATE_H
#define CAMERAS_CAMERA_PRIVATE_H

#include "cameras/announcer.h"
#include "cameras/arrival.h"
#include "cameras/backoff.h"
#include "cameras/camera.h"

#include <stdatomic.h>

/* Other values of call_deadline_ns. */
#define NO_CALL CLOCK_NEVER
#define CALL_OVERDUE INT64_C(0)

struct camera {
    /* Constant while the thread serves. */
    struct camera_settings settings;
    const struct camera_timing *timing;
    const struct driver_ops *driver;
    struct fault_script *script; /* NULL: no faults to play */
    struct broker *broker;
    struct watchdog *watchdog;
    struct topic *topic; /* a reference */
    struct announcer *announcer;
    int64_t period_ns;      /* of its frames; 0: unknown */
    int64_t stale_after_ns; /* not below two and a half periods: a slow camera is not stale between two frames */
    pthread_t thread;

    /* Any thread. The atomics are sequentially consistent: beginning a call depends on their order. */
    struct ward ward;
    struct event wake;   /* set when the demand changes, to begin, and to stop */
    struct event cancel; /* set by the watchdog, and to stop; cleared by the supervisor */
    atomic_bool stopping;
    _Atomic int64_t call_deadline_ns; /* of the driver call under way; NO_CALL; CALL_OVERDUE */
    _Atomic int64_t show_start_at_ns; /* when the placeholder for starting is due; CLOCK_NEVER */
    atomic_bool failure_logged;       /* and not yet that it is over */

    struct lock lock;
    struct condition ended;
    bool has_ended GUARDED_BY(lock);

    /* The supervisor's own, from camera_begin() on. */
    struct camera *predecessor; /* to be freed first; NULL: none */
    uint64_t sequence;
    struct backoff backoff;
    struct arrival arrival; /* of the device, after it was missing */
    struct driver_description described;
};

/* Opens the device, publishes its frames, and closes it. Never ERR_OK: ERR_INTERRUPTED when it was asked to end,
 * anything else is a failure with a reason. Threads: the supervisor's. */
enum err camera_run_opening(struct camera *camera, struct reason *reason);

/* However often it comes to that state, one line a minute. Threads: any. */
void camera_log_failure(struct camera *camera, enum camera_state state, const char *why);

/* Whether to stop serving: asked to end, or nobody wants it any more. Threads: any. */
bool camera_is_over(struct camera *camera);

/* The watchdog_look of a camera. */
int64_t camera_look(void *camera, int64_t now_ns);

static inline int64_t earlier(int64_t a_ns, int64_t b_ns) { return a_ns < b_ns ? a_ns : b_ns; }

static inline int64_t later(int64_t a_ns, int64_t b_ns) { return a_ns > b_ns ? a_ns : b_ns; }

static inline double seconds(int64_t duration_ns) { return (double)duration_ns / (double)NS_PER_S; }

#endif
