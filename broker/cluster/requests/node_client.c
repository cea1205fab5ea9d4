#include "broker/cluster/requests/node_client.h"

#include "broker/base/clock.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A device may take its time; so may a disk. */
#define WAIT_MAX_NS (5 * NS_PER_S)

/* Sends a request to a node. On success the answer's bytes are the caller's to free, and the reader stands at its
 * beginning. */
static enum err ask(struct cluster *cluster, const char *node, const struct node_request *request,
                    struct cluster_answer *answer, struct wire_reader *reader, struct reason *reason) {
    struct wire_writer writer = {.bytes = malloc(NODE_REQUEST_MAX_BYTES), .capacity = NODE_REQUEST_MAX_BYTES};
    enum err error = writer.bytes != NULL ? node_request_write(request, &writer) : ERR_MEMORY;
    *answer = (struct cluster_answer){.bytes = NULL};
    if (error == ERR_OK) {
        error = cluster_request(cluster, node, writer.bytes, writer.count, WAIT_MAX_NS, answer, reason);
    }
    free(writer.bytes);
    *reader = (struct wire_reader){.bytes = answer->bytes, .count = answer->count};
    return error;
}

/* The same about one camera, of which `request` lacks the name. */
static enum err ask_of(struct cluster *cluster, const char *camera, struct node_request request,
                       struct cluster_answer *answer, struct wire_reader *reader, struct reason *reason) {
    char node[NODE_MAX_BYTES + 1];
    const char *id;
    *answer = (struct cluster_answer){.bytes = NULL};
    if (!cluster_split_id(camera, node, &id)) {
        return ERR_NOT_FOUND;
    }
    snprintf(request.camera, sizeof request.camera, "%s", id);
    return ask(cluster, node, &request, answer, reader, reason);
}

static enum err check(enum err error, struct reason *reason) {
    if (error == ERR_INVALID && reason->text[0] == '\0') {
        reason_set(reason, "the node's answer cannot be read: are all nodes of the same version?");
    }
    return error;
}

/* ---- Controls and motion ---- */

enum err node_client_list_controls(struct cluster *cluster, const char *camera, struct control_list *list,
                                   struct reason *reason) {
    struct cluster_answer answer;
    struct wire_reader reader;
    enum err error =
        ask_of(cluster, camera, (struct node_request){.kind = NODE_REQUEST_CONTROLS}, &answer, &reader, reason);
    if (error == ERR_OK) {
        error = node_read_controls(&reader, list);
    }
    free(answer.bytes);
    return check(error, reason);
}

enum err node_client_set_control(struct cluster *cluster, const char *camera, const struct control_request *control,
                                 struct reason *reason) {
    struct node_request request = {.kind = NODE_REQUEST_SET_CONTROL, .value = control->value};
    struct cluster_answer answer;
    struct wire_reader reader;
    const char *choice = control->choice != NULL ? control->choice : "";
    if (strlen(control->name) >= sizeof request.control || strlen(choice) >= sizeof request.choice ||
        (control->choice != NULL && choice[0] == '\0')) {
        return ERR_NOT_FOUND;
    }
    snprintf(request.control, sizeof request.control, "%s", control->name);
    snprintf(request.choice, sizeof request.choice, "%s", choice);
    enum err error = ask_of(cluster, camera, request, &answer, &reader, reason);
    free(answer.bytes);
    return error;
}

static enum err ask_motion(struct cluster *cluster, const char *camera, const struct node_request *request,
                           struct motion_view *view, struct reason *reason) {
    struct cluster_answer answer;
    struct wire_reader reader;
    enum err error = ask_of(cluster, camera, *request, &answer, &reader, reason);
    if (error == ERR_OK) {
        error = node_read_motion(&reader, view);
    }
    free(answer.bytes);
    return check(error, reason);
}

enum err node_client_view_motion(struct cluster *cluster, const char *camera, struct motion_view *view,
                                 struct reason *reason) {
    return ask_motion(cluster, camera, &(struct node_request){.kind = NODE_REQUEST_MOTION}, view, reason);
}

enum err node_client_switch_motion(struct cluster *cluster, const char *camera, bool on, struct motion_view *view,
                                   struct reason *reason) {
    return ask_motion(cluster, camera, &(struct node_request){.kind = NODE_REQUEST_SWITCH_MOTION, .is_on = on}, view,
                      reason);
}

