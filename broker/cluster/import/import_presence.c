#include "broker/cluster/import/import_presence.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"

#include <stdio.h>
#include <string.h>

#define CAMERAS_MAX CLUSTER_CAMERAS_MAX
/* A request for a directory that is not answered is made again. */
#define ASK_INTERVAL_NS (2 * NS_PER_S)
#define ASK_BYTES 16

/* ---- States ---- */

void importer_show_away(struct importer *importer, struct topic *topic, const char *why) {
    const uint64_t change = topic_set_state(topic, STATE_OFFLINE, why);
    struct topic_snapshot snapshot;
    topic_snapshot_brief(topic, &snapshot);
    const struct gap gap = {.name = snapshot.settings.name,
                            .reason = why,
                            .since_realtime_ns = snapshot.state_since_realtime_ns,
                            .width_px = snapshot.width_px,
                            .height_px = snapshot.height_px};
    struct frame *picture = NULL;
    if (importer->draw != NULL && importer->draw(broker_frame_pool(importer->broker), &gap, &picture) == ERR_OK) {
        topic_publish_placeholder(topic, &picture, change);
    }
    topic_snapshot_finish(&snapshot);
}

void importer_set_away(struct importer *importer, struct import_node *node, enum cluster_node_state state,
                       const char *why) {
    lock_acquire(&importer->lock);
    const bool changed = node->state != state;
    if (changed) {
        node->since_realtime_ns = clock_realtime_ns();
    }
    node->state = state;
    reason_set(&node->away_reason, "%s", why);
    node->away_ns = clock_monotonic_ns();
    node->stream = 0; /* whatever it sends next begins anew, also where a forged number has passed all of its own */
    lock_release(&importer->lock);
    for (size_t i = 0; i < node->cameras.count; i++) {
        import_camera_set_away(node->cameras.list[i], why);
    }
    for (size_t i = 0; i < IMPORT_CHANNELS_MAX; i++) {
        struct import_channel *channel;
        lock_acquire(&importer->lock);
        while ((channel = node->channels[i]) != NULL && channel->is_publishing) {
            condition_wait(&importer->idle, &importer->lock); /* or its frame would make the topic live again */
        }
        struct topic *topic = channel != NULL ? topic_ref(channel->topic) : NULL;
        const bool is_playback = channel != NULL && channel->wanted.playback != 0;
        lock_release(&importer->lock);
        if (is_playback) {
            topic_close(topic);
        } else if (topic != NULL) {
            importer_show_away(importer, topic, why);
        }
        topic_unref(&topic);
    }
    if (changed && node->cameras.count > 0) {
        log_event(LOG_LEVEL_WARNING, NULL, "cluster: %s", why);
    }
}

void importer_set_online(struct importer *importer, struct import_node *node) {
    lock_acquire(&importer->lock);
    const bool changed = node->state != CLUSTER_NODE_ONLINE;
    if (changed) {
        node->state = CLUSTER_NODE_ONLINE;
        node->since_realtime_ns = clock_realtime_ns();
        node->grace_ns = clock_monotonic_ns();
        node->lease_is_due = true;
    }
    lock_release(&importer->lock);
    if (changed) {
        node->generation = 0; /* its cameras' states are asked for */
        node->asked_ns = 0;
        log_event(LOG_LEVEL_INFO, NULL, "cluster: node %s is there again", node->name);
    }
}

/* ---- Cameras ---- */

static bool has_camera(const struct import_cameras *cameras, const struct import_camera *camera) {
    for (size_t i = 0; i < cameras->count; i++) {
        if (cameras->list[i] == camera) {
            return true;
        }
    }
    return false;
}

void importer_drop_cameras(struct importer *importer, struct import_node *node, struct import_cameras *remaining) {
    lock_acquire(&importer->lock);
    struct import_cameras before = node->cameras;
    node->cameras = *remaining;
    lock_release(&importer->lock);
    *remaining = (struct import_cameras){.list = NULL};
    importer->list_has_changed |= before.count != node->cameras.count;
    for (size_t i = 0; i < before.count; i++) {
        if (!has_camera(&node->cameras, before.list[i])) {
            importer->list_has_changed = true;
            importer_disconnect_camera(importer, node, before.list[i]);
        }
    }
    importer->camera_count = importer->camera_count - before.count + node->cameras.count;
    import_cameras_clear(&before);
}

static void leave_out(struct importer *importer, struct import_node *node, const struct directory_entry *entry) {
    lock_acquire(&importer->lock);
    node->left_out++;
    lock_release(&importer->lock);
    log_rate_limited(LOG_LEVEL_WARNING, NULL, "cluster",
                     "camera %s of node %s is left out: its id is too long, or there are too many cameras",
                     entry->settings.id, node->name);
}

