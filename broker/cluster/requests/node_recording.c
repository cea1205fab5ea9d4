#include "broker/cluster/requests/node_recording.h"

#include "broker/base/log.h"
#include "broker/cluster/requests/node_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct node_recording {
    struct cluster *cluster;
    struct frame_pool *pool;
    char camera[TOPIC_ID_MAX_BYTES + 1];
    struct node_frames_query query; /* of the next slice */
    struct cluster_answer slice;
    struct wire_reader reader; /* of what is left of the slice */
    struct node_frames_head head;
    bool is_begun;                 /* there is a slice */
    struct frame *ahead, *current; /* NULL: none; ahead may lack its last bytes */
    uint32_t ahead_total_bytes;
    bool ahead_is_whole, ahead_is_after_gap;
};

static uint32_t ahead_bytes(const struct node_recording *recording) {
    return recording->ahead != NULL ? (uint32_t)frame_payload(recording->ahead).count : 0;
}

static enum err ask_for_slice(struct node_recording *recording, struct reason *reason) {
    if (recording->is_begun && recording->head.is_end) {
        return ERR_CLOSED;
    }
    free(recording->slice.bytes);
    recording->query.offset = ahead_bytes(recording);
    enum err error = node_client_read_frames(recording->cluster, recording->camera, &recording->query,
                                             &recording->slice, &recording->reader, &recording->head, reason);
    recording->is_begun = error == ERR_OK;
    if (error != ERR_OK) {
        return error == ERR_CLOSED ? ERR_GONE : error;
    }
    const bool goes_on = recording->reader.count > 0 || recording->head.is_end ||
                         memcmp(&recording->query.place, &recording->head.place, sizeof recording->head.place) != 0;
    recording->query.place = recording->head.place;
    return goes_on ? ERR_OK : ERR_INVALID;
}

/* A frame, or the next piece of the one that has begun. */
static enum err add_piece(struct node_recording *recording, const struct node_recorded_frame *piece) {
    const uint32_t offset = ahead_bytes(recording);
    enum err error = ERR_OK;
    if (recording->ahead == NULL) {
        error = frame_create(recording->pool, piece->total_bytes, &recording->ahead);
        if (error != ERR_OK) {
            return error;
        }
        *frame_edit_info(recording->ahead) = (struct frame_info){.format = FRAME_JPEG,
                                                                 .sequence = piece->sequence,
                                                                 .captured_realtime_ns = piece->captured_realtime_ns,
                                                                 .state = STATE_LIVE,
                                                                 .is_recorded = true};
        recording->ahead_is_after_gap = piece->is_after_gap;
        recording->ahead_total_bytes = piece->total_bytes;
    }
    const struct frame_info *info = frame_info(recording->ahead);
    if (info->captured_realtime_ns != piece->captured_realtime_ns || info->sequence != piece->sequence ||
        piece->total_bytes != recording->ahead_total_bytes || piece->bytes.count > piece->total_bytes - offset) {
        return ERR_INVALID;
    }
    memcpy(frame_data(recording->ahead) + offset, piece->bytes.bytes, piece->bytes.count);
    frame_set_size(recording->ahead, offset + piece->bytes.count);
    recording->ahead_is_whole = offset + piece->bytes.count == piece->total_bytes;
    return ERR_OK;
}

static enum err look_ahead(struct node_recording *recording, struct reason *reason) {
    enum err error = ERR_OK;
    while (error == ERR_OK && !recording->ahead_is_whole) {
        struct node_recorded_frame piece;
        error = recording->is_begun ? node_read_recorded_frame(&recording->reader, &piece) : ERR_CLOSED;
        if (error == ERR_OK) {
            error = add_piece(recording, &piece);
        } else if (error == ERR_CLOSED) {
            error = ask_for_slice(recording, reason);
        }
    }
    return error == ERR_CLOSED && recording->ahead != NULL ? ERR_INVALID : error;
}

/* ---- The source ---- */

static enum err peek(void *user, struct recorded_frame *frame) {
    struct node_recording *recording = user;
    struct reason reason = {""};
    enum err error = look_ahead(recording, &reason);
    if (error != ERR_OK) {
        if (error != ERR_CLOSED) {
            log_rate_limited(LOG_LEVEL_WARNING, recording->camera, "clip", "a recording cannot be read: %s",
                             reason.text[0] != '\0' ? reason.text : err_text(error));
        }
        return error;
    }
    const struct frame_info *info = frame_info(recording->ahead);
    *frame = (struct recorded_frame){.part = {.payload_bytes = ahead_bytes(recording),
                                              .captured_realtime_ns = info->captured_realtime_ns,
                                              .sequence = info->sequence},
                                     .fd = -1,
                                     .is_after_gap = recording->ahead_is_after_gap};
    return ERR_OK;
}

static void take(void *user) {
    struct node_recording *recording = user;
    frame_unref(&recording->current);
    recording->current = recording->ahead;
    recording->ahead = NULL;
    recording->ahead_is_whole = false;
}

static enum err read_current(void *user, struct frame_pool *pool, struct frame **frame) {
    (void)pool;
    struct node_recording *recording = user;
    *frame = frame_ref(recording->current);
    return ERR_OK;
}

static void close_recording(void *user) {
    struct node_recording *recording = user;
    frame_unref(&recording->ahead);
    frame_unref(&recording->current);
    free(recording->slice.bytes);
    free(recording);
}

enum err node_recording_open(struct cluster *cluster, const struct node_recording_settings *settings,
                             struct frame_pool *pool, struct export_source *source, struct reason *reason) {
    static const struct export_source_ops ops = {
        .peek = peek, .take = take, .read = read_current, .close = close_recording};
    struct node_recording *recording = calloc(1, sizeof *recording);
    if (recording == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    recording->cluster = cluster;
    recording->pool = pool;
    recording->query = (struct node_frames_query){
        .from_ns = settings->from_ns, .to_ns = settings->to_ns, .interval_ns = settings->interval_ns};
    snprintf(recording->camera, sizeof recording->camera, "%s", settings->camera);
    enum err error = look_ahead(recording, reason);
    if (error != ERR_OK) {
        close_recording(recording);
        return error;
    }
    *source = (struct export_source){.ops = &ops, .user = recording};
    return ERR_OK;
}
