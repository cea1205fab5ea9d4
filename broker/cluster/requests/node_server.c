#include "broker/cluster/requests/node_server.h"

#include "broker/base/log.h"
#include "broker/cluster/requests/node_frames.h"
#include "broker/cluster/requests/node_request.h"
#include "broker/recording/playback/recorded_picture.h"

#include <stdlib.h>
#include <string.h>

/* Rows that are looked at for one slice of the history, of cameras that are not exported, too. */
#define HISTORY_LOOKS_MAX 20000
#define HISTORY_SLICE 500
/* Stretches in one answer, some 300 KB. */
#define STRETCHES_MAX 8000
#define PROTECTIONS_MAX 4000

/* A request that is being answered. */
struct exchange {
    const struct node_server *server;
    const char *node; /* that asks */
    const struct node_request *request;
    struct wire_writer *writer;
    struct reason *reason;
};

/* ---- Cameras ---- */

/* Ids, not places. A new reference; NULL with a reason. */
static struct topic *find_camera(const struct exchange *exchange) {
    const struct node_server *server = exchange->server;
    const char *id = exchange->request->camera;
    struct topic *topic = server->exports(server->cluster, id) ? broker_find_topic(server->broker, id) : NULL;
    if (topic != NULL && strcmp(topic_id(topic), id) != 0) {
        topic_unref(&topic);
    }
    if (topic == NULL) {
        reason_set(exchange->reason, "there is no such camera");
    }
    return topic;
}

static enum err answer_controls(const struct exchange *exchange, struct topic *camera) {
    struct control_list list = {0};
    enum err error = control_port_list(topic_controls(camera), &list, exchange->reason);
    if (error == ERR_CLOSED) {
        reason_set(exchange->reason, "the camera is not open");
    }
    if (error == ERR_OK) {
        node_write_controls(exchange->writer, &list);
        control_list_finish(&list);
    }
    return error;
}

static enum err answer_set_control(const struct exchange *exchange, struct topic *camera) {
    const struct node_request *request = exchange->request;
    const struct control_request control = {.name = request->control,
                                            .choice = request->choice[0] != '\0' ? request->choice : NULL,
                                            .value = request->value};
    enum err error = control_port_set(topic_controls(camera), &control, exchange->reason);
    if (error == ERR_OK) {
        log_event(LOG_LEVEL_INFO, topic_id(camera), "the control %s is set by the node %s", request->control,
                  exchange->node);
    }
    return error;
}

static enum err answer_motion(const struct exchange *exchange, struct topic *camera) {
    struct motion_view view;
    enum err error = motion_port_view(topic_motion(camera), &view);
    if (error == ERR_OK) {
        node_write_motion(exchange->writer, &view);
        motion_view_finish(&view);
    }
    return error;
}

static enum err answer_switch_motion(const struct exchange *exchange, struct topic *camera) {
    if (!motion_port_switch(topic_motion(camera), exchange->request->is_on)) {
        return ERR_UNSUPPORTED;
    }
    log_event(LOG_LEVEL_INFO, topic_id(camera), "motion is switched %s by the node %s",
              exchange->request->is_on ? "on" : "off", exchange->node);
    return answer_motion(exchange, camera);
}

static enum err answer_frame(const struct exchange *exchange, struct frame *frame) {
    if (frame == NULL || frame_payload(frame).count > NODE_PICTURE_MAX_BYTES) {
        frame_unref(&frame);
        return ERR_NOT_FOUND;
    }
    node_write_picture(exchange->writer, frame, exchange->request->offset);
    frame_unref(&frame);
    return ERR_OK;
}

static enum err answer_event_picture(const struct exchange *exchange, struct topic *camera) {
    return answer_frame(exchange, motion_port_picture(topic_motion(camera), exchange->request->event));
}

/* ERR_UNSUPPORTED: nothing is recorded. */
static enum err check_recordings(const struct exchange *exchange) {
    if (exchange->server->recordings == NULL) {
        reason_set(exchange->reason, "it does not record");
        return ERR_UNSUPPORTED;
    }
    return ERR_OK;
}

