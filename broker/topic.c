#include "broker/topic.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/timing.h"
#include "broker/topic_private.h"
#include "broker/topic_report.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum err topic_create(const struct topic_settings *settings, const struct frame_envelope *envelope,
                      struct topic **out) {
    assert(settings->ring_frames >= 1 && settings->ring_frames <= FRAME_RING_MAX);
    struct topic *topic = calloc(1, sizeof *topic);
    if (topic == NULL) {
        return ERR_MEMORY;
    }
    topic->settings = *settings;
    topic->ring.capacity = settings->ring_frames;
    memcpy(topic->id, settings->id, sizeof topic->id);
    topic->envelope = envelope;
    topic->state = STATE_IDLE;
    topic->created_realtime_ns = topic->state_since_realtime_ns = clock_realtime_ns();
    refcount_init(&topic->references, 1);
    lock_init(&topic->lock);
    condition_init(&topic->published);
    condition_init(&topic->demand_returned);
    condition_init(&topic->supply_returned);
    control_port_init(&topic->controls);
    mailbox_init(&topic->mailbox);
    motion_port_init(&topic->motion);
    *out = topic;
    return ERR_OK;
}

void topic_set_event_log(struct topic *topic, struct event_log *event_log, bool logs_state) {
    topic->event_log = event_log;
    topic->logs_state = logs_state;
}

enum err topic_create_derived(struct topic *source, const struct topic_settings *settings,
                              const struct frame_envelope *envelope, struct topic **topic) {
    enum err error = topic_create(settings, envelope, topic);
    if (error == ERR_OK) {
        (*topic)->source = topic_ref(source);
    }
    return error;
}

struct topic *topic_ref(struct topic *topic) {
    refcount_take(&topic->references);
    return topic;
}

void topic_unref(struct topic **topic_pointer) {
    struct topic *topic = *topic_pointer;
    *topic_pointer = NULL;
    if (topic == NULL || !refcount_drop(&topic->references)) {
        return;
    }
    assert(LIST_EMPTY(&topic->subscribers) && LIST_EMPTY(&topic->watches));
    struct dropped_frames dropped;
    frame_ring_clear(&topic->ring, &dropped);
    dropped_frames_release(&dropped);
    frame_queue_unref(&topic->queue);
    control_port_finish(&topic->controls);
    motion_port_finish(&topic->motion);
    mailbox_finish(&topic->mailbox);
    condition_finish(&topic->supply_returned);
    condition_finish(&topic->demand_returned);
    condition_finish(&topic->published);
    lock_finish(&topic->lock);
    topic_unref(&topic->source);
    free(topic);
}

const char *topic_id(const struct topic *topic) { return topic->id; }

void topic_copy_settings(struct topic *topic, struct topic_settings *settings) {
    lock_acquire(&topic->lock);
    *settings = topic->settings;
    lock_release(&topic->lock);
}

void topic_copy_name(struct topic *topic, char name[TOPIC_NAME_MAX_BYTES + 1]) {
    lock_acquire(&topic->lock);
    memcpy(name, topic->settings.name, sizeof topic->settings.name);
    lock_release(&topic->lock);
}

bool topic_has_controls(struct topic *topic) {
    lock_acquire(&topic->lock);
    bool has_controls = topic->settings.has_controls;
    lock_release(&topic->lock);
    return has_controls;
}

unsigned topic_max_variants(struct topic *topic) {
    lock_acquire(&topic->lock);
    unsigned max_variants = topic->settings.max_variants;
    lock_release(&topic->lock);
    return max_variants;
}

bool topic_find_variant(struct topic *topic, const char *name, struct variant_request *request) {
    bool found = false;
    lock_acquire(&topic->lock);
    for (size_t i = 0; i < topic->settings.variant_count && !found; i++) {
        const struct variant_settings *variant = &topic->settings.variants[i];
        found = strcmp(variant->name, name) == 0;
        if (found) {
            *request = variant->request;
        }
    }
    lock_release(&topic->lock);
    return found;
}