/* One camera of a directory that is being read. False: no memory. */
static bool take_entry(struct importer *importer, struct import_node *node, const struct directory_entry *entry,
                       uint32_t place) {
    const char *id = entry->settings.id;
    if (!cluster_rules_import(importer->rules, node->name, id)) {
        return true;
    }
    struct import_camera *camera = import_node_find_camera(node, id);
    if (camera != NULL) {
        camera = import_camera_ref(camera);
    } else if (import_camera_fits(node->name, id) && importer->camera_count + node->arriving.count < CAMERAS_MAX) {
        camera = import_camera_create(importer->broker, node->name, entry);
        if (camera != NULL) {
            importer_connect_camera(importer, camera);
        }
    } else {
        leave_out(importer, node, entry);
        return true;
    }
    bool added = false;
    if (camera != NULL) {
        import_camera_apply_entry(camera, importer->broker, node->epoch, entry);
        camera->place = place;
        added = import_cameras_add(&node->arriving, camera);
    }
    import_camera_unref(&camera);
    return added;
}

/* ---- Directories ---- */

static void ask_for_directory(struct importer *importer, struct import_node *node, uint32_t from) {
    uint8_t bytes[ASK_BYTES];
    struct wire_writer writer = {.bytes = bytes, .capacity = sizeof bytes};
    wire_put_u8(&writer, CLUSTER_PROTOCOL);
    wire_put_u8(&writer, REQUEST_DIRECTORY);
    wire_put_u32(&writer, from);
    char subject[LINK_SUBJECT_BYTES], reply[LINK_SUBJECT_BYTES];
    subject_format_to(subject, "request", node->name, importer->self);
    snprintf(reply, sizeof reply, LINK_SUBJECT_PREFIX "inbox.%s.directory.%s", importer->self, node->name);
    node->asked_ns = clock_monotonic_ns();
    enum err error = nats_link_publish(importer->link, subject, reply, writer.bytes, writer.count);
    (void)error; /* it is asked again */
}

/* New cameras that were not taken over are forgotten. */
static void drop_arriving(struct importer *importer, struct import_node *node) {
    for (size_t i = 0; i < node->arriving.count; i++) {
        if (!has_camera(&node->cameras, node->arriving.list[i])) {
            importer_disconnect_camera(importer, node, node->arriving.list[i]);
        }
    }
    import_cameras_clear(&node->arriving);
    node->arriving_generation = 0;
}

int64_t importer_look_at_directory(struct importer *importer, struct import_node *node, int64_t now_ns) {
    if (node->state != CLUSTER_NODE_ONLINE || node->generation == node->wanted_generation) {
        return CLOCK_NEVER;
    }
    if (node->asked_ns != 0 && now_ns - node->asked_ns < ASK_INTERVAL_NS) {
        return node->asked_ns + ASK_INTERVAL_NS;
    }
    drop_arriving(importer, node);
    ask_for_directory(importer, node, 0);
    return now_ns + ASK_INTERVAL_NS;
}

static bool take_page(struct importer *importer, struct import_node *node, const struct directory_message *page,
                      struct wire_reader *reader) {
    struct directory_entry entry;
    for (uint32_t i = 0; i < page->count; i++) {
        if (!directory_entry_read(reader, &entry)) {
            importer_count_malformed(importer);
            return false;
        }
        if (!take_entry(importer, node, &entry, page->from + i)) {
            return false;
        }
    }
    return true;
}

static void take_directory(struct importer *importer, struct import_node *node, struct wire_reader *reader) {
    struct directory_message page;
    if (!directory_message_read(reader, &page)) {
        importer_count_malformed(importer);
        return;
    }
    if (page.from == 0) {
        drop_arriving(importer, node);
        node->arriving_generation = page.generation;
        lock_acquire(&importer->lock);
        node->left_out = 0;
        lock_release(&importer->lock);
    }
    const bool is_next = page.generation == node->arriving_generation && page.epoch == node->epoch &&
                         (page.count > 0 || page.from == page.total);
    if (!is_next || !take_page(importer, node, &page, reader)) {
        drop_arriving(importer, node); /* it is asked again from the start */
        return;
    }
    const uint32_t behind = page.from + page.count;
    if (behind < page.total) {
        ask_for_directory(importer, node, behind);
        return;
    }
    node->generation = page.generation;
    node->arriving_generation = 0;
    struct import_cameras arrived = node->arriving;
    node->arriving = (struct import_cameras){.list = NULL};
    importer_drop_cameras(importer, node, &arrived);
    node->asked_ns = 0;
    /* The wake of a viewer of a camera that was not known yet is long past. */
    atomic_store_explicit(&importer->demand_changed, true, memory_order_relaxed);
}

