#include "cameras/supervisor/motion_watch.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/rate_limiter.h"
#include "broker/motion_port.h"
#include "cameras/motion/detector.h"
#include "cameras/motion/motion_events.h"
#include "cameras/motion/motion_schedule.h"
#include "cameras/picture/luma.h"
#include "cameras/supervisor/motion_publisher.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* Settings with a reference to where they are. */
struct held_settings {
    const struct motion_settings *settings; /* NULL: none */
    struct arena *arena;
};

/* Most frames have gone out to their viewers by then; an event is known that much later. */
#define DELIVERY_NS (10 * NS_PER_MS)

struct motion_watch {
    struct topic *topic;
    struct motion_port *port; /* the topic's */
    struct worker_pool *workers;
    struct motion_publisher publisher; /* under the lock, as the events are */
    atomic_bool is_wanted;             /* relaxed: there are settings; the lock orders everything else */
    struct job_slot *slot;             /* the publisher's; NULL before the first look */

    struct lock lock;
    struct held_settings wanted GUARDED_BY(lock);
    uint64_t change GUARDED_BY(lock); /* counts the configurations */
    struct rate_limiter limiter GUARDED_BY(lock);
    struct frame *jpeg GUARDED_BY(lock); /* of the raw picture that waits; NULL: none */
    bool is_paused GUARDED_BY(lock);
    bool forgets GUARDED_BY(lock);                 /* the next picture is learnt anew */
    struct motion_events *events GUARDED_BY(lock); /* of `wanted`; NULL before its first picture */

    /* The job's. */
    struct held_settings used; /* by the detector */
    uint64_t used_change;
    struct luma_reader *reader;
    struct detector *detector;
    uint8_t *cells;
    size_t cell_capacity;
};

enum err motion_watch_create(struct broker *broker, struct topic *topic, struct motion_watch **out) {
    struct motion_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL) {
        return ERR_MEMORY;
    }
    watch->topic = topic;
    watch->port = topic_motion(topic);
    watch->workers = broker_worker_pool(broker);
    watch->publisher = (struct motion_publisher){.topic = topic, .event_log = broker_event_log(broker)};
    lock_init(&watch->lock);
    *out = watch;
    return ERR_OK;
}

/* ---- Settings ---- */

/* What has begun ends. */
static void end_events_locked(struct motion_watch *watch) REQUIRES(&watch->lock) {
    if (watch->events != NULL) {
        motion_events_stop(watch->events);
    }
}

void motion_watch_configure(struct motion_watch *watch, const struct motion_settings *settings, struct arena *arena) {
    const struct held_settings next = {settings, settings != NULL ? arena_ref(arena) : NULL};
    lock_acquire(&watch->lock);
    end_events_locked(watch);
    motion_events_destroy(&watch->events);
    struct held_settings before = watch->wanted;
    watch->wanted = next;
    watch->change++;
    watch->limiter =
        (struct rate_limiter){.interval_ns = settings != NULL ? (int64_t)((double)NS_PER_S / settings->fps) : 0};
    atomic_store_explicit(&watch->is_wanted, settings != NULL, memory_order_relaxed);
    if (settings != NULL) {
        struct motion_layout layout;
        motion_publisher_layout(settings, arena, &layout);
        motion_port_configure(watch->port, &layout);
        motion_port_set_scheduled(watch->port, motion_schedule_is_active(settings, clock_realtime_ns()));
    } else {
        motion_port_close(watch->port);
    }
    lock_release(&watch->lock);
    arena_unref(&before.arena);
}

void motion_watch_pause(struct motion_watch *watch) {
    lock_acquire(&watch->lock);
    if (watch->wanted.settings != NULL && !watch->is_paused) {
        watch->is_paused = true;
        watch->forgets = true;
        end_events_locked(watch);
        motion_port_clear(watch->port);
    }
    lock_release(&watch->lock);
}

/* ---- Looking ---- */

