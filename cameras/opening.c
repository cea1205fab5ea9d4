/* One time that a camera's device is open. */
#include "cameras/camera_private.h"

#include "broker/log.h"
#include "cameras/intake.h"

#define BROKEN_IN_A_ROW_MAX 100

struct opening {
    struct camera *camera;
    void *device; /* the driver's state */
    struct intake *intake;
    int64_t opened_ns;
    int64_t first_good_ns, last_good_ns; /* when frames came that were not broken; 0: none yet */
};

/* Before each driver call that may wait. False: there is to be none.
 * The deadline is stored before the demand is checked, and the watchdog checks in the opposite order: when the demand
 * ends just now, one of the two notices. */
static bool call_begin(struct camera *camera, int64_t deadline_ns) {
    atomic_store(&camera->call_deadline_ns, deadline_ns);
    watchdog_attend(&camera->ward, deadline_ns + camera->timing->grace);
    return !camera_is_over(camera);
}

/* After it, or instead of it. ERR_IO: the watchdog has given it up, and has told so. */
static enum err call_end(struct camera *camera, struct reason *reason) {
    if (atomic_exchange(&camera->call_deadline_ns, NO_CALL) != CALL_OVERDUE) {
        return ERR_OK;
    }
    watchdog_settle(&camera->ward); /* what it tells must not come after what we tell next */
    reason_set(reason, "the driver did not answer and was interrupted");
    return ERR_IO;
}

static enum err call_open(struct opening *opening, const struct driver_context *context, struct reason *reason) {
    struct camera *camera = opening->camera;
    int64_t deadline_ns = clock_monotonic_ns() + camera->timing->open;
    enum err error = ERR_INTERRUPTED;
    if (call_begin(camera, deadline_ns)) {
        error = camera->driver->open(context, deadline_ns, &opening->device, reason);
    }
    enum err overdue = call_end(camera, reason);
    if (overdue != ERR_OK && error == ERR_OK) {
        camera->driver->close(opening->device);
    }
    return overdue != ERR_OK ? overdue : error;
}

static enum err call_read(struct opening *opening, int64_t deadline_ns, struct frame **frame, uint64_t *lost,
                          struct reason *reason) {
    struct camera *camera = opening->camera;
    enum err error = ERR_INTERRUPTED;
    if (call_begin(camera, deadline_ns)) {
        error = camera->driver->read(opening->device, deadline_ns, camera->sequence + 1, frame, lost, reason);
    }
    enum err overdue = call_end(camera, reason);
    if (overdue != ERR_OK) {
        frame_unref(frame);
    }
    return overdue != ERR_OK ? overdue : error;
}

/* A driver that passes JPEG through does not look into it: the check of the frame before has. */
static void describe_newest(struct topic *topic, struct driver_description *description) {
    struct frame *newest = topic_newest(topic);
    if (newest != NULL && frame_info(newest)->state == STATE_LIVE) {
        description->width_px = frame_info(newest)->width_px;
        description->height_px = frame_info(newest)->height_px;
    }
    frame_unref(&newest);
}

static void tell_capture(struct opening *opening) {
    struct camera *camera = opening->camera;
    struct driver_description now = {.width_px = 0};
    camera->driver->describe(opening->device, &now);
    if (now.width_px == 0) {
        describe_newest(camera->topic, &now);
    }
    if (now.width_px != camera->described.width_px || now.height_px != camera->described.height_px ||
        now.format != camera->described.format) {
        camera->described = now;
        topic_set_capture(camera->topic, now.width_px, now.height_px, now.format);
    }
}

static void note_good_frame(struct opening *opening, int64_t captured_ns) {
    struct camera *camera = opening->camera;
    watchdog_attend(&camera->ward, captured_ns + camera->stale_after_ns);
    opening->last_good_ns = clock_monotonic_ns();
    if (opening->first_good_ns == 0) {
        opening->first_good_ns = opening->last_good_ns;
    }
    if (atomic_exchange(&camera->failure_logged, false)) {
        log_event(LOG_LEVEL_INFO, camera->settings.topic.id, "frames come again");
    }
}

static void log_broken(struct opening *opening, const struct reason *reason) {
    log_recurring(LOG_LEVEL_WARNING, opening->camera->settings.topic.id, "broken frame",
                  "a broken frame is left out: %s", reason->text);
}