bool topic_is_shared(const struct topic *topic) { return refcount_is_shared(&topic->references); }

struct control_port *topic_controls(struct topic *topic) {
    return &topic->controls;
}

struct mailbox *topic_mailbox(struct topic *topic) {
    return &topic->mailbox;
}

struct motion_port *topic_motion(struct topic *topic) {
    return &topic->motion;
}

/* The inboxes to wake, each with a reference: they are woken after the lock is released. */
struct wake_list {
    struct inbox *inboxes[TOPIC_INBOXES_MAX];
    unsigned count;
};

static void collect_inboxes_locked(struct topic *topic, struct wake_list *list) REQUIRES(&topic->lock) {
    list->count = 0;
    struct inbox_watch *watch;
    LIST_FOREACH (watch, &topic->watches, in_topic) {
        if (inbox_watch_fire(watch)) {
            list->inboxes[list->count++] = inbox_ref(watch->inbox);
        }
    }
}

/* wake: inbox_notify() or inbox_wake(). */
static void wake_all(struct topic *topic, struct wake_list *list, void (*wake)(struct inbox *)) {
    for (unsigned i = 0; i < list->count; i++) {
        wake(list->inboxes[i]);
        inbox_unref(&list->inboxes[i]);
    }
    condition_broadcast(&topic->published);
}

static void log_state_locked(struct topic *topic, enum camera_state before) REQUIRES(&topic->lock) {
    if (topic->event_log == NULL || !topic->logs_state || topic->closed) {
        return;
    }
    struct event_log_entry entry = {
        .kind = EVENT_LOG_STATE, .from = before, .to = topic->state, .reason = topic->error};
    memcpy(entry.camera, topic->id, sizeof topic->id);
    event_log_publish(topic->event_log, &entry);
}

static void change_state_locked(struct topic *topic, enum camera_state state, const char *error)
    REQUIRES(&topic->lock) {
    enum camera_state before = topic->state;
    const bool had_error = topic->error.text[0] != '\0', has_error = error != NULL && error[0] != '\0';
    topic->state = state;
    topic->state_change++;
    reason_set(&topic->error, "%s", has_error ? error : "");
    /* An idle camera is found dead, or alive again. */
    if (before != state || (state == STATE_IDLE && had_error != has_error)) {
        topic->state_since_realtime_ns = clock_realtime_ns();
        log_state_locked(topic, before);
    }
}

static void count_live_locked(struct topic *topic, const struct frame *frame) REQUIRES(&topic->lock) {
    const struct frame_info *info = frame_info(frame);
    assert(info->sequence >= topic->last.sequence || info->is_recorded); /* each run of the program counts from 1 */
    topic->last = *info;
    topic->last_bytes = frame_payload(frame).count;
    topic->live_bytes += topic->last_bytes;
    topic->live_frames++;
    rate_add(&topic->captured_rate, info->captured_monotonic_ns);
}

/* Read under the lock, which topic_begin_generation() takes after it has raised the number: a frame that is let through
 * before that is in the ring by then, and dropped there. */
static bool is_outdated(const struct topic *topic, const struct frame_info *info) {
    return info->state == STATE_LIVE && info->generation < topic_generation(topic);
}

void topic_relay(struct topic *topic, struct frame **frame_pointer) {
    struct frame *frame = *frame_pointer;
    *frame_pointer = NULL;
    struct frame_info *info = frame_edit_info(frame);
    info->published_monotonic_ns = clock_monotonic_ns();
    frame_seal(frame, topic->envelope, topic->id);

    struct wake_list wake;
    lock_acquire(&topic->lock);
    const bool outdated = is_outdated(topic, info);
    if (topic->closed || outdated) {
        topic->dropped += outdated;
        lock_release(&topic->lock);
        frame_unref(&frame);
        return;
    }
    if (topic->state != info->state) {
        change_state_locked(topic, info->state, NULL);
    }
    info->position = topic->ring.position + 1;
    if (info->state == STATE_LIVE) {
        count_live_locked(topic, frame);
    }
    struct frame *queued = topic->queue != NULL && info->state == STATE_LIVE ? frame_ref(frame) : NULL;
    struct frame_queue *queue = queued != NULL ? frame_queue_ref(topic->queue) : NULL;
    frame = frame_ring_push(&topic->ring, frame);
    collect_inboxes_locked(topic, &wake);
    lock_release(&topic->lock);
    wake_all(topic, &wake, inbox_notify);
    if (queue != NULL) {
        frame_queue_push(queue, &queued);
        frame_queue_unref(&queue);
    }
    frame_unref(&frame);
}