/* The job's copy follows the settings. Returns whether there are some. */
static bool follow_settings(struct motion_watch *watch) {
    struct held_settings before = {NULL, NULL};
    lock_acquire(&watch->lock);
    const bool is_wanted = watch->wanted.settings != NULL;
    const bool has_changed = watch->used_change != watch->change;
    if (has_changed) {
        before = watch->used;
        watch->used = watch->wanted;
        arena_ref(watch->used.arena);
        watch->used_change = watch->change;
    }
    const bool forgets = watch->forgets;
    watch->forgets = false;
    lock_release(&watch->lock);
    if (has_changed) {
        detector_destroy(&watch->detector);
        arena_unref(&before.arena);
    } else if (forgets && watch->detector != NULL) {
        detector_forget(watch->detector);
    }
    return is_wanted;
}

/* What is not there yet. */
static enum err prepare_detector(struct motion_watch *watch) {
    enum err error = watch->reader == NULL ? luma_reader_create(&watch->reader) : ERR_OK;
    if (error == ERR_OK && watch->detector == NULL) {
        error = detector_create(watch->used.settings, &watch->detector);
    }
    return error;
}

/* The cells as others know them. NULL: no memory. */
static const uint8_t *convert_cells(struct motion_watch *watch, const struct detector_result *result) {
    const size_t count = (size_t)result->columns * result->rows;
    if (count > watch->cell_capacity) {
        uint8_t *cells = realloc(watch->cells, count);
        if (cells == NULL) {
            return NULL;
        }
        watch->cells = cells;
        watch->cell_capacity = count;
    }
    /* By the set of the detector's bits. */
    static const uint8_t cells[] = {
        [CELL_DIFFERS] = MOTION_CELL_CHANGED,
        [CELL_MOVES] = MOTION_CELL_MOVING,
        [CELL_MOVES | CELL_DIFFERS] = MOTION_CELL_MOVING,
        [CELL_MASKED] = MOTION_CELL_IGNORED,
        [CELL_MASKED | CELL_DIFFERS] = MOTION_CELL_IGNORED,
        [CELL_MASKED | CELL_MOVES] = MOTION_CELL_IGNORED,
        [CELL_MASKED | CELL_MOVES | CELL_DIFFERS] = MOTION_CELL_IGNORED,
    };
    for (size_t i = 0; i < count; i++) {
        watch->cells[i] = cells[result->cells[i] % sizeof cells];
    }
    return watch->cells;
}

/* Ends events where it is switched off. */
static bool is_switched_off(struct motion_watch *watch) {
    const bool is_off = motion_port_is_switched_off(watch->port);
    if (is_off) {
        lock_acquire(&watch->lock);
        end_events_locked(watch);
        watch->forgets = true;
        motion_port_clear(watch->port);
        lock_release(&watch->lock);
    }
    return is_off;
}

/* Makes known what the detector has found. jpeg: borrowed; NULL: there is none. */
static void make_known(struct motion_watch *watch, const struct detector_result *result, const struct motion_time *time,
                       struct frame *jpeg) {
    struct motion_sight sight;
    motion_publisher_sight(result, &sight);
    sight.cells = convert_cells(watch, result);
    enum err error = ERR_OK;
    lock_acquire(&watch->lock);
    if (watch->is_paused || watch->used_change != watch->change) {
        lock_release(&watch->lock);
        return;
    }
    if (watch->events == NULL) {
        error = motion_events_create(watch->used.settings, motion_publisher_report, &watch->publisher, &watch->events);
    }
    if (error == ERR_OK) {
        watch->publisher.jpeg = jpeg;
        motion_events_feed(watch->events, result, *time);
        watch->publisher.jpeg = NULL;
        for (unsigned zone = 0; zone < result->zone_count; zone++) {
            sight.levels[zone].is_moving = motion_events_current(watch->events, zone) != NULL;
            sight.is_moving |= sight.levels[zone].is_moving;
        }
        motion_port_set_scheduled(watch->port, motion_schedule_is_active(watch->used.settings, time->realtime_ns));
        motion_port_show(watch->port, &sight);
    }
    lock_release(&watch->lock);
}