/* ---- Pictures ---- */

static bool is_jpeg(const struct frame *frame) {
    const struct span jpeg = frame_payload(frame);
    return jpeg.count > 2 && jpeg.bytes[0] == 0xFF && jpeg.bytes[1] == 0xD8;
}

/* Adds the piece to the frame, which the first one makes. */
static enum err take_piece(struct wire_reader *reader, struct frame_pool *pool, uint32_t offset, uint32_t *total,
                           struct frame **frame) {
    struct node_picture_piece piece;
    enum err error = node_read_picture(reader, &piece);
    if (error == ERR_OK && offset == 0) {
        *total = piece.total_bytes;
        error = frame_create(pool, *total, frame);
    }
    if (error != ERR_OK || piece.total_bytes != *total || piece.bytes.count > *total - offset) {
        return error != ERR_OK ? error : ERR_INVALID;
    }
    *frame_edit_info(*frame) = piece.info;
    memcpy(frame_data(*frame) + offset, piece.bytes.bytes, piece.bytes.count);
    frame_set_size(*frame, offset + piece.bytes.count);
    return ERR_OK;
}

/* Piece by piece. */
static enum err read_picture(struct cluster *cluster, const char *camera, struct node_request request,
                             struct frame_pool *pool, struct frame **out, struct reason *reason) {
    struct frame *frame = NULL;
    uint32_t total = 1;
    enum err error = ERR_OK;
    while (error == ERR_OK && request.offset < total) {
        struct cluster_answer answer;
        struct wire_reader reader;
        error = ask_of(cluster, camera, request, &answer, &reader, reason);
        if (error == ERR_OK) {
            error = take_piece(&reader, pool, request.offset, &total, &frame);
        }
        request.offset = error == ERR_OK ? (uint32_t)frame_payload(frame).count : 0;
        free(answer.bytes);
    }
    if (error == ERR_OK && !is_jpeg(frame)) {
        error = ERR_INVALID;
    }
    if (error != ERR_OK) {
        frame_unref(&frame);
        return check(error, reason);
    }
    *out = frame;
    return ERR_OK;
}

enum err node_client_read_event_picture(struct cluster *cluster, const char *camera, uint64_t event,
                                        struct frame_pool *pool, struct frame **frame, struct reason *reason) {
    return read_picture(cluster, camera, (struct node_request){.kind = NODE_REQUEST_EVENT_PICTURE, .event = event},
                        pool, frame, reason);
}

enum err node_client_read_picture_at(struct cluster *cluster, const char *camera, int64_t at_ns,
                                     struct frame_pool *pool, struct frame **frame, struct reason *reason) {
    return read_picture(cluster, camera, (struct node_request){.kind = NODE_REQUEST_PICTURE_AT, .from_ns = at_ns}, pool,
                        frame, reason);
}

/* ---- History and recordings ---- */

enum err node_client_read_frames(struct cluster *cluster, const char *camera, const struct node_frames_query *query,
                                 struct cluster_answer *answer, struct wire_reader *reader,
                                 struct node_frames_head *head, struct reason *reason) {
    const struct node_request request = {.kind = NODE_REQUEST_FRAMES,
                                         .from_ns = query->from_ns,
                                         .to_ns = query->to_ns,
                                         .interval_ns = query->interval_ns,
                                         .frames_place = query->place,
                                         .offset = query->offset};
    enum err error = ask_of(cluster, camera, request, answer, reader, reason);
    return check(error == ERR_OK ? node_read_frames_head(reader, head) : error, reason);
}

/* "front" of "site-a" is "site-a.front" here. False: that would be too long, or is no id. */
static bool make_id(char id[TOPIC_ID_MAX_BYTES + 1], const char *node, const char *camera) {
    char text[TOPIC_ID_MAX_BYTES + 1];
    const int count = snprintf(text, sizeof text, "%s.%s", node, camera);
    if (count < 0 || count > TOPIC_ID_MAX_BYTES ||
        !string_view_is_camera_id(string_view_of(text), TOPIC_ID_MAX_BYTES)) {
        return false;
    }
    memcpy(id, text, sizeof text);
    return true;
}