/* Publishes a frame that was read, or counts it where it never came because it is broken (frame is NULL). */
static void take(struct opening *opening, struct frame *frame, uint64_t lost, struct reason *reason) {
    struct camera *camera = opening->camera;
    camera->sequence += lost + 1;
    if (lost > 0) {
        topic_count_dropped(camera->topic, lost);
    }
    if (frame == NULL) {
        intake_reject(opening->intake);
        log_broken(opening, reason);
        return;
    }
    struct frame_info *info = frame_edit_info(frame);
    int64_t captured_ns = info->captured_monotonic_ns;
    camera->sequence = info->sequence > camera->sequence ? info->sequence : camera->sequence;
    info->sequence = camera->sequence;
    tell_capture(opening);
    enum err error = intake_take(opening->intake, &frame, lost > 0, reason);
    if (error == ERR_INVALID) {
        log_broken(opening, reason);
    }
    if (camera->described.width_px == 0) {
        tell_capture(opening);
    }
    if (error == ERR_OK && intake_broken_in_a_row(opening->intake) == 0) {
        note_good_frame(opening, captured_ns);
    }
}

/* How long after the last good frame, or after the opening, the next one may come. */
static int64_t patience_ns(const struct opening *opening) {
    const struct camera *camera = opening->camera;
    if (opening->last_good_ns == 0) {
        return later(camera->timing->first_frame, camera->stale_after_ns);
    }
    return later(camera->timing->next_frame, later(camera->period_ns * 10, camera->stale_after_ns * 2));
}

/* A camera that sends nothing but broken frames is given up like one that sends nothing. */
static enum err judge_broken(const struct opening *opening, int64_t deadline_ns, struct reason *reason) {
    unsigned broken = intake_broken_in_a_row(opening->intake);
    if (broken < BROKEN_IN_A_ROW_MAX && (broken == 0 || clock_monotonic_ns() < deadline_ns)) {
        return ERR_OK;
    }
    reason_set(reason, "the last %u frames were broken: check the camera and its cable; opening it again", broken);
    return ERR_INVALID;
}

/* Until it fails or is asked to end; never ERR_OK. */
static enum err read_frames(struct opening *opening, struct reason *reason) {
    struct camera *camera = opening->camera;
    enum err error = ERR_OK;
    while (error == ERR_OK) {
        int64_t patience = patience_ns(opening);
        int64_t deadline_ns = later(later(opening->opened_ns, opening->last_good_ns) + patience, clock_monotonic_ns());
        struct frame *frame = NULL;
        uint64_t lost = 0;
        error = call_read(opening, deadline_ns, &frame, &lost, reason);
        if (error == ERR_OK || error == ERR_INVALID) {
            take(opening, frame, lost, reason);
            error = judge_broken(opening, deadline_ns, reason);
        } else if (error == ERR_TIMEOUT) {
            reason_set(reason, "no frame for %.3g s: the camera stopped sending; opening it again", seconds(patience));
        } else if (error == ERR_INTERRUPTED && !camera_is_over(camera)) {
            event_clear(&camera->cancel); /* somebody came back just then */
            error = ERR_OK;
        }
    }
    return error;
}

enum err camera_run_opening(struct camera *camera, struct reason *reason) {
    struct opening opening = {.camera = camera};
    struct driver_context context = {.id = camera->settings.topic.id,
                                     .name = camera->settings.topic.name,
                                     .settings = &camera->settings.source,
                                     .pool = broker_frame_pool(camera->broker),
                                     .cancel = &camera->cancel,
                                     .mailbox = topic_mailbox(camera->topic),
                                     .script = camera->script};
    event_clear(&camera->cancel);
    enum err error = call_open(&opening, &context, reason);
    if (error != ERR_OK) {
        return error;
    }
    opening.opened_ns = clock_monotonic_ns();
    error = intake_create(camera->broker, camera->topic, &camera->settings.source, &opening.intake);
    struct control_port *controls = topic_controls(camera->topic);
    if (error == ERR_OK) {
        if (camera->driver->controls != NULL) {
            control_port_open(controls, camera->driver->controls, opening.device);
        }
        error = read_frames(&opening, reason);
    }
    intake_destroy(&opening.intake);
    control_port_close(controls);
    camera->driver->close(opening.device);
    if (opening.last_good_ns - opening.first_good_ns >= camera->timing->steady) {
        backoff_reset(&camera->backoff);
    }
    return error;
}
