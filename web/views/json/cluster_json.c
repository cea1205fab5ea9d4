#include "web/views/json/cluster_json.h"

#include "broker/base/clock.h"
#include "broker/cluster/cluster.h"

#include <math.h>
#include <string.h>

static json_t *known_time_json(int64_t realtime_ns) {
    return realtime_ns != 0 ? time_json(realtime_ns, 3) : json_null();
}

static json_t *ms_json(int64_t ns) { return json_real(round((double)ns / NS_PER_US) / 1000); }

static json_t *known_ms_json(int64_t ns) { return ns != 0 ? ms_json(ns) : json_null(); }

static json_t *known_json(double value) { return value > 0 ? json_real(value) : json_null(); }

/* A list of what `make` makes of each of the parts. */
static json_t *list_json(const void *parts, size_t count, size_t bytes, json_t *(*make)(const void *part)) {
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        if (json_array_append_new(list, make((const char *)parts + i * bytes)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* The object with the members of another one, which is taken. */
static json_t *joined(json_t *object, json_t *more) {
    if (json_object_update_new(object, more) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

/* ---- In status ---- */

json_t *cluster_status_json(const struct cluster_snapshot *cluster) {
    size_t online = 0;
    for (size_t i = 0; cluster != NULL && i < cluster->node_count; i++) {
        online += cluster->nodes[i].state == CLUSTER_NODE_ONLINE;
    }
    return json_pack("{s:s, s:o, s:o, s:o}", "state", cluster != NULL ? cluster_state_name(cluster->state) : "off",
                     "error", text_or_null(cluster != NULL ? cluster->error.text : ""), "nodes",
                     count_json(cluster != NULL ? cluster->node_count : 0), "online", count_json(online));
}

/* ---- Figures ---- */

static json_t *channel_json(const void *part) {
    const struct cluster_channel_snapshot *channel = part;
    return json_pack("{s:s, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o, s:o, s:o}", "camera", channel->camera, "width",
                     channel->variant.width_px != 0 ? count_json(channel->variant.width_px) : json_null(), "quality",
                     channel->variant.quality != 0 ? count_json((uint64_t)channel->variant.quality) : json_null(),
                     "fps", known_json(channel->variant.fps), "playback", channel->is_playback, "refused",
                     channel->is_refused, "error", text_or_null(channel->reason.text), "frames",
                     count_json(channel->frames), "bytes", count_json(channel->bytes), "skipped",
                     count_json(channel->skipped), "lost", count_json(channel->lost));
}

static json_t *channels_json(const struct cluster_channel_snapshot *channels, size_t count) {
    return list_json(channels, count, sizeof channels[0], channel_json);
}

static json_t *gateway_json(const void *part) {
    const struct cluster_gateway_snapshot *gateway = part;
    return json_pack("{s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "name", gateway->name, "since",
                     known_time_json(gateway->since_realtime_ns), "round_trip_ms",
                     known_ms_json(gateway->round_trip_ns), "base_round_trip_ms",
                     known_ms_json(gateway->base_round_trip_ns), "window_bytes", count_json(gateway->window_bytes),
                     "in_flight_bytes", count_json(gateway->in_flight_bytes), "frames", count_json(gateway->frames),
                     "bytes", count_json(gateway->bytes), "skipped", count_json(gateway->skipped), "channels",
                     channels_json(gateway->channels, gateway->channel_count));
}

static json_t *node_figures_json(const struct cluster_node_snapshot *node) {
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "started_at",
                     known_time_json(node->started_realtime_ns), "round_trip_ms", known_ms_json(node->round_trip_ns),
                     "clock_ahead_ms", ms_json(node->clock_ahead_ns), "left_out", count_json(node->left_out), "frames",
                     count_json(node->frames), "bytes", count_json(node->bytes), "lost", count_json(node->lost),
                     "channels", channels_json(node->channels, node->channel_count));
}

/* ---- Nodes ---- */

static bool is_of_node(const struct topic_snapshot *topic, const char *name) {
    char node[NODE_MAX_BYTES + 1];
    const char *camera;
    return cluster_split_id(topic->settings.id, node, &camera) && strcmp(node, name) == 0;
}

static json_t *cameras_json(const struct broker_snapshot *snapshot, const char *node) {
    json_t *list = json_array();
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        const struct topic_snapshot *topic = &snapshot->topics[i];
        if (!is_of_node(topic, node)) {
            continue;
        }
        json_t *camera =
            json_pack("{s:s, s:o, s:s, s:o}", "id", topic->settings.id, "name", text_json(topic->settings.name),
                      "state", state_name(topic->state), "error", text_or_null(topic->error));
        if (json_array_append_new(list, camera) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *nodes_json(const struct cluster_snapshot *cluster, const struct broker_snapshot *snapshot,
                          bool shows_figures) {
    json_t *list = json_array();
    for (size_t i = 0; i < cluster->node_count; i++) {
        const struct cluster_node_snapshot *node = &cluster->nodes[i];
        json_t *cameras = cameras_json(snapshot, node->name);
        if (!shows_figures && json_array_size(cameras) == 0) {
            json_decref(cameras);
            continue;
        }
        json_t *object =
            json_pack("{s:s, s:s, s:o, s:o}", "name", node->name, "state", cluster_node_state_name(node->state),
                      "since", known_time_json(node->since_realtime_ns), "cameras", cameras);
        object = shows_figures ? joined(object, node_figures_json(node)) : object;
        if (json_array_append_new(list, object) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

char *cluster_render(const struct cluster_snapshot *cluster, const struct broker_snapshot *snapshot,
                     bool shows_figures) {
    static const struct cluster_snapshot none;
    const struct cluster_snapshot *shown = cluster != NULL ? cluster : &none;
    json_t *object = json_pack("{s:o, s:s, s:o, s:o, s:o}", "node", text_or_null(shown->node), "state",
                               cluster != NULL ? cluster_state_name(shown->state) : "off", "since",
                               known_time_json(shown->since_realtime_ns), "error",
                               text_or_null(shows_figures ? shown->error.text : ""), "nodes",
                               nodes_json(shown, snapshot, shows_figures));
    if (shows_figures) {
        object = joined(
            object,
            json_pack("{s:o, s:o, s:o, s:o, s:o}", "server", text_or_null(shown->server), "exported",
                      count_json(shown->exported), "reconnects", count_json(shown->reconnects), "malformed",
                      count_json(shown->malformed), "gateways",
                      list_json(shown->gateways, shown->gateway_count, sizeof shown->gateways[0], gateway_json)));
    }
    return json_render(object);
}
