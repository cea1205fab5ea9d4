/* What one node asks of another, beside its identity and directory: what its cameras' pages and recordings show. A
 * request names cameras by their ids at the node that is asked.
 *
 * A request and its answer are messages of wire.h, bounded; pictures come in pieces. Whatever does not parse is
 * refused.
 * Threads: any. */
#ifndef BROKER_CLUSTER_REQUESTS_NODE_REQUEST_H
#define BROKER_CLUSTER_REQUESTS_NODE_REQUEST_H

#include "broker/cluster/wire.h"
#include "broker/control.h"
#include "broker/motion_port.h"
#include "broker/recording/catalogue/recording_listing.h"
#include "broker/recording/playback/recording_cursor.h"

#define NODE_REQUEST_MAX_BYTES ((size_t)20 << 10)
/* A NATS server takes messages of 1 MB if its configuration does not say otherwise. */
#define NODE_ANSWER_MAX_BYTES ((size_t)512 << 10) /* CLUSTER_ANSWER_MAX_BYTES at most */
#define NODE_REQUEST_CAMERAS_MAX 256
#define NODE_CONTROLS_MAX 256
#define NODE_PICTURE_MAX_BYTES ((size_t)16 << 20)
#define NODE_HISTORY_ROWS_MAX 500
#define NODE_STRETCHES_MIN 2
#define NODE_STRETCHES_MAX 2000

/* The numbers are part of the protocol. */
enum node_request_kind {
    NODE_REQUEST_CONTROLS = 16, /* camera */
    NODE_REQUEST_SET_CONTROL,   /* camera, control */
    NODE_REQUEST_MOTION,        /* camera */
    NODE_REQUEST_SWITCH_MOTION, /* camera, is_on */
    NODE_REQUEST_EVENT_PICTURE, /* camera, event, offset */
    NODE_REQUEST_PICTURE_AT,    /* camera, from_ns, offset */
    NODE_REQUEST_HISTORY,       /* camera ("": all), history_kind, from_ns, to_ns, newest_first, after_..., limit */
    NODE_REQUEST_RECORDINGS,    /* cameras, from_ns, to_ns, limit: stretches of a camera */
    NODE_REQUEST_FRAMES,        /* camera, from_ns, to_ns, interval_ns, frames_place, offset */
};

/* How far frames of a recording have been looked at. Zeroed: not yet. */
struct node_frames_place {
    struct recording_place recording; /* of the last one */
    int64_t due_ns;                   /* as in struct rate_limiter */
};

struct node_request {
    enum node_request_kind kind;
    char camera[TOPIC_ID_MAX_BYTES + 1];
    char control[CONTROL_TEXT_BYTES], choice[CONTROL_TEXT_BYTES]; /* choice: "": value counts */
    int64_t value;
    bool is_on, newest_first;
    uint64_t event;
    uint32_t offset; /* where the piece of the (first) picture begins */
    int64_t from_ns, to_ns;
    char history_kind[HISTORY_KIND_MAX_BYTES + 1]; /* "": any */
    int64_t after_at_ns, after_key;                /* as in struct history_query; after_at_ns INT64_MIN: not known */
    uint32_t limit;
    int64_t interval_ns; /* between frames; 0: all */
    struct node_frames_place frames_place;
    const char (*cameras)[TOPIC_ID_MAX_BYTES + 1]; /* borrowed; of a request that was read: node_request_finish() */
    size_t camera_count;
};

/* ERR_INVALID: it does not fit, or a text of it is too long. */
CHECKED enum err node_request_write(const struct node_request *request, struct wire_writer *writer);
/* ERR_INVALID, ERR_MEMORY: then there is nothing to finish. */
CHECKED enum err node_request_read(const void *bytes, size_t count, struct node_request *request);
void node_request_finish(struct node_request *request);

void node_write_frames_place(struct wire_writer *writer, const struct node_frames_place *place);
void node_read_frames_place(struct wire_reader *reader, struct node_frames_place *place);

/* ---- Values of answers ---- */

void node_write_controls(struct wire_writer *writer, const struct control_list *list);
/* *list is empty before, and to be finished in any case. ERR_INVALID, ERR_MEMORY. */
CHECKED enum err node_read_controls(struct wire_reader *reader, struct control_list *list);

void node_write_motion(struct wire_writer *writer, const struct motion_view *view);
/* To be finished like any view. ERR_INVALID, ERR_MEMORY. */
CHECKED enum err node_read_motion(struct wire_reader *reader, struct motion_view *view);

/* The piece of a JPEG that begins at offset. */
void node_write_picture(struct wire_writer *writer, const struct frame *frame, uint32_t offset);
struct node_picture_piece {
    struct frame_info info;
    uint32_t total_bytes;
    struct span bytes; /* borrowed from the answer */
};
CHECKED enum err node_read_picture(struct wire_reader *reader, struct node_picture_piece *piece);

/* A slice of the history: where the next one begins, then rows. */
struct node_history_place {
    int64_t at_ns, key; /* of the last row that was looked at */
    bool is_end;        /* there are no more */
};
#define NODE_HISTORY_PLACE_BYTES (8u + 8u + 1u)
void node_write_history_place(struct wire_writer *writer, const struct node_history_place *place);
CHECKED enum err node_read_history_place(struct wire_reader *reader, struct node_history_place *place);
/* False: it does not fit any more. */
bool node_write_history_row(struct wire_writer *writer, const struct history_row *row);
/* Its texts are put into `texts`. ERR_CLOSED: there are no more; ERR_INVALID. */
struct node_history_texts {
    char camera[TOPIC_ID_MAX_BYTES + 1], kind[HISTORY_KIND_MAX_BYTES + 1], details[HISTORY_DETAILS_MAX_BYTES + 1];
};
CHECKED enum err node_read_history_row(struct wire_reader *reader, struct node_history_texts *texts,
                                       struct history_row *row);

/* A slice of a recording: how far it goes, then frames, of which the last may be a piece. */
struct node_frames_head {
    struct node_frames_place place; /* where the next slice begins: before a piece */
    bool is_end;                    /* there are no more */
};
void node_write_frames_head(struct wire_writer *writer, const struct node_frames_head *head);
CHECKED enum err node_read_frames_head(struct wire_reader *reader, struct node_frames_head *head);
struct node_recorded_frame {
    int64_t captured_realtime_ns;
    uint64_t sequence;
    bool is_after_gap;
    uint32_t total_bytes;
    struct span bytes; /* from the request's offset on, or from the beginning; borrowed from the answer */
};
/* As many of its bytes as there is room for, which is *count. False: there is none. */
bool node_write_recorded_frame(struct wire_writer *writer, const struct node_recorded_frame *frame, size_t *count);
/* ERR_CLOSED: there are no more; ERR_INVALID. */
CHECKED enum err node_read_recorded_frame(struct wire_reader *reader, struct node_recorded_frame *frame);

void node_write_listing(struct wire_writer *writer, const struct recording_listing *listing);
/* ERR_CLOSED: there are no more; ERR_INVALID, ERR_MEMORY. */
CHECKED enum err node_read_listing(struct wire_reader *reader, struct recording_listing *listing);

#endif
