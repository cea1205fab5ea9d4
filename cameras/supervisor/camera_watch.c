#include "cameras/supervisor/camera_watch.h"

#include "broker/base/saturating.h"
#include "broker/topic_demand.h"
#include "cameras/supervisor/camera_private.h"

static int64_t watch_call(struct camera *camera, int64_t now_ns) {
    int64_t look_at_ns;
    if (driver_call_expire(&camera->call, now_ns, &look_at_ns) && !atomic_load(&camera->probing)) {
        announcer_set_state(camera->announcer, STATE_OFFLINE, "the driver does not respond");
        announcer_show(camera->announcer);
        camera_log_failure(camera, STATE_OFFLINE, "the driver does not respond: interrupting it");
    }
    return look_at_ns;
}

static int64_t watch_demand(struct camera *camera) {
    int64_t until_ns;
    bool is_wanted = topic_wanted(camera->topic, &until_ns);
    if (is_wanted == atomic_load(&camera->probing)) {
        driver_call_cancel(&camera->call);
    }
    return is_wanted ? until_ns : CLOCK_NEVER;
}

static int64_t watch_start(struct camera *camera, int64_t now_ns) {
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

static int64_t watch_age(struct camera *camera, int64_t now_ns) {
    struct frame *newest = topic_newest(camera->topic);
    if (newest == NULL || frame_info(newest)->state != STATE_LIVE) {
        frame_unref(&newest);
        return CLOCK_NEVER;
    }
    const int64_t stale_after_ns = max_i64(camera->stale_after_ns, atomic_load(&camera->max_age_ns));
    int64_t stale_at_ns = frame_info(newest)->captured_monotonic_ns + stale_after_ns;
    frame_unref(&newest);
    if (now_ns < stale_at_ns) {
        return stale_at_ns;
    }
    struct reason reason;
    reason_set(&reason, "no frame for %.3g s", clock_seconds(stale_after_ns));
    if (announcer_set_stale(camera->announcer, now_ns - stale_after_ns + 1, reason.text)) {
        motion_watch_pause(camera->motion);
        camera_log_failure(camera, STATE_STALE, reason.text);
    }
    return CLOCK_NEVER;
}

int64_t camera_watch_check(void *user, int64_t now_ns) {
    struct camera *camera = user;
    int64_t next_ns = watch_call(camera, now_ns);
    next_ns = min_i64(next_ns, watch_demand(camera));
    next_ns = min_i64(next_ns, watch_start(camera, now_ns));
    return min_i64(next_ns, watch_age(camera, now_ns));
}
