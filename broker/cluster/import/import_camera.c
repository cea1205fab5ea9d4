#include "broker/cluster/import/import_camera.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/motion_port.h"
#include "broker/topic_report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Covers a page that is loaded again. */
#define IDLE_TIMEOUT_NS NS_PER_S

bool import_camera_fits(const char *node, const char *camera) {
    return strlen(node) + 1 + strlen(camera) <= TOPIC_ID_MAX_BYTES;
}

/* The id fits. */
static void fill_settings(struct topic_settings *settings, const char *node, const struct directory_entry *entry) {
    *settings = entry->settings;
    const size_t node_bytes = strlen(node);
    memcpy(settings->id, node, node_bytes);
    settings->id[node_bytes] = '.';
    memcpy(settings->id + node_bytes + 1, entry->settings.id, strlen(entry->settings.id) + 1);
    settings->source = "cluster";
    settings->on_demand = true;
    settings->is_kept_open = false;
    settings->idle_timeout_ns = IDLE_TIMEOUT_NS;
}

struct import_camera *import_camera_create(struct broker *broker, const char *node,
                                           const struct directory_entry *entry) {
    struct import_camera *camera = import_camera_fits(node, entry->settings.id) ? calloc(1, sizeof *camera) : NULL;
    if (camera == NULL) {
        return NULL;
    }
    struct topic_settings settings;
    fill_settings(&settings, node, entry);
    refcount_init(&camera->references, 1);
    memcpy(camera->id, entry->settings.id, sizeof camera->id);
    atomic_init(&camera->generation, entry->generation);
    if (broker_create_topic(broker, &settings, &camera->topic) != ERR_OK) {
        free(camera);
        return NULL;
    }
    return camera;
}

struct import_camera *import_camera_ref(struct import_camera *camera) {
    refcount_take(&camera->references);
    return camera;
}

void import_camera_unref(struct import_camera **camera_pointer) {
    struct import_camera *camera = *camera_pointer;
    *camera_pointer = NULL;
    if (camera != NULL && refcount_drop(&camera->references)) {
        topic_unref(&camera->topic);
        free(camera);
    }
}

/* ---- Sequence and generation ---- */

bool import_camera_place(struct import_camera *camera, struct topic *topic, struct frame_info *info) {
    const uint64_t generation = atomic_load_explicit(&camera->generation, memory_order_relaxed);
    const uint64_t last = topic_sequence(topic);
    uint64_t base = atomic_load_explicit(&camera->sequence_base, memory_order_relaxed);
    if (info->state == STATE_LIVE && add_count(base, info->sequence) < last) {
        base = last + 1 > info->sequence ? last + 1 - info->sequence : 0;
        atomic_store_explicit(&camera->sequence_base, base, memory_order_relaxed);
    }
    info->sequence = add_count(base, info->sequence);
    const bool may_be_shown = info->generation >= generation;
    info->generation = topic_generation(topic);
    return may_be_shown;
}

/* ---- Reports ---- */

static void report(struct import_camera *camera, const struct camera_figures *figures, uint32_t width_px,
                   uint32_t height_px) {
    const uint64_t base = atomic_load_explicit(&camera->sequence_base, memory_order_relaxed);
    const struct topic_report report = {
        .state = camera->state,
        .error = camera->error.text,
        .sequence = add_count(base, figures->sequence),
        .captured_realtime_ns = figures->captured_realtime_ns,
        .captured_monotonic_ns = subtract_i64(clock_monotonic_ns(), figures->age_ns),
        .width_px = width_px,
        .height_px = height_px,
    };
    topic_apply_report(camera->topic, &report);
}

/* What moves is known by its events; a beacon corrects what was missed. */
static void apply_motion(struct import_camera *camera, const struct camera_figures *figures) {
    static const struct motion_layout whole_picture = {.region_count = 1};
    struct motion_port *port = topic_motion(camera->topic);
    if (figures->motion_is_configured != camera->motion_is_configured) {
        camera->motion_is_configured = figures->motion_is_configured;
        if (figures->motion_is_configured) {
            motion_port_configure(port, &whole_picture);
        } else {
            motion_port_close(port);
        }
    }
    if (figures->motion_is_configured) {
        const struct motion_sight sight = {
            .state = figures->motion_is_active ? "watching" : "off", .why = "", .is_moving = figures->motion_is_moving};
        motion_port_set_scheduled(port, figures->motion_is_active);
        motion_port_show(port, &sight);
    }
}

/* A lower one is that of a node that has begun anew. */
static void follow_generation(struct import_camera *camera, struct broker *broker, uint64_t generation) {
    const uint64_t before = atomic_exchange_explicit(&camera->generation, generation, memory_order_relaxed);
    if (generation > before) {
        broker_begin_generation(broker, camera->topic);
    }
}

/* The numbers of a node that was started again go on from those that have been here, whether frames of it have come
 * already or not. */
static void follow_epoch(struct import_camera *camera, uint64_t epoch, uint64_t sequence) {
    const uint64_t last = topic_sequence(camera->topic);
    const uint64_t base = atomic_load_explicit(&camera->sequence_base, memory_order_relaxed);
    if (camera->epoch != epoch && add_count(base, sequence) < last) {
        const uint64_t next_base = last > sequence ? last - sequence : 0;
        atomic_store_explicit(&camera->sequence_base, next_base, memory_order_relaxed);
    }
    camera->epoch = epoch;
}

void import_camera_apply_entry(struct import_camera *camera, struct broker *broker, uint64_t epoch,
                               const struct directory_entry *entry) {
    struct topic_settings settings;
    char node[TOPIC_ID_MAX_BYTES + 1];
    const char *id = topic_id(camera->topic);
    snprintf(node, sizeof node, "%.*s", (int)(strlen(id) - strlen(camera->id) - 1), id);
    fill_settings(&settings, node, entry);
    topic_change_settings(camera->topic, &settings);
    camera->state = entry->figures.state;
    camera->error = entry->error;
    follow_epoch(camera, epoch, entry->figures.sequence);
    follow_generation(camera, broker, entry->generation);
    report(camera, &entry->figures, entry->width_px, entry->height_px);
    apply_motion(camera, &entry->figures);
}

void import_camera_apply_figures(struct import_camera *camera, const struct camera_figures *figures) {
    report(camera, figures, 0, 0);
    apply_motion(camera, figures);
}

void import_camera_set_away(struct import_camera *camera, const char *why) {
    (void)topic_set_state(camera->topic, STATE_OFFLINE, why);
}

void import_camera_apply_event(struct import_camera *camera, struct event_log *event_log,
                               struct event_log_entry *entry) {
    memcpy(entry->camera, topic_id(camera->topic), strlen(topic_id(camera->topic)) + 1);
    if (entry->kind == EVENT_LOG_MOTION_BEGAN) {
        motion_port_begin(topic_motion(camera->topic));
    } else if (entry->kind == EVENT_LOG_MOTION_ENDED) {
        motion_port_end(topic_motion(camera->topic));
    }
    event_log_publish(event_log, entry);
}