/* ---- Beacons ---- */

static struct import_node *add_node(struct importer *importer, const char *name) {
    struct import_node *node = importer->node_count < IMPORT_NODES_MAX ? import_node_create(name) : NULL;
    if (node != NULL) {
        importer->node_count++;
        lock_acquire(&importer->lock);
        LIST_INSERT_HEAD(&importer->nodes, node, in_importer);
        lock_release(&importer->lock);
    }
    return node;
}

static void take_figures(struct importer *importer, struct import_node *node, const struct beacon_message *beacon,
                         struct wire_reader *reader) {
    size_t next = 0;
    for (uint32_t place = 0; place < beacon->camera_count; place++) {
        struct camera_figures figures;
        if (!camera_figures_read(reader, &figures)) {
            importer_count_malformed(importer);
            return;
        }
        if (next < node->cameras.count && node->cameras.list[next]->place == place) {
            import_camera_apply_figures(node->cameras.list[next++], &figures);
        }
    }
}

static void take_beacon(struct importer *importer, const char *name, struct wire_reader *reader) {
    struct beacon_message beacon;
    if (!beacon_message_read(reader, &beacon)) {
        importer_count_malformed(importer);
        return;
    }
    struct import_node *node = importer_find_node_locked(importer, name); /* only this thread adds */
    if (node == NULL) {
        node = cluster_rules_import_node(importer->rules, name) && !beacon.is_leaving ? add_node(importer, name) : NULL;
    }
    if (node == NULL) {
        return;
    }
    if (beacon.is_leaving) {
        char why[80];
        snprintf(why, sizeof why, "node %s was stopped", node->name);
        importer_set_away(importer, node, CLUSTER_NODE_STOPPED, why);
        return;
    }
    node->heard_ns = clock_monotonic_ns();
    const bool is_new = node->epoch != beacon.epoch;
    if (is_new) {
        node->generation = 0;
        node->asked_ns = 0;
    }
    node->epoch = beacon.epoch;
    node->wanted_generation = beacon.generation;
    lock_acquire(&importer->lock);
    node->started_realtime_ns = beacon.started_realtime_ns;
    node->clock_ahead_ns = subtract_i64(beacon.sent_realtime_ns, clock_realtime_ns());
    /* A lease that was sent before the node had connected is lost, and the next would be late. */
    node->lease_is_due = node->lease_is_due || is_new || node->stream == 0;
    const bool was_stopped = node->state == CLUSTER_NODE_STOPPED;
    lock_release(&importer->lock);
    if (was_stopped) {
        importer_set_online(importer, node);
    }
    if (node->generation == beacon.generation && node->state == CLUSTER_NODE_ONLINE) {
        take_figures(importer, node, &beacon, reader);
    }
}

static void take_event(struct importer *importer, const char *name, struct wire_reader *reader) {
    struct event_log_entry entry;
    if (!event_message_read(reader, &entry)) {
        importer_count_malformed(importer);
        return;
    }
    struct import_node *node = importer_find_node_locked(importer, name);
    struct import_camera *camera = node != NULL ? import_node_find_camera(node, entry.camera) : NULL;
    if (camera != NULL) {
        import_camera_apply_event(camera, broker_event_log(importer->broker), &entry);
    }
}

/* ---- Messages ---- */

static void take_message(struct importer *importer, const struct link_message *message) {
    const char *subject = link_message_subject(message) + strlen(LINK_SUBJECT_PREFIX);
    const struct span bytes = link_message_bytes(message);
    struct wire_reader reader = {.bytes = bytes.bytes, .count = bytes.count};
    char name[NODE_MAX_BYTES + 1];
    if (importer->is_paused || !subject_read_sender(subject, name) || strcmp(name, importer->self) == 0) {
        return;
    }
    if (strncmp(subject, "node.", 5) == 0) {
        take_beacon(importer, name, &reader);
    } else if (strncmp(subject, "events.", 7) == 0) {
        take_event(importer, name, &reader);
    } else {
        struct import_node *node = importer_find_node_locked(importer, name);
        if (node != NULL) {
            take_directory(importer, node, &reader);
        }
    }
}

void importer_take_messages(struct importer *importer) {
    struct link_message *message;
    while ((message = message_queue_pop(&importer->messages)) != NULL) {
        take_message(importer, message);
        link_message_destroy(&message);
    }
}

void importer_take_message(void *user, struct link_message **message) {
    struct importer *importer = user;
    message_queue_push(&importer->messages, message);
    importer->wake(importer->wake_user);
}
