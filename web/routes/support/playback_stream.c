#include "web/routes/support/playback_stream.h"

#include "broker/base/clock.h"
#include "broker/multipart/multipart_writer.h"
#include "broker/recording/playback/export_boundary.h"
#include "broker/recording/playback/player.h"
#include "web/routes/support/camera_requests.h"
#include "web/routes/support/export_response.h"
#include "web/routes/support/imported_recording.h"
#include "web/routes/support/live_stream.h"
#include "web/routes/support/picture_topic.h"
#include "web/routes/support/playback_set.h"
#include "web/routes/support/reply.h"

#include <stdio.h>
#include <stdlib.h>

/* Its variants end soon after it. */
#define IDLE_NS (1 * NS_PER_S)

enum err playback_topic_create(struct server_context *context, struct topic *camera, struct topic **topic) {
    struct topic_settings settings;
    topic_copy_settings(camera, &settings);
    settings.ring_frames = 1;
    settings.idle_timeout_ns = IDLE_NS;
    settings.on_demand = true;
    settings.has_controls = false;
    enum err error = topic_create(&settings, multipart_envelope(), topic);
    if (error == ERR_OK) {
        topic_set_event_log(*topic, broker_event_log(context->broker), false);
    }
    return error;
}

static bool can_play(const struct server_context *context, const struct topic *camera) {
    char node[NODE_MAX_BYTES + 1];
    const bool is_imported = camera != NULL && camera_node(camera, node) != NULL;
    return (context->cluster != NULL && (camera == NULL || is_imported)) || (context->players != NULL && !is_imported);
}

bool playback_admit(struct server_context *context, const struct http_request *request, const struct topic *camera) {
    if (!can_play(context, camera)) {
        http_reply_error(request, 404, NULL, "no_recording", "this server does not record");
        return false;
    }
    if (!access_may_view_recordings(request->principal)) {
        http_reply_error(request, 403, NULL, "forbidden", "%s",
                         request->principal->account != NULL
                             ? "this account may not view recordings"
                             : "a link shows what its camera shows now, and no recordings: log in");
        return false;
    }
    return true;
}

bool playback_admit_change(struct server_context *context, const struct http_request *request,
                           const struct topic *camera) {
    char node[NODE_MAX_BYTES + 1];
    if (!playback_admit(context, request, camera)) {
        return false;
    }
    if (camera_node(camera, node) != NULL) {
        http_reply_error(request, 501, NULL, "unsupported",
                         "recordings of \"%s\" are deleted and protected on that server", node);
        return false;
    }
    return true;
}

/* References to the topics of a playback: those that it publishes into, those with the pictures as requested, and those
 * of the live pictures that follow. */
struct playback_topics {
    size_t count;
    struct topic **sources, **pictures, **live;
    struct topic *all[];
};

static void playback_topics_destroy(struct playback_topics **topics_pointer) {
    struct playback_topics *topics = *topics_pointer;
    *topics_pointer = NULL;
    for (size_t i = 0; topics != NULL && i < 3 * topics->count; i++) {
        topic_unref(&topics->all[i]);
    }
    free(topics);
}

static struct playback_topics *playback_topics_create(struct server_context *context, struct topic *const *cameras,
                                                      size_t count) {
    struct playback_topics *topics = calloc(1, sizeof *topics + 3 * count * sizeof topics->all[0]);
    if (topics == NULL) {
        return NULL;
    }
    topics->count = count;
    topics->sources = topics->all;
    topics->pictures = topics->all + count;
    topics->live = topics->all + 2 * count;
    for (size_t i = 0; i < count; i++) {
        if (playback_topic_create(context, cameras[i], &topics->sources[i]) != ERR_OK) {
            playback_topics_destroy(&topics);
            return NULL;
        }
        topics->pictures[i] = topic_ref(topics->sources[i]);
        topics->live[i] = topic_ref(cameras[i]);
    }
    return topics;
}

static struct playback_set *begin_playback(struct server_context *context, const struct http_request *request,
                                           const struct route *route, const struct playback_topics *topics) {
    const struct playback_settings settings = {.topics = topics->sources,
                                               .topic_count = topics->count,
                                               .at_ns = route->period.at_ns,
                                               .to_ns = route->period.to_ns,
                                               .shows_gaps = route->period.shows_gaps,
                                               .speed =
                                                   route->period.speed > 0 ? route->period.speed : ROUTE_SPEED_MAX};
    struct playback_set *playback = NULL;
    struct reason reason = {""};
    enum err error = playback_set_begin(context, &settings, &playback, &reason);
    if (error == ERR_BUSY) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_playbacks",
                         "recordings of %u cameras are already being played", PLAYERS_CAMERAS_MAX);
    } else if (error == ERR_UNSUPPORTED) {
        http_reply_error(request, 404, NULL, "no_recording", "this server does not record");
    } else if (error != ERR_OK && error != ERR_MEMORY && reason.text[0] != '\0') {
        http_reply_error(request, 503, RETRY_SOON, "node_unreachable", "%s", reason.text);
    } else if (error != ERR_OK) {
        reply_out_of_memory(request);
    }
    return playback;
}