static enum err look_at(struct motion_watch *watch, struct frame *picture, struct frame *jpeg,
                        const struct work_limit *limit, struct reason *reason) {
    struct luma luma;
    struct detector_result result;
    const struct frame_info *info = frame_info(picture);
    const struct motion_time time = {info->captured_monotonic_ns, info->captured_realtime_ns};
    enum err error = prepare_detector(watch);
    if (error == ERR_OK) {
        error = luma_reader_read(watch->reader, picture, limit, &luma, reason);
    }
    if (error == ERR_OK) {
        error = detector_feed(watch->detector, &luma, time, &result);
    }
    if (error == ERR_OK) {
        make_known(watch, &result, &time, jpeg);
    }
    return error;
}

/* The published frame that shows a raw picture: that of the same number, or the newest. NULL: there is none. */
static struct frame *take_jpeg(struct motion_watch *watch, const struct frame *picture) {
    struct frame *jpeg = NULL;
    lock_acquire(&watch->lock);
    if (watch->jpeg != NULL && frame_info(watch->jpeg)->sequence == frame_info(picture)->sequence) {
        jpeg = watch->jpeg;
        watch->jpeg = NULL;
    }
    lock_release(&watch->lock);
    if (jpeg == NULL) {
        jpeg = topic_newest(watch->topic);
    }
    if (jpeg != NULL && frame_info(jpeg)->state != STATE_LIVE) {
        frame_unref(&jpeg);
    }
    return jpeg;
}

/* The job. */
static void look(void *user, struct frame *picture, const struct work_limit *limit) {
    struct motion_watch *watch = user;
    struct frame *jpeg = frame_info(picture)->format == FRAME_JPEG ? frame_ref(picture) : take_jpeg(watch, picture);
    struct reason reason = {""};
    if (follow_settings(watch) && !is_switched_off(watch)) {
        enum err error = look_at(watch, picture, jpeg, limit, &reason);
        if (error != ERR_OK && error != ERR_INTERRUPTED) {
            log_rate_limited(LOG_LEVEL_WARNING, topic_id(watch->topic), "motion",
                             "cannot look for motion in a frame: %s",
                             reason.text[0] != '\0' ? reason.text : err_text(error));
        }
    }
    frame_unref(&jpeg);
    frame_unref(&picture);
}

/* ---- The publisher ---- */

bool motion_watch_wants(struct motion_watch *watch, int64_t captured_monotonic_ns) {
    if (!atomic_load_explicit(&watch->is_wanted, memory_order_relaxed)) {
        return false;
    }
    uint64_t missed;
    lock_acquire(&watch->lock);
    const bool is_due = rate_limiter_admits(&watch->limiter, captured_monotonic_ns, &missed);
    lock_release(&watch->lock);
    return is_due;
}

void motion_watch_look(struct motion_watch *watch, struct frame **picture, struct frame **jpeg) {
    lock_acquire(&watch->lock);
    struct frame *before = watch->jpeg;
    watch->jpeg = *jpeg;
    watch->is_paused = false;
    lock_release(&watch->lock);
    *jpeg = NULL;
    frame_unref(&before);
    enum err error = ERR_OK;
    if (watch->slot == NULL) {
        error = job_slot_create(watch->workers, topic_id(watch->topic), look, watch, &watch->slot);
        if (error == ERR_OK) {
            job_slot_set_delay(watch->slot, DELIVERY_NS);
        }
    }
    if (error == ERR_OK) {
        job_slot_submit(watch->slot, picture);
    }
    frame_unref(picture);
}

void motion_watch_destroy(struct motion_watch **watch_pointer) {
    struct motion_watch *watch = *watch_pointer;
    *watch_pointer = NULL;
    if (watch == NULL) {
        return;
    }
    job_slot_destroy(&watch->slot);
    lock_acquire(&watch->lock);
    end_events_locked(watch);
    lock_release(&watch->lock);
    motion_events_destroy(&watch->events);
    detector_destroy(&watch->detector);
    luma_reader_destroy(&watch->reader);
    arena_unref(&watch->used.arena);
    arena_unref(&watch->wanted.arena);
    frame_unref(&watch->jpeg);
    free(watch->cells);
    lock_finish(&watch->lock);
    free(watch);
}