static enum err answer_picture_at(const struct exchange *exchange, struct topic *camera) {
    struct topic_settings settings;
    struct frame *frame = NULL;
    enum err error = check_recordings(exchange);
    if (error == ERR_OK) {
        topic_copy_settings(camera, &settings);
        error = recorded_picture_read(exchange->server->recordings, topic_id(camera), exchange->request->from_ns,
                                      settings.stale_after_ns, broker_frame_pool(exchange->server->broker), &frame);
    }
    return error == ERR_OK ? answer_frame(exchange, frame) : error;
}

static enum err answer_frames(const struct exchange *exchange, struct topic *camera) {
    (void)camera;
    enum err error = check_recordings(exchange);
    return error == ERR_OK
               ? node_frames_answer(exchange->server->recordings, exchange->request,
                                    broker_frame_pool(exchange->server->broker), exchange->writer, exchange->reason)
               : error;
}

/* ---- Recordings of all cameras ---- */

/* A slice that is being written. */
struct slice {
    const struct exchange *exchange;
    struct node_history_place place;
    size_t rows, looks;
};

static bool take_row(void *user, const struct history_row *row) {
    struct slice *slice = user;
    const struct node_server *server = slice->exchange->server;
    const bool is_exported = row->camera[0] != '\0' && server->exports(server->cluster, row->camera);
    if (is_exported && !node_write_history_row(slice->exchange->writer, row)) {
        slice->rows = SIZE_MAX; /* it comes with the next slice */
        return false;
    }
    slice->place.at_ns = row->at_ns;
    slice->place.key = row->key;
    slice->rows += is_exported;
    slice->looks++;
    return slice->rows < slice->exchange->request->limit && slice->looks < HISTORY_LOOKS_MAX;
}

static enum err read_slice(struct slice *slice, struct catalogue *catalogue, struct history_query *query) {
    const struct node_request *request = slice->exchange->request;
    enum err error = ERR_OK;
    while (error == ERR_OK && !slice->place.is_end && slice->rows < request->limit &&
           slice->looks < HISTORY_LOOKS_MAX) {
        size_t count;
        query->after_at_ns = slice->place.at_ns;
        query->after_key = slice->place.key;
        error = catalogue_read_history(catalogue, query, take_row, slice, &count);
        const bool was_cut = slice->rows >= request->limit || slice->looks >= HISTORY_LOOKS_MAX;
        slice->place.is_end = error == ERR_OK && count < query->limit && !was_cut;
    }
    return error;
}

static enum err answer_history(const struct exchange *exchange) {
    const struct node_request *request = exchange->request;
    struct slice slice = {.exchange = exchange, .place = {request->after_at_ns, request->after_key, false}};
    struct history_query query = {.camera_id = request->camera[0] != '\0' ? request->camera : NULL,
                                  .kind = request->history_kind[0] != '\0' ? request->history_kind : NULL,
                                  .from_ns = request->from_ns,
                                  .to_ns = request->to_ns,
                                  .newest_first = request->newest_first,
                                  .limit = HISTORY_SLICE};
    struct catalogue *catalogue = NULL;
    enum err error =
        request->limit == 0 || request->limit > NODE_HISTORY_ROWS_MAX ? ERR_INVALID : check_recordings(exchange);
    if (error == ERR_OK) {
        error = catalogue_open(exchange->server->recordings, &catalogue, exchange->reason);
    }
    if (error == ERR_OK && request->after_key != 0 && request->after_at_ns == INT64_MIN) {
        error = catalogue_find_event(catalogue, request->after_key, &slice.place.at_ns);
    }
    struct wire_writer place = *exchange->writer; /* which is known at the end */
    if (error == ERR_OK) {
        node_write_history_place(exchange->writer, &slice.place);
        error = read_slice(&slice, catalogue, &query);
    } else if (error == ERR_NOT_FOUND && request->after_key == 0) { /* nothing was ever recorded */
        slice.place.is_end = true;
        node_write_history_place(exchange->writer, &slice.place);
        error = ERR_OK;
    }
    node_write_history_place(&place, &slice.place);
    catalogue_close(&catalogue);
    return error;
}

