#include "broker/cluster/import/importer_private.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/string_view.h"
#include "broker/topic_demand.h"
#include "broker/variant_supply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void wake(struct importer *importer) { importer->wake(importer->wake_user); }

struct import_node *importer_find_node_locked(struct importer *importer, const char *name) {
    struct import_node *node;
    LIST_FOREACH (node, &importer->nodes, in_importer) {
        if (strcmp(node->name, name) == 0) {
            return node;
        }
    }
    return NULL;
}

struct wire_writer importer_scratch(struct importer *importer, size_t bytes) {
    if (bytes > importer->scratch_bytes) {
        free(importer->scratch);
        importer->scratch = malloc(bytes);
        importer->scratch_bytes = importer->scratch != NULL ? bytes : 0;
    }
    return (struct wire_writer){.bytes = importer->scratch, .capacity = importer->scratch_bytes};
}

void importer_count_malformed(struct importer *importer) {
    atomic_fetch_add_explicit(&importer->malformed, 1, memory_order_relaxed);
}

/* ---- Channels ---- */

struct import_channel *importer_open_channel(struct importer *importer, struct import_node *node,
                                             struct import_camera *camera, const struct lease_channel *wanted,
                                             struct topic *topic) {
    struct import_channel *channel = import_channel_create(wanted, camera, topic);
    if (channel == NULL) {
        return NULL;
    }
    lock_acquire(&importer->lock);
    if (node->channel_count == 0) {
        node->grace_ns = clock_monotonic_ns();
    }
    const bool has_room = import_node_add_channel(node, channel);
    node->lease_is_due = true;
    lock_release(&importer->lock);
    if (!has_room) {
        import_channel_unref(&channel);
        log_rate_limited(LOG_LEVEL_WARNING, NULL, "cluster", "more than %u pictures of node %s are watched",
                         IMPORT_CHANNELS_MAX, node->name);
        return NULL;
    }
    wake(importer);
    return channel;
}

void importer_abandon_channel(struct importer *importer, struct import_channel *channel) {
    lock_acquire(&importer->lock);
    import_node_remove_channel(channel->node, channel);
    channel->node->lease_is_due = true;
    lock_release(&importer->lock);
    wake(importer);
}

void importer_close_channel(struct importer *importer, struct import_channel **channel_pointer) {
    struct import_channel *channel = *channel_pointer;
    importer_abandon_channel(importer, channel);
    lock_acquire(&importer->lock);
    while (channel->is_publishing) {
        condition_wait(&importer->idle, &importer->lock);
    }
    lock_release(&importer->lock);
    import_channel_unref(channel_pointer);
}

static void on_demand(void *user) {
    struct importer *importer = user;
    atomic_store_explicit(&importer->demand_changed, true, memory_order_relaxed);
    wake(importer);
}

/* ---- Variants, on their thread ---- */

static enum err open_variant(void *user, const char *id, const struct variant_request *request, struct topic *topic,
                             void **supplied) {
    struct importer *importer = user;
    struct lease_channel wanted = {.request = *request};
    struct import_camera *camera = NULL;
    struct import_node *node;
    struct string_view rest = string_view_of(id);
    struct string_view name = string_view_take(&rest, '.');
    char node_name[NODE_MAX_BYTES + 1];
    snprintf(node_name, sizeof node_name, "%.*s", (int)name.count, name.bytes);
    lock_acquire(&importer->lock);
    node = importer_find_node_locked(importer, node_name);
    camera = node != NULL ? import_node_find_camera(node, rest.bytes) : NULL;
    camera = camera != NULL ? import_camera_ref(camera) : NULL;
    lock_release(&importer->lock);
    if (camera == NULL) {
        return ERR_CLOSED;
    }
    snprintf(wanted.camera, sizeof wanted.camera, "%s", camera->id);
    struct import_channel *channel = importer_open_channel(importer, node, camera, &wanted, topic);
    import_camera_unref(&camera);
    *supplied = channel;
    /* The node has a reference until it is closed: by the call below, or with the camera, which ends these calls. */
    import_channel_unref(&channel);
    return *supplied != NULL ? ERR_OK : ERR_MEMORY;
}

static void close_variant(void *user, void *supplied) {
    struct import_channel *channel = import_channel_ref(supplied);
    importer_close_channel(user, &channel);
}

static const struct variant_supply supply = {.open = open_variant, .close = close_variant};

void importer_connect_camera(struct importer *importer, struct import_camera *camera) {
    topic_on_demand(camera->topic, on_demand, importer);
    topic_set_variant_supply(camera->topic, &supply, importer);
}

/* All channels of a camera, for which no more are opened. */
static void close_channels_of(struct importer *importer, struct import_node *node, const struct import_camera *camera) {
    for (size_t i = 0; i < IMPORT_CHANNELS_MAX; i++) {
        lock_acquire(&importer->lock);
        struct import_channel *channel = node->channels[i];
        channel = channel != NULL && channel->camera == camera ? import_channel_ref(channel) : NULL;
        lock_release(&importer->lock);
        if (channel != NULL) {
            topic_close(channel->topic);
            importer_close_channel(importer, &channel);
        }
    }
}

void importer_disconnect_camera(struct importer *importer, struct import_node *node, struct import_camera *camera) {
    topic_on_demand(camera->topic, NULL, NULL);
    topic_set_variant_supply(camera->topic, NULL, NULL);
    close_channels_of(importer, node, camera);
    if (camera->channel != NULL) {
        import_channel_unref(&camera->channel);
    }
}
