#include "broker/cluster/directory.h"

#include "broker/base/clock.h"

#include <stdlib.h>
#include <string.h>

/* Larger than any entry. */
#define ENTRY_MAX_BYTES 4096
#define HASH_BEGIN UINT64_C(14695981039346656037) /* FNV-1a */
#define HASH_FACTOR UINT64_C(1099511628211)

struct directory {
    struct broker *broker;
    struct cluster_rules *rules;
    uint64_t epoch;
    struct lock lock;
    struct topic_list *list GUARDED_BY(lock); /* a reference */
    uint64_t generation GUARDED_BY(lock), hash GUARDED_BY(lock);
};

static void describe(struct topic *topic, struct directory_entry *entry) {
    struct topic_snapshot snapshot;
    topic_snapshot_brief(topic, &snapshot);
    *entry = (struct directory_entry){
        .settings = snapshot.settings,
        .generation = topic_generation(topic),
        .width_px = snapshot.width_px,
        .height_px = snapshot.height_px,
        .figures = {.state = snapshot.state,
                    .sequence = snapshot.last_sequence,
                    .motion_is_configured = snapshot.motion.is_configured,
                    .motion_is_active = snapshot.motion.is_active,
                    .motion_is_moving = snapshot.motion.is_moving},
    };
    reason_set(&entry->error, "%s", snapshot.error);
    if (snapshot.last_sequence != 0) {
        entry->figures.captured_realtime_ns = snapshot.last_captured_realtime_ns;
        entry->figures.age_ns = snapshot.last_age_ns;
    }
    topic_snapshot_finish(&snapshot);
}

/* ---- Changes ---- */

static uint64_t hash_bytes(uint64_t hash, const uint8_t *bytes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        hash = (hash ^ bytes[i]) * HASH_FACTOR;
    }
    return hash;
}

/* Of all but the figures that change with each frame. */
static uint64_t hash_cameras(const struct topic_list *list) {
    uint64_t hash = HASH_BEGIN;
    for (size_t i = 0; i < list->count; i++) {
        struct directory_entry entry;
        uint8_t bytes[ENTRY_MAX_BYTES];
        describe(list->topics[i], &entry);
        entry.figures = (struct camera_figures){.state = entry.figures.state,
                                                .motion_is_configured = entry.figures.motion_is_configured,
                                                .motion_is_active = entry.figures.motion_is_active};
        struct wire_writer writer = {.bytes = bytes, .capacity = sizeof bytes};
        directory_entry_write(&writer, &entry);
        hash = hash_bytes(hash, bytes, writer.count);
    }
    return hash;
}

static bool is_exported(struct directory *directory, const struct topic *topic) {
    const char *id = topic_id(topic);
    return strchr(id, '.') == NULL && cluster_rules_export(directory->rules, id);
}

/* NULL: no memory. */
static struct topic_list *list_exported(struct directory *directory) {
    struct topic_list *all = broker_topics(directory->broker), *exported = NULL;
    struct topic **topics = calloc(all->count + 1, sizeof(struct topic *));
    size_t count = 0;
    for (size_t i = 0; topics != NULL && i < all->count && count < CLUSTER_CAMERAS_MAX; i++) {
        if (is_exported(directory, all->topics[i])) {
            topics[count++] = all->topics[i];
        }
    }
    if (topics == NULL || topic_list_create(topics, count, &exported) != ERR_OK) {
        exported = NULL;
    }
    free(topics);
    topic_list_unref(&all);
    return exported;
}

bool directory_refresh(struct directory *directory) {
    struct topic_list *list = list_exported(directory);
    if (list == NULL) {
        return false; /* as it was */
    }
    const uint64_t hash = hash_cameras(list);
    lock_acquire(&directory->lock);
    struct topic_list *before = directory->list;
    const bool changed = hash != directory->hash;
    directory->list = list;
    directory->hash = hash;
    directory->generation += changed;
    lock_release(&directory->lock);
    topic_list_unref(&before);
    return changed;
}

/* ---- Messages ---- */

static struct topic_list *take_list(struct directory *directory, uint64_t *generation) {
    lock_acquire(&directory->lock);
    struct topic_list *list = topic_list_ref(directory->list);
    *generation = directory->generation;
    lock_release(&directory->lock);
    return list;
}

size_t directory_count(struct directory *directory) {
    lock_acquire(&directory->lock);
    const size_t count = directory->list->count;
    lock_release(&directory->lock);
    return count;
}

void directory_write_beacon(struct directory *directory, const struct beacon_message *wanted,
                            struct wire_writer *writer) {
    struct beacon_message beacon = *wanted;
    struct topic_list *list = take_list(directory, &beacon.generation);
    beacon.epoch = directory->epoch;
    beacon.sent_realtime_ns = clock_realtime_ns();
    beacon.camera_count = (uint32_t)list->count;
    beacon_message_write(writer, &beacon);
    for (size_t i = 0; i < list->count; i++) {
        struct directory_entry entry;
        describe(list->topics[i], &entry);
        camera_figures_write(writer, &entry.figures);
    }
    topic_list_unref(&list);
}

void directory_write_page(struct directory *directory, uint32_t from, struct wire_writer *writer) {
    struct directory_message head = {.epoch = directory->epoch, .from = from};
    struct topic_list *list = take_list(directory, &head.generation);
    head.total = (uint32_t)list->count;
    head.from = from < head.total ? from : head.total;
    /* The head again, once the count is known. */
    struct wire_writer begin = *writer;
    directory_message_write(writer, &head);
    for (size_t i = head.from; i < list->count && !writer->is_full; i++) {
        struct directory_entry entry;
        struct wire_writer before = *writer;
        describe(list->topics[i], &entry);
        directory_entry_write(writer, &entry);
        if (writer->is_full) {
            *writer = before;
            break;
        }
        head.count++;
    }
    directory_message_write(&begin, &head);
    topic_list_unref(&list);
}

enum err directory_create(struct broker *broker, struct cluster_rules *rules, uint64_t epoch, struct directory **out) {
    struct directory *directory = calloc(1, sizeof *directory);
    if (directory == NULL) {
        return ERR_MEMORY;
    }
    directory->broker = broker;
    directory->rules = rules;
    directory->epoch = epoch;
    lock_init(&directory->lock);
    directory->list = list_exported(directory);
    if (directory->list == NULL) {
        directory_destroy(&directory);
        return ERR_MEMORY;
    }
    directory->generation = 1;
    directory->hash = hash_cameras(directory->list);
    *out = directory;
    return ERR_OK;
}

void directory_destroy(struct directory **directory_pointer) {
    struct directory *directory = *directory_pointer;
    *directory_pointer = NULL;
    if (directory != NULL) {
        topic_list_unref(&directory->list);
        lock_finish(&directory->lock);
        free(directory);
    }
}