/* Of one camera, as much as its share of the answer takes. */
static enum err list_camera(const struct exchange *exchange, struct catalogue *catalogue, const char *camera) {
    const struct node_request *request = exchange->request;
    const size_t share = STRETCHES_MAX / request->camera_count, limit = request->limit;
    struct recording_listing listing;
    enum err error = recording_listing_read(catalogue, camera, request->from_ns, request->to_ns,
                                            limit < share ? limit : share, &listing);
    if (error == ERR_OK) {
        const size_t protections_max = PROTECTIONS_MAX / request->camera_count;
        listing.protection_count =
            listing.protection_count < protections_max ? listing.protection_count : protections_max;
        node_write_listing(exchange->writer, &listing);
        recording_listing_finish(&listing);
    }
    return error == ERR_NOT_FOUND ? ERR_OK : error;
}

static enum err answer_recordings(const struct exchange *exchange) {
    const struct node_request *request = exchange->request;
    struct catalogue *catalogue = NULL;
    if (exchange->server->recordings == NULL) {
        return ERR_OK;
    }
    if (request->limit < NODE_STRETCHES_MIN || request->limit > NODE_STRETCHES_MAX) {
        return ERR_INVALID;
    }
    enum err error = catalogue_open(exchange->server->recordings, &catalogue, exchange->reason);
    for (size_t i = 0; error == ERR_OK && i < request->camera_count; i++) {
        if (exchange->server->exports(exchange->server->cluster, request->cameras[i])) {
            error = list_camera(exchange, catalogue, request->cameras[i]);
        }
    }
    catalogue_close(&catalogue);
    return error == ERR_NOT_FOUND ? ERR_OK : error;
}

/* ---- All ---- */

static enum err answer_of_camera(const struct exchange *exchange,
                                 enum err (*answer)(const struct exchange *exchange, struct topic *camera)) {
    struct topic *camera = find_camera(exchange);
    if (camera == NULL) {
        return ERR_NOT_FOUND;
    }
    enum err error = answer(exchange, camera);
    topic_unref(&camera);
    return error;
}

static enum err answer_request(const struct exchange *exchange) {
    switch (exchange->request->kind) {
    case NODE_REQUEST_CONTROLS: return answer_of_camera(exchange, answer_controls);
    case NODE_REQUEST_SET_CONTROL: return answer_of_camera(exchange, answer_set_control);
    case NODE_REQUEST_MOTION: return answer_of_camera(exchange, answer_motion);
    case NODE_REQUEST_SWITCH_MOTION: return answer_of_camera(exchange, answer_switch_motion);
    case NODE_REQUEST_EVENT_PICTURE: return answer_of_camera(exchange, answer_event_picture);
    case NODE_REQUEST_PICTURE_AT: return answer_of_camera(exchange, answer_picture_at);
    case NODE_REQUEST_HISTORY: return answer_history(exchange);
    case NODE_REQUEST_RECORDINGS: return answer_recordings(exchange);
    case NODE_REQUEST_FRAMES: return answer_of_camera(exchange, answer_frames);
    }
    return ERR_INVALID;
}

enum err node_server_answer(void *user, const char *node, const void *bytes, size_t count,
                            struct cluster_answer *answer, struct reason *reason) {
    struct node_request request;
    enum err error = node_request_read(bytes, count, &request);
    if (error != ERR_OK) {
        reason_set(reason, "the request cannot be read: are all nodes of the same version?");
        return error;
    }
    struct wire_writer writer = {.bytes = malloc(NODE_ANSWER_MAX_BYTES), .capacity = NODE_ANSWER_MAX_BYTES};
    error = writer.bytes != NULL ? ERR_OK : ERR_MEMORY;
    if (error == ERR_OK) {
        error = answer_request(&(struct exchange){user, node, &request, &writer, reason});
    }
    if (error == ERR_OK && writer.is_full) {
        error = ERR_INVALID;
        reason_set(reason, "the answer is too large");
    }
    node_request_finish(&request);
    if (error != ERR_OK) {
        free(writer.bytes);
        return error;
    }
    *answer = (struct cluster_answer){.bytes = writer.bytes, .count = writer.count};
    return ERR_OK;
}