void topic_set_queue(struct topic *topic, struct frame_queue *queue) {
    struct frame_queue *taken = queue != NULL ? frame_queue_ref(queue) : NULL;
    lock_acquire(&topic->lock);
    struct frame_queue *before = topic->queue;
    topic->queue = taken;
    lock_release(&topic->lock);
    frame_queue_unref(&before);
}

void topic_publish(struct topic *topic, struct frame **frame) {
    struct frame_info *info = frame_edit_info(*frame);
    info->state = STATE_LIVE;
    timing_observe(TIMING_PUBLISH, clock_monotonic_ns() - info->captured_monotonic_ns);
    topic_relay(topic, frame);
}

void topic_publish_placeholder(struct topic *topic, struct frame **frame_pointer, uint64_t change) {
    struct frame *frame = *frame_pointer;
    *frame_pointer = NULL;
    struct wake_list wake = {.count = 0};

    lock_acquire(&topic->lock);
    struct frame_info *info = frame_edit_info(frame);
    info->state = topic->state;
    info->sequence = topic->last.sequence;
    lock_release(&topic->lock);
    frame_seal(frame, topic->envelope, topic->id);

    lock_acquire(&topic->lock);
    if (!topic->closed && topic->state_change == change && topic->state != STATE_LIVE && topic->state != STATE_IDLE) {
        info->position = topic->ring.position + 1;
        frame = frame_ring_push(&topic->ring, frame);
        collect_inboxes_locked(topic, &wake);
    }
    lock_release(&topic->lock);
    wake_all(topic, &wake, inbox_wake);
    frame_unref(&frame);
}

uint64_t topic_generation(const struct topic *topic) {
    return atomic_load(&(topic->source != NULL ? topic->source : topic)->generation);
}

void topic_drop_frames(struct topic *topic) {
    struct dropped_frames dropped = {{NULL}};
    lock_acquire(&topic->lock);
    frame_ring_clear(&topic->ring, &dropped);
    lock_release(&topic->lock);
    dropped_frames_release(&dropped);
}

static void clear_queue(struct topic *topic) {
    lock_acquire(&topic->lock);
    struct frame_queue *queue = topic->queue != NULL ? frame_queue_ref(topic->queue) : NULL;
    lock_release(&topic->lock);
    if (queue != NULL) {
        frame_queue_clear(queue);
        frame_queue_unref(&queue);
    }
}

uint64_t topic_begin_generation(struct topic *topic) {
    uint64_t generation = atomic_fetch_add(&topic->generation, 1) + 1;
    topic_drop_frames(topic);
    clear_queue(topic);
    motion_port_begin_generation(&topic->motion, generation);
    return generation;
}

void topic_change_settings(struct topic *topic, const struct topic_settings *settings) {
    assert(strcmp(settings->id, topic->id) == 0);
    assert(settings->ring_frames >= 1 && settings->ring_frames <= FRAME_RING_MAX);
    struct dropped_frames dropped;
    lock_acquire(&topic->lock);
    frame_ring_resize(&topic->ring, settings->ring_frames, &dropped);
    topic->settings = *settings;
    lock_release(&topic->lock);
    dropped_frames_release(&dropped);
}

