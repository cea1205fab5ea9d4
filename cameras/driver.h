/* The interface of a kind of camera: a small table of functions. camera.h runs any driver.
 *
 * Threads: a driver is used by one, its camera's. It keeps no thread of its own if it can do without, and it waits only
 * in ways that end at a deadline or when the cancel event is set; then it returns ERR_TIMEOUT or ERR_INTERRUPTED.
 * It need not check what it reads: a frame is checked by the caller, for every driver alike. */
#ifndef CAMERAS_DRIVER_H
#define CAMERAS_DRIVER_H

#include "broker/base/sync.h"
#include "broker/base/work_limit.h"
#include "broker/frame/frame.h"
#include "cameras/settings.h"
#include "cameras/source_facts.h"

#include <stdatomic.h>

struct fault_script;
struct mailbox;

/* What a driver is given at open; borrowed until close. */
struct driver_context {
    const char *id;   /* of the camera */
    const char *name; /* for people */
    const struct source_settings *settings;
    struct frame_pool *pool;
    struct event *cancel;        /* set: every wait ends */
    const atomic_bool *stopping; /* set: the camera itself ends, so close() has to be quick; NULL: it never is */
    struct mailbox *mailbox;     /* of the topic; only push_driver looks at it */
    struct fault_script *script; /* only faults_driver (faults.h) looks at it; NULL: no faults to play */
    bool is_unpaced;             /* a recording's frames come as fast as they are read, and have their time in it as
                                    captured_monotonic_ns; drivers of other sources do not look at it */
    struct source_facts *facts;  /* what the driver learns about the source goes there; NULL: nowhere */
};

struct driver_description {
    uint32_t width_px, height_px; /* as captured; 0 while unknown */
    const char *format;           /* as captured, e.g. "MJPEG"; static; NULL while unknown */
};

struct driver_ops {
    /* Opens the device. deadline_ns is monotonic. *state is the driver's own memory from here to close(), which is
     * not called after a failure. On failure, reason says what to do about it. */
    enum err (*open)(const struct driver_context *context, int64_t deadline_ns, void **state, struct reason *reason);
    /* Waits for the next frame. *frame is a new, unsealed frame with payload, format, size in pixels and both capture
     * times. *lost counts the frames that the device is known to have dropped just before this one (0 on entry).
     * sequence is the number that comes next; the frame itself has sequence + *lost, for drivers that draw it; the
     * caller writes it into the info. A driver whose source counts its frames itself puts that number there, which is
     * taken where it is higher; 0: it does not.
     * ERR_TIMEOUT, ERR_INTERRUPTED, ERR_INVALID (this frame is broken, the next may be fine) and ERR_BUSY (the source
     * sends, but nothing yet that makes a frame) leave the device open for another read; anything else means that it
     * has to be closed and reopened. ERR_CLOSED, from open too: the connection is lost, or the source is busy, which
     * may pass at once; viewers see it only if it does not. */
    enum err (*read)(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                     struct reason *reason);
    void (*describe)(void *state, struct driver_description *description);
    void (*close)(void *state);
    /* The controls of an open device: user is the state. Called from other threads too. NULL: it has none. */
    const struct control_ops *controls;
    /* Where something appears when a device that was missing comes back: a path in the directory, borrowed from
     * settings or static. NULL: no such place. */
    const char *(*comes_back_at)(const struct source_settings *settings);
};

/* Sets both capture times of a frame that comes from a source with a clock of its own, whose time, or 0, it has. Ages
 * count from the arrival, which is now: a camera whose clock is wrong is not stale for that. */
void driver_set_capture_time(struct frame *frame);

/* The end of a path, which says more than its beginning, as far as it fits into a sentence. */
const char *driver_shown_path(const char *path);

/* Blocks: until deadline_ns (monotonic), to a fraction of a millisecond. ERR_OK then; ERR_INTERRUPTED as soon as the
 * context's cancel event is set, whether the deadline has passed or not. */
CHECKED enum err driver_sleep_until(const struct driver_context *context, int64_t deadline_ns);

/* The limit of a computation on the camera's thread: it ends when the event is set. cancel: borrowed. */
struct work_limit driver_work_limit(struct event *cancel);

#endif