/* Whether this server has the recordings of all of them. */
static bool are_local(struct topic *const *cameras, size_t count) {
    char node[NODE_MAX_BYTES + 1];
    for (size_t i = 0; i < count; i++) {
        if (camera_node(cameras[i], node) != NULL) {
            return false;
        }
    }
    return true;
}

static bool needs_encoding(const struct route *route) {
    return route->variant[0] != '\0' || route->variant_request.width_px != 0 || route->variant_request.quality != 0;
}

/* Whether all frames of them can be had as fast as they are taken. */
static bool can_export(struct topic *const *cameras, size_t count) { return count == 1 || are_local(cameras, count); }

/* The boundary, and the source of a camera of another node. False after refusing the request. */
static bool find_recording(struct server_context *context, const struct http_request *request, struct topic *camera,
                           struct export_settings *settings, struct export_source *source) {
    char node[NODE_MAX_BYTES + 1];
    if (camera_node(camera, node) == NULL) {
        export_boundary_find(recorder_path(context->recorder), topic_id(camera), settings->from_ns, settings->boundary);
        return true;
    }
    snprintf(settings->boundary, sizeof settings->boundary, "%s", multipart_boundary());
    settings->sources = source;
    return imported_recording_open(context, request, camera, settings, source);
}

/* As fast as the client takes it. */
static void export_stream(struct server_context *context, const struct http_request *request, const struct route *route,
                          struct topic *const *cameras, size_t count) {
    if (!playback_admit(context, request, cameras[0]) || !export_response_admit(context, request)) {
        return;
    }
    struct export_settings settings = {.format = EXPORT_PARTS,
                                       .from_ns = route->period.at_ns,
                                       .to_ns = route->period.to_ns,
                                       .fps = route->fps,
                                       .speed = 1};
    char content_type[sizeof MULTIPART_CONTENT_TYPE + MULTIPART_BOUNDARY_MAX_BYTES];
    char delimiter[MULTIPART_BOUNDARY_MAX_BYTES + sizeof "--\r\n"];
    struct export_source source = {.ops = NULL};
    if (!find_recording(context, request, cameras[0], &settings, &source)) {
        export_response_leave(context, request);
        return;
    }
    snprintf(content_type, sizeof content_type, MULTIPART_CONTENT_TYPE "%s", settings.boundary);
    snprintf(delimiter, sizeof delimiter, "--%s\r\n", settings.boundary);
    const struct http_stream_head head = {.content_type = content_type, .first_bytes = delimiter};
    export_response_begin(context, request, &head, cameras, count, settings);
}

void playback_stream_begin(struct server_context *context, const struct http_request *request,
                           const struct route *route, struct topic *const *cameras, struct stream_settings settings) {
    if (route->period.speed == 0 && !needs_encoding(route) && !route->period.goes_on_live &&
        can_export(cameras, settings.topic_count)) {
        stream_admission_leave(&context->streams, request->client);
        export_stream(context, request, route, cameras, settings.topic_count);
        return;
    }
    const bool goes_on_live = route->period.goes_on_live;
    struct playback_topics *topics = NULL;
    struct playback_set *playback = NULL;
    if (playback_admit(context, request, settings.topic_count == 1 ? cameras[0] : NULL)) {
        topics = playback_topics_create(context, cameras, settings.topic_count);
        if (topics == NULL) {
            reply_out_of_memory(request);
        } else if (picture_topics_open(context, request, route, topics->pictures, topics->count) &&
                   (!goes_on_live || picture_topics_open(context, request, route, topics->live, topics->count))) {
            playback = begin_playback(context, request, route, topics);
        }
    }
    if (playback != NULL) {
        settings.topics = topics->pictures;
        settings.next_topics = goes_on_live ? topics->live : NULL;
        live_stream_begin(context, request, route, settings, playback);
    } else {
        stream_admission_leave(&context->streams, request->client);
    }
    playback_topics_destroy(&topics);
}