uint64_t topic_set_state(struct topic *topic, enum camera_state state, const char *error) {
    assert(state != STATE_LIVE);
    struct dropped_frames dropped = {{NULL}};
    lock_acquire(&topic->lock);
    change_state_locked(topic, state, error);
    uint64_t change = topic->state_change;
    if (state == STATE_IDLE) {
        frame_ring_clear(&topic->ring, &dropped);
    }
    lock_release(&topic->lock);
    dropped_frames_release(&dropped);
    return change;
}

void topic_apply_report(struct topic *topic, const struct topic_report *report) {
    struct dropped_frames dropped = {{NULL}};
    lock_acquire(&topic->lock);
    topic->report = *report;
    topic->report.error = NULL;
    if (report->width_px > 0 && topic->last.width_px == 0) {
        topic->last.width_px = topic->width_px = report->width_px;
        topic->last.height_px = topic->height_px = report->height_px;
    }
    const bool has_error = report->error != NULL && report->error[0] != '\0';
    const bool is_newer = report->sequence >= topic->last.sequence;
    if (is_newer && (topic->state != report->state || strcmp(topic->error.text, has_error ? report->error : "") != 0)) {
        change_state_locked(topic, report->state, report->error);
        if (report->state == STATE_IDLE) {
            frame_ring_clear(&topic->ring, &dropped);
        }
    }
    lock_release(&topic->lock);
    dropped_frames_release(&dropped);
}

bool topic_set_stale(struct topic *topic, int64_t captured_before_ns, const char *error, uint64_t *change) {
    lock_acquire(&topic->lock);
    bool stale = topic->state == STATE_LIVE && topic->last.captured_monotonic_ns < captured_before_ns;
    if (stale) {
        change_state_locked(topic, STATE_STALE, error);
        *change = topic->state_change;
    }
    lock_release(&topic->lock);
    return stale;
}

void topic_set_capture(struct topic *topic, uint32_t width_px, uint32_t height_px, const char *format) {
    lock_acquire(&topic->lock);
    topic->width_px = width_px;
    topic->height_px = height_px;
    topic->format = format;
    lock_release(&topic->lock);
}

void topic_count_dropped(struct topic *topic, uint64_t frames) {
    lock_acquire(&topic->lock);
    topic->dropped = add_count(topic->dropped, frames);
    lock_release(&topic->lock);
}

void topic_count_invalid(struct topic *topic) {
    lock_acquire(&topic->lock);
    topic->invalid++;
    lock_release(&topic->lock);
}

void topic_count_restart(struct topic *topic) {
    lock_acquire(&topic->lock);
    topic->restarts++;
    lock_release(&topic->lock);
}

void topic_close(struct topic *topic) {
    struct wake_list wake;
    lock_acquire(&topic->lock);
    topic->closed = true;
    collect_inboxes_locked(topic, &wake);
    lock_release(&topic->lock);
    mailbox_evict(&topic->mailbox);
    wake_all(topic, &wake, inbox_wake);
}

struct frame *topic_newest(struct topic *topic) {
    lock_acquire(&topic->lock);
    struct frame *newest = frame_ring_newest(&topic->ring);
    if (newest != NULL) {
        frame_ref(newest);
    }
    lock_release(&topic->lock);
    return newest;
}

uint32_t topic_width_px(struct topic *topic) {
    lock_acquire(&topic->lock);
    uint32_t width_px = topic->last.width_px;
    lock_release(&topic->lock);
    return width_px;
}

uint64_t topic_sequence(struct topic *topic) {
    lock_acquire(&topic->lock);
    uint64_t sequence = topic->last.sequence;
    lock_release(&topic->lock);
    return sequence;
}

enum camera_state topic_state(struct topic *topic) { return topic_state_detail(topic, NULL, NULL); }

enum camera_state topic_state_detail(struct topic *topic, int64_t *since_realtime_ns, struct reason *error) {
    lock_acquire(&topic->lock);
    enum camera_state state = topic->state;
    if (since_realtime_ns != NULL) {
        *since_realtime_ns = topic->state_since_realtime_ns;
    }
    if (error != NULL) {
        *error = topic->error;
    }
    lock_release(&topic->lock);
    return state;
}
