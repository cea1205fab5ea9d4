#include "broker/cluster/import/import_channel.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#include <stdlib.h>

struct import_channel *import_channel_create(const struct lease_channel *wanted, struct import_camera *camera,
                                             struct topic *topic) {
    struct import_channel *channel = calloc(1, sizeof *channel);
    if (channel != NULL) {
        refcount_init(&channel->references, 1);
        channel->wanted = *wanted;
        channel->camera = import_camera_ref(camera);
        channel->topic = topic_ref(topic);
    }
    return channel;
}

struct import_channel *import_channel_ref(struct import_channel *channel) {
    refcount_take(&channel->references);
    return channel;
}

void import_channel_unref(struct import_channel **channel_pointer) {
    struct import_channel *channel = *channel_pointer;
    *channel_pointer = NULL;
    if (channel == NULL || !refcount_drop(&channel->references)) {
        return;
    }
    frame_assembly_finish(&channel->assembly);
    topic_unref(&channel->topic);
    import_camera_unref(&channel->camera);
    free(channel);
}

static void add_to(_Atomic uint64_t *count, uint64_t more) {
    atomic_fetch_add_explicit(count, more, memory_order_relaxed);
}

/* Takes *frame. */
static void publish(struct import_channel *channel, struct frame **frame, const struct frame_message *message,
                    int64_t waited_ns) {
    const int64_t now_ns = clock_monotonic_ns();
    struct frame_info *info = frame_edit_info(*frame);
    *info = message->info;
    /* Never 0, and not in the future. */
    info->captured_monotonic_ns = max_i64(subtract_i64(subtract_i64(now_ns, message->age_ns), waited_ns), 1);
    if (info->is_recorded) {
        info->generation = topic_generation(channel->topic);
    } else if (!import_camera_place(channel->camera, channel->topic, info)) {
        frame_unref(frame);
        return;
    }
    if (info->state == STATE_LIVE) {
        topic_set_capture(channel->topic, info->width_px, info->height_px, frame_format_name(FRAME_JPEG));
    }
    add_to(&channel->frames, 1);
    add_to(&channel->bytes, frame_payload(*frame).count);
    if (info->state == STATE_LIVE && !info->is_recorded) {
        topic_publish(channel->topic, frame);
    } else if (info->state != STATE_IDLE) {
        topic_relay(channel->topic, frame);
    }
    frame_unref(frame);
}

void import_channel_take(struct import_channel *channel, const struct frame_message *message, int64_t waited_ns,
                         struct frame_pool *pool) {
    struct frame *frame = NULL;
    uint64_t lost = 0;
    enum err error = frame_assembly_add(&channel->assembly, message, pool, &frame, &lost);
    add_to(&channel->lost, lost);
    if (error == ERR_OK && frame != NULL) {
        publish(channel, &frame, message, waited_ns);
    }
}