static enum err visit_rows(struct wire_reader *reader, const char *node, history_visit *visit, void *user) {
    struct node_history_texts *texts = malloc(sizeof *texts);
    struct history_row row;
    enum err error = texts != NULL ? ERR_OK : ERR_MEMORY;
    bool goes_on = true;
    while (error == ERR_OK && goes_on) {
        error = node_read_history_row(reader, texts, &row);
        if (error == ERR_OK && make_id(texts->camera, node, texts->camera)) {
            goes_on = visit(user, &row);
        }
    }
    free(texts);
    return error == ERR_CLOSED ? ERR_OK : error;
}

enum err node_client_read_history(struct cluster *cluster, const char *node, const struct history_query *query,
                                  history_visit *visit, void *user, struct node_history_place *place,
                                  struct reason *reason) {
    struct node_request request = {.kind = NODE_REQUEST_HISTORY,
                                   .newest_first = query->newest_first,
                                   .from_ns = query->from_ns,
                                   .to_ns = query->to_ns,
                                   .after_at_ns = query->after_at_ns,
                                   .after_key = query->after_key,
                                   .limit = (uint32_t)query->limit};
    char other[NODE_MAX_BYTES + 1];
    const char *id = "";
    if (query->camera_id != NULL && (!cluster_split_id(query->camera_id, other, &id) || strcmp(other, node) != 0)) {
        *place = (struct node_history_place){.is_end = true};
        return ERR_OK;
    }
    snprintf(request.camera, sizeof request.camera, "%s", id);
    snprintf(request.history_kind, sizeof request.history_kind, "%s", query->kind != NULL ? query->kind : "");
    struct cluster_answer answer;
    struct wire_reader reader;
    enum err error = ask(cluster, node, &request, &answer, &reader, reason);
    if (error == ERR_OK) {
        error = node_read_history_place(&reader, place);
    }
    if (error == ERR_OK) {
        error = visit_rows(&reader, node, visit, user);
    }
    free(answer.bytes);
    return check(error, reason);
}

/* Listings of the answer, of cameras that were asked for. */
static enum err take_listings(struct wire_reader *reader, const char *node, size_t count,
                              struct recording_listing *listings, size_t *found) {
    enum err error = ERR_OK;
    *found = 0;
    while (error == ERR_OK && *found < count) {
        struct recording_listing *listing = &listings[*found];
        error = node_read_listing(reader, listing);
        if (error == ERR_OK && make_id(listing->camera.id, node, listing->camera.id)) {
            (*found)++;
        } else if (error == ERR_OK) {
            recording_listing_finish(listing);
        }
    }
    return error == ERR_CLOSED ? ERR_OK : error;
}

enum err node_client_list_recordings(struct cluster *cluster, struct topic *const *cameras, size_t count,
                                     int64_t from_ns, int64_t to_ns, size_t stretches_max,
                                     struct recording_listing *listings, size_t *found, struct reason *reason) {
    char node[NODE_MAX_BYTES + 1] = "";
    char(*ids)[TOPIC_ID_MAX_BYTES + 1] = calloc(count + 1, sizeof *ids);
    struct cluster_answer answer = {.bytes = NULL};
    struct wire_reader reader;
    *found = 0;
    if (ids == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < count; i++) {
        const char *id;
        if (cluster_split_id(topic_id(cameras[i]), node, &id)) {
            snprintf(ids[i], sizeof ids[i], "%s", id);
        }
    }
    const struct node_request request = {
        .kind = NODE_REQUEST_RECORDINGS,
        .from_ns = from_ns,
        .to_ns = to_ns,
        .limit = (uint32_t)(stretches_max < NODE_STRETCHES_MAX ? stretches_max : NODE_STRETCHES_MAX),
        .cameras = (const char(*)[TOPIC_ID_MAX_BYTES + 1]) ids,
        .camera_count = count};
    enum err error = ask(cluster, node, &request, &answer, &reader, reason);
    if (error == ERR_OK) {
        error = take_listings(&reader, node, count, listings, found);
    }
    for (size_t i = 0; error != ERR_OK && i < *found; i++) {
        recording_listing_finish(&listings[i]);
    }
    *found = error == ERR_OK ? *found : 0;
    free(answer.bytes);
    free(ids);
    return check(error, reason);
}
