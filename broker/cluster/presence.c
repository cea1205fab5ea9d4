#include "broker/cluster/presence.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/cluster/cluster_messages.h"
#include "broker/cluster/subject.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define BEACON_INTERVAL_NS (5 * NS_PER_S)
/* Between beacons of new generations. */
#define REFRESH_INTERVAL_NS (200 * NS_PER_MS)
#define BEACON_HEAD_BYTES 64
#define BEACON_CAMERA_BYTES 32
#define EVENT_BYTES 1024

struct presence {
    struct presence_settings settings;
    struct event_log_reader *events;
    atomic_bool dirty;    /* the directory may have changed */
    atomic_bool is_asked; /* another node has connected, which does not know this one */
    /* The thread's: */
    bool is_new; /* others do not know yet that it is connected */
    int64_t beacon_due_ns, refreshed_ns;
};

enum err presence_create(const struct presence_settings *settings, struct presence **out) {
    struct presence *presence = calloc(1, sizeof *presence);
    if (presence == NULL) {
        return ERR_MEMORY;
    }
    presence->settings = *settings;
    struct event_log *log = broker_event_log(settings->broker);
    enum err error = event_log_reader_create(log, event_log_newest(log), &presence->events);
    if (error != ERR_OK) {
        free(presence);
        return error;
    }
    *out = presence;
    return ERR_OK;
}

void presence_destroy(struct presence **presence_pointer) {
    struct presence *presence = *presence_pointer;
    *presence_pointer = NULL;
    if (presence != NULL) {
        event_log_reader_destroy(&presence->events);
        free(presence);
    }
}

void presence_note_change(struct presence *presence) {
    atomic_store_explicit(&presence->dirty, true, memory_order_relaxed);
}

void presence_note_stranger(struct presence *presence) {
    atomic_store_explicit(&presence->is_asked, true, memory_order_relaxed);
}

void presence_begin_connection(struct presence *presence) {
    presence->is_new = true;
    presence->beacon_due_ns = 0;
}

void presence_set_due(struct presence *presence) { presence->beacon_due_ns = 0; }

void presence_set_due_soon(struct presence *presence) {
    presence->beacon_due_ns = min_i64(presence->beacon_due_ns, presence->refreshed_ns + REFRESH_INTERVAL_NS);
}

int presence_events_fd(const struct presence *presence) { return event_log_reader_fd(presence->events); }

/* ---- Beacons ---- */

static void send_beacon(struct presence *presence, bool is_leaving) {
    const size_t capacity = BEACON_HEAD_BYTES + directory_count(presence->settings.directory) * BEACON_CAMERA_BYTES;
    uint8_t *bytes = malloc(capacity);
    if (bytes == NULL) {
        return;
    }
    struct wire_writer writer = {.bytes = bytes, .capacity = capacity};
    const struct beacon_message beacon = {.started_realtime_ns = presence->settings.started_realtime_ns,
                                          .is_leaving = is_leaving,
                                          .is_new = presence->is_new};
    directory_write_beacon(presence->settings.directory, &beacon, &writer);
    presence->is_new = false;
    char subject[LINK_SUBJECT_BYTES];
    subject_format(subject, "node", presence->settings.node);
    if (!writer.is_full) {
        enum err error = nats_link_publish(presence->settings.link, subject, NULL, writer.bytes, writer.count);
        (void)error; /* the next one follows */
    }
    free(bytes);
    presence->beacon_due_ns = clock_monotonic_ns() + BEACON_INTERVAL_NS;
}

int64_t presence_work(struct presence *presence, int64_t now_ns) {
    if (atomic_exchange_explicit(&presence->is_asked, false, memory_order_relaxed)) {
        /* Not all nodes at once. */
        const int64_t jitter_ns = (int64_t)(presence->settings.epoch % (uint64_t)REFRESH_INTERVAL_NS);
        presence->beacon_due_ns =
            min_i64(presence->beacon_due_ns, max_i64(now_ns, presence->refreshed_ns + REFRESH_INTERVAL_NS) + jitter_ns);
    }
    const bool is_due = now_ns >= presence->beacon_due_ns;
    const int64_t refresh_ns = presence->refreshed_ns + REFRESH_INTERVAL_NS;
    if (!is_due && !atomic_load_explicit(&presence->dirty, memory_order_relaxed)) {
        return presence->beacon_due_ns;
    }
    if (!is_due && now_ns < refresh_ns) {
        return refresh_ns;
    }
    atomic_store_explicit(&presence->dirty, false, memory_order_relaxed);
    presence->refreshed_ns = now_ns;
    const bool changed = directory_refresh(presence->settings.directory);
    if (is_due || changed) {
        send_beacon(presence, false);
    }
    return presence->beacon_due_ns;
}

/* ---- Events ---- */

static void send_event(struct presence *presence, const struct event_log_entry *entry) {
    uint8_t bytes[EVENT_BYTES];
    struct wire_writer writer = {.bytes = bytes, .capacity = sizeof bytes};
    event_message_write(&writer, entry);
    char subject[LINK_SUBJECT_BYTES];
    subject_format(subject, "events", presence->settings.node);
    if (!writer.is_full) {
        enum err error = nats_link_publish(presence->settings.link, subject, NULL, writer.bytes, writer.count);
        (void)error; /* events are not repeated */
    }
}

bool presence_follow_events(struct presence *presence, bool may_send) {
    struct event_log_entry entry;
    uint64_t missed;
    enum err error;
    while ((error = event_log_read(presence->events, &entry, &missed)) == ERR_OK) {
        if (strchr(entry.camera, '.') != NULL) {
            continue; /* of another node */
        }
        if (entry.kind == EVENT_LOG_STATE || entry.kind == EVENT_LOG_CAMERA_ADDED ||
            entry.kind == EVENT_LOG_CAMERA_REMOVED || entry.kind == EVENT_LOG_RELOADED || missed > 0) {
            atomic_store_explicit(&presence->dirty, true, memory_order_relaxed);
        }
        if (may_send && event_message_is_sent(entry.kind) &&
            cluster_rules_export(presence->settings.rules, entry.camera)) {
            send_event(presence, &entry);
        }
    }
    return error != ERR_CLOSED;
}

void presence_leave(struct presence *presence) { send_beacon(presence, true); }
