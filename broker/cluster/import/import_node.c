#include "broker/cluster/import/import_node.h"

#include "broker/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct import_node *import_node_create(const char *name) {
    struct import_node *node = calloc(1, sizeof *node);
    if (node != NULL) {
        snprintf(node->name, sizeof node->name, "%s", name);
        node->since_realtime_ns = clock_realtime_ns();
        node->state = CLUSTER_NODE_ONLINE;
    }
    return node;
}

bool import_cameras_add(struct import_cameras *cameras, struct import_camera *camera) {
    if (cameras->count == cameras->capacity) {
        const size_t capacity = cameras->capacity * 2 + 16;
        struct import_camera **list = realloc(cameras->list, capacity * sizeof(struct import_camera *));
        if (list == NULL) {
            return false;
        }
        cameras->list = list;
        cameras->capacity = capacity;
    }
    cameras->list[cameras->count++] = import_camera_ref(camera);
    return true;
}

void import_cameras_clear(struct import_cameras *cameras) {
    for (size_t i = 0; i < cameras->count; i++) {
        import_camera_unref(&cameras->list[i]);
    }
    free(cameras->list);
    *cameras = (struct import_cameras){.list = NULL};
}

void import_node_destroy(struct import_node **node_pointer) {
    struct import_node *node = *node_pointer;
    *node_pointer = NULL;
    if (node != NULL) {
        import_cameras_clear(&node->cameras);
        import_cameras_clear(&node->arriving);
        free(node);
    }
}

struct import_camera *import_node_find_camera(const struct import_node *node, const char *id) {
    for (size_t i = 0; i < node->cameras.count; i++) {
        if (strcmp(node->cameras.list[i]->id, id) == 0) {
            return node->cameras.list[i];
        }
    }
    return NULL;
}

/* ---- Channels ---- */

bool import_node_add_channel(struct import_node *node, struct import_channel *channel) {
    for (uint32_t place = 0; place < IMPORT_CHANNELS_MAX; place++) {
        if (node->channels[place] == NULL) {
            node->last_serial++;
            channel->wanted.number = node->last_serial * IMPORT_CHANNELS_MAX + place;
            channel->node = node;
            node->channels[place] = import_channel_ref(channel);
            node->channel_count++;
            return true;
        }
    }
    return false;
}

struct import_channel *import_node_find_channel(struct import_node *node, uint32_t number) {
    struct import_channel *channel = node->channels[number % IMPORT_CHANNELS_MAX];
    return channel != NULL && channel->wanted.number == number ? channel : NULL;
}

static uint64_t count_of(const _Atomic uint64_t *count) { return atomic_load_explicit(count, memory_order_relaxed); }

void import_node_remove_channel(struct import_node *node, struct import_channel *channel) {
    struct import_channel **place = &node->channels[channel->wanted.number % IMPORT_CHANNELS_MAX];
    if (*place == channel) {
        *place = NULL;
        node->channel_count--;
        node->frames += count_of(&channel->frames);
        node->bytes += count_of(&channel->bytes);
        node->frames_lost += count_of(&channel->lost);
        import_channel_unref(&(struct import_channel *){channel}); /* never the last: the caller has one */
    }
}

void import_node_write_lease(const struct import_node *node, struct lease_message *lease, struct wire_writer *writer) {
    lease->channel_count = (uint32_t)node->channel_count;
    lease_message_write(writer, lease);
    for (size_t i = 0; i < IMPORT_CHANNELS_MAX; i++) {
        if (node->channels[i] != NULL) {
            lease_channel_write(writer, &node->channels[i]->wanted);
        }
    }
}

enum err import_node_snapshot(const struct import_node *node, struct cluster_node_snapshot *snapshot) {
    *snapshot = (struct cluster_node_snapshot){
        .state = node->state,
        .since_realtime_ns = node->since_realtime_ns,
        .started_realtime_ns = node->started_realtime_ns,
        .round_trip_ns = node->channel_count > 0 ? node->round_trip_ns : 0,
        .clock_ahead_ns = node->clock_ahead_ns,
        .left_out = node->left_out,
        .frames = node->frames,
        .bytes = node->bytes,
        .lost = node->frames_lost,
        .channels = calloc(node->channel_count + 1, sizeof *snapshot->channels),
    };
    memcpy(snapshot->name, node->name, sizeof snapshot->name);
    if (snapshot->channels == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < IMPORT_CHANNELS_MAX; i++) {
        const struct import_channel *channel = node->channels[i];
        if (channel == NULL) {
            continue;
        }
        struct cluster_channel_snapshot *shown = &snapshot->channels[snapshot->channel_count++];
        *shown = (struct cluster_channel_snapshot){
            .variant = channel->wanted.request,
            .is_playback = channel->wanted.playback != 0,
            .is_refused = channel->refusal.text[0] != '\0',
            .reason = channel->refusal,
            .frames = count_of(&channel->frames),
            .bytes = count_of(&channel->bytes),
            .lost = count_of(&channel->lost),
        };
        memcpy(shown->camera, channel->wanted.camera, sizeof shown->camera);
        snapshot->frames += shown->frames;
        snapshot->bytes += shown->bytes;
        snapshot->lost += shown->lost;
    }
    return ERR_OK;
}
