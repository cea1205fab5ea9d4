/* What the watchdog does when it looks after a camera. */
#include "cameras/camera_private.h"

/* The driver has had its chance: it is interrupted, and the viewers are told. */
static void give_up_call(struct camera *camera, int64_t deadline_ns) {
    if (atomic_compare_exchange_strong(&camera->call_deadline_ns, &deadline_ns, CALL_OVERDUE)) {
        event_set(&camera->cancel);
        announcer_tell(camera->announcer, STATE_OFFLINE, "the driver does not answer");
        announcer_show(camera->announcer);
        camera_log_failure(camera, STATE_OFFLINE, "the driver does not answer: interrupting it");
    }
}

static int64_t look_at_call(struct camera *camera, int64_t now_ns) {
    int64_t deadline_ns = atomic_load(&camera->call_deadline_ns);
    if (deadline_ns == NO_CALL || deadline_ns == CALL_OVERDUE) {
        return CLOCK_NEVER;
    }
    if (now_ns < deadline_ns + camera->timing->grace) {
        return deadline_ns + camera->timing->grace;
    }
    give_up_call(camera, deadline_ns);
    return CLOCK_NEVER;
}

static int64_t look_at_demand(struct camera *camera) {
    int64_t until_ns;
    if (topic_wanted(camera->topic, &until_ns)) {
        return until_ns;
    }
    if (atomic_load(&camera->call_deadline_ns) != NO_CALL) {
        event_set(&camera->cancel);
    }
    return CLOCK_NEVER;
}

static int64_t look_at_start(struct camera *camera, int64_t now_ns) {
    int64_t show_at_ns = atomic_load(&camera->show_start_at_ns);
    if (now_ns < show_at_ns) {
        return show_at_ns;
    }
    if (atomic_compare_exchange_strong(&camera->show_start_at_ns, &show_at_ns, CLOCK_NEVER) &&
        topic_state(camera->topic) == STATE_STARTING) {
        announcer_show(camera->announcer);
    }
    return CLOCK_NEVER;
}

static int64_t look_at_age(struct camera *camera, int64_t now_ns) {
    struct frame *newest = topic_newest(camera->topic);
    if (newest == NULL || frame_info(newest)->state != STATE_LIVE) {
        frame_unref(&newest);
        return CLOCK_NEVER;
    }
    int64_t stale_at_ns = frame_info(newest)->captured_monotonic_ns + camera->stale_after_ns;
    frame_unref(&newest);
    if (now_ns < stale_at_ns) {
        return stale_at_ns;
    }
    struct reason reason;
    reason_set(&reason, "no frame for %.3g s", seconds(camera->stale_after_ns));
    if (announcer_tell_stale(camera->announcer, now_ns - camera->stale_after_ns + 1, reason.text)) {
        camera_log_failure(camera, STATE_STALE, reason.text);
    }
    return CLOCK_NEVER;
}

int64_t camera_look(void *user, int64_t now_ns) {
    struct camera *camera = user;
    int64_t next_ns = look_at_call(camera, now_ns);
    next_ns = earlier(next_ns, look_at_demand(camera));
    next_ns = earlier(next_ns, look_at_start(camera, now_ns));
    return earlier(next_ns, look_at_age(camera, now_ns));
}
