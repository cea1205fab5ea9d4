#include "broker/timing.h"
#include "broker/topic_private.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum err topic_create(const struct topic_settings *settings, const struct frame_envelope *envelope,
                      struct topic **out) {
    assert(settings->ring_frames >= 1 && settings->ring_frames <= RING_FRAMES_MAX);
    struct topic *topic = calloc(1, sizeof *topic);
    if (topic == NULL) {
        return ERR_MEMORY;
    }
    topic->settings = *settings;
    memcpy(topic->id, settings->id, sizeof topic->id);
    topic->envelope = envelope;
    topic->state = STATE_IDLE;
    topic->created_realtime_ns = topic->state_since_realtime_ns = clock_realtime_ns();
    atomic_init(&topic->references, 1);
    lock_init(&topic->lock);
    condition_init(&topic->published);
    condition_init(&topic->demand_returned);
    control_port_init(&topic->controls);
    mailbox_init(&topic->mailbox);
    *out = topic;
    return ERR_OK;
}

void topic_set_journal(struct topic *topic, struct journal *journal, bool tells_state) {
    topic->journal = journal;
    topic->tells_state = tells_state;
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
    atomic_fetch_add_explicit(&topic->references, 1, memory_order_relaxed);
    return topic;
}

void topic_unref(struct topic **topic_pointer) {
    struct topic *topic = *topic_pointer;
    *topic_pointer = NULL;
    if (topic == NULL || atomic_fetch_sub_explicit(&topic->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    assert(topic->subscribers == NULL && topic->watches == NULL);
    for (unsigned i = 0; i < RING_FRAMES_MAX; i++) {
        frame_unref(&topic->ring[i]);
    }
    control_port_finish(&topic->controls);
    mailbox_finish(&topic->mailbox);
    condition_finish(&topic->demand_returned);
    condition_finish(&topic->published);
    lock_finish(&topic->lock);
    topic_unref(&topic->source);
    free(topic);
}

const char *topic_id(const struct topic *topic) { return topic->id; }

struct topic_settings topic_settings(struct topic *topic) {
    lock_acquire(&topic->lock);
    struct topic_settings settings = topic->settings;
    lock_release(&topic->lock);
    return settings;
}

bool topic_is_shared(const struct topic *topic) {
    /* Acquire, with the release in topic_unref(): whoever has left has finished with the topic. */
    return atomic_load_explicit(&topic->references, memory_order_acquire) > 1;
}

struct control_port *topic_controls(struct topic *topic) {
    return &topic->controls;
}

struct mailbox *topic_mailbox(struct topic *topic) {
    return &topic->mailbox;
}

/* The inboxes to wake, each with a reference: they are woken after the lock is released. */
struct wake_list {
    struct inbox *inboxes[TOPIC_INBOXES_MAX];
    unsigned count;
};

static void collect_inboxes_locked(struct topic *topic, struct wake_list *list) REQUIRES(&topic->lock) {
    list->count = 0;
    for (struct watch *watch = topic->watches; watch != NULL; watch = watch->next_of_topic) {
        /* Release, with the acquire in inbox_next(): who sees the flag sees the frame. */
        if (!atomic_exchange_explicit(&watch->fired, true, memory_order_acq_rel)) {
            atomic_fetch_add_explicit(&watch->inbox->references, 1, memory_order_relaxed);
            list->inboxes[list->count++] = watch->inbox;
        }
    }
}

/* tell: inbox_tell() or inbox_wake(). */
static void wake_everybody(struct topic *topic, struct wake_list *list, void (*tell)(struct inbox *)) {
    for (unsigned i = 0; i < list->count; i++) {
        tell(list->inboxes[i]);
        inbox_unref(&list->inboxes[i]);
    }
    condition_broadcast(&topic->published);
}

struct frame *topic_newest_locked(struct topic *topic) {
    return topic->ring[topic->position % topic->settings.ring_frames];
}

/* Returns the frame that leaves the ring, for the caller to release without the lock. */
static struct frame *push_locked(struct topic *topic, struct frame *frame) REQUIRES(&topic->lock) {
    topic->position++;
    struct frame **place = &topic->ring[topic->position % topic->settings.ring_frames];
    struct frame *oldest = *place;
    *place = frame;
    return oldest;
}

static void tell_state_locked(struct topic *topic, enum camera_state before) REQUIRES(&topic->lock) {
    if (topic->journal == NULL || !topic->tells_state || topic->closed) {
        return;
    }
    struct journal_entry entry = {.kind = JOURNAL_STATE, .from = before, .to = topic->state, .reason = topic->error};
    memcpy(entry.camera, topic->id, sizeof topic->id);
    journal_publish(topic->journal, &entry);
}

static void change_state_locked(struct topic *topic, enum camera_state state, const char *error)
    REQUIRES(&topic->lock) {
    enum camera_state before = topic->state;
    topic->state = state;
    topic->state_change++;
    reason_set(&topic->error, "%s", error != NULL ? error : "");
    if (before != state) {
        topic->state_since_realtime_ns = clock_realtime_ns();
        tell_state_locked(topic, before);
    }
}

static void count_live_locked(struct topic *topic, const struct frame *frame) REQUIRES(&topic->lock) {
    const struct frame_info *info = frame_info(frame);
    assert(info->sequence >= topic->last.sequence);
    topic->last = *info;
    topic->last_bytes = frame_payload(frame).count;
    topic->live_bytes += topic->last_bytes;
    topic->live_frames++;
    rate_add(&topic->captured_rate, info->captured_monotonic_ns);
}

void topic_relay(struct topic *topic, struct frame **frame_pointer) {
    struct frame *frame = *frame_pointer;
    *frame_pointer = NULL;
    struct frame_info *info = frame_edit_info(frame);
    info->published_monotonic_ns = clock_monotonic_ns();
    frame_seal(frame, topic->envelope, topic->id);

    struct wake_list wake;
    lock_acquire(&topic->lock);
    if (topic->closed) {
        lock_release(&topic->lock);
        frame_unref(&frame);
        return;
    }
    if (topic->state != info->state) {
        change_state_locked(topic, info->state, NULL);
    }
    info->position = topic->position + 1;
    if (info->state == STATE_LIVE) {
        count_live_locked(topic, frame);
    }
    frame = push_locked(topic, frame);
    collect_inboxes_locked(topic, &wake);
    lock_release(&topic->lock);
    wake_everybody(topic, &wake, inbox_tell);
    frame_unref(&frame);
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
        info->position = topic->position + 1;
        frame = push_locked(topic, frame);
        collect_inboxes_locked(topic, &wake);
    }
    lock_release(&topic->lock);
    wake_everybody(topic, &wake, inbox_wake);
    frame_unref(&frame);
}

/* Empties the ring into `frames`, which stay where they were. */
static void clear_ring_locked(struct topic *topic, struct frame *frames[RING_FRAMES_MAX]) REQUIRES(&topic->lock) {
    memcpy(frames, topic->ring, sizeof topic->ring);
    memset(topic->ring, 0, sizeof topic->ring);
}

static void release_frames(struct frame *frames[RING_FRAMES_MAX]) {
    for (unsigned i = 0; i < RING_FRAMES_MAX; i++) {
        frame_unref(&frames[i]);
    }
}

/* The frames that no longer fit, the oldest, are left in `dropped`. */
static void resize_ring_locked(struct topic *topic, unsigned ring_frames, struct frame *dropped[RING_FRAMES_MAX])
    REQUIRES(&topic->lock) {
    unsigned before = topic->settings.ring_frames;
    clear_ring_locked(topic, dropped);
    for (uint64_t age = 0; age < before && age < ring_frames && age < topic->position; age++) {
        uint64_t position = topic->position - age;
        topic->ring[position % ring_frames] = dropped[position % before];
        dropped[position % before] = NULL;
    }
}

void topic_change_settings(struct topic *topic, const struct topic_settings *settings) {
    assert(strcmp(settings->id, topic->id) == 0);
    assert(settings->ring_frames >= 1 && settings->ring_frames <= RING_FRAMES_MAX);
    struct frame *dropped[RING_FRAMES_MAX];
    lock_acquire(&topic->lock);
    resize_ring_locked(topic, settings->ring_frames, dropped);
    bool other_key = strcmp(settings->push_key, topic->settings.push_key) != 0;
    topic->settings = *settings;
    lock_release(&topic->lock);
    if (other_key) {
        mailbox_evict(&topic->mailbox);
    }
    release_frames(dropped);
}

uint64_t topic_set_state(struct topic *topic, enum camera_state state, const char *error) {
    assert(state != STATE_LIVE);
    struct frame *dropped[RING_FRAMES_MAX] = {NULL};
    lock_acquire(&topic->lock);
    change_state_locked(topic, state, error);
    uint64_t change = topic->state_change;
    if (state == STATE_IDLE) {
        clear_ring_locked(topic, dropped);
    }
    lock_release(&topic->lock);
    release_frames(dropped);
    return change;
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
    topic->dropped += frames;
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
    wake_everybody(topic, &wake, inbox_wake);
}

bool topic_wanted(struct topic *topic, int64_t *until_ns) {
    lock_acquire(&topic->lock);
    bool watched = topic->subscriber_count > 0 || !topic->settings.on_demand;
    int64_t until = CLOCK_NEVER;
    if (!watched) {
        until = topic->unwatched_since_ns != 0 ? topic->unwatched_since_ns + topic->settings.idle_timeout_ns : 0;
    }
    lock_release(&topic->lock);
    if (until_ns != NULL) {
        *until_ns = until;
    }
    return watched || clock_monotonic_ns() < until;
}

void topic_on_demand(struct topic *topic, topic_demand *demand, void *user) {
    lock_acquire(&topic->lock);
    topic->demand = demand;
    topic->demand_user = user;
    while (topic->demand_calls > 0) {
        condition_wait(&topic->demand_returned, &topic->lock);
    }
    lock_release(&topic->lock);
}

void topic_call_demand(struct topic *topic) {
    lock_acquire(&topic->lock);
    topic_demand *demand = topic->demand;
    void *user = topic->demand_user;
    topic->demand_calls++;
    lock_release(&topic->lock);
    if (demand != NULL) {
        demand(user);
    }
    lock_acquire(&topic->lock);
    topic->demand_calls--;
    condition_broadcast(&topic->demand_returned);
    lock_release(&topic->lock);
}

struct frame *topic_newest(struct topic *topic) {
    lock_acquire(&topic->lock);
    struct frame *newest = topic_newest_locked(topic);
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
