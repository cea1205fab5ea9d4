/* What nodes say to each other: structs, and their form on the wire. Every message begins with the version of the
 * protocol; one that does not hold to its form is refused as a whole.
 *
 * Times on the wire are the sender's monotonic clock, or ages; captures are dated since the epoch.
 * Threads: any. Ownership: what is read borrows from the message. */
#ifndef BROKER_CLUSTER_CLUSTER_MESSAGES_H
#define BROKER_CLUSTER_CLUSTER_MESSAGES_H

#include "broker/cluster/cluster_settings.h"
#include "broker/cluster/wire.h"
#include "broker/event_log.h"
#include "broker/frame/frame.h"
#include "broker/topic_settings.h"

#define CLUSTER_PROTOCOL 1
/* Cameras of a node, and what is asked of one. */
#define CLUSTER_CAMERAS_MAX 4096
#define CLUSTER_CHANNELS_MAX 4096
/* In front of a part of a picture. */
#define FRAME_HEADER_BYTES 96

/* ---- Presence ---- */

/* What changes with each frame of a camera. */
struct camera_figures {
    enum camera_state state;
    uint64_t sequence; /* of the newest live frame; 0: none yet */
    int64_t captured_realtime_ns, age_ns;
    bool motion_is_configured, motion_is_active, motion_is_moving;
};

struct beacon_message {
    uint64_t epoch; /* of this run of the node */
    int64_t started_realtime_ns, sent_realtime_ns;
    uint64_t generation; /* of its directory */
    bool is_leaving;
    bool is_new;           /* the node has just connected: others are to send theirs soon */
    uint32_t camera_count; /* figures follow, in the directory's order */
};

void beacon_message_write(struct wire_writer *writer, const struct beacon_message *beacon);
bool beacon_message_read(struct wire_reader *reader, struct beacon_message *beacon);
void camera_figures_write(struct wire_writer *writer, const struct camera_figures *figures);
bool camera_figures_read(struct wire_reader *reader, struct camera_figures *figures);

/* ---- Requests ---- */

/* The first byte behind the version. */
enum request_kind {
    REQUEST_IDENTITY = 1,  /* the answer is a beacon without figures */
    REQUEST_DIRECTORY = 2, /* u32: of which camera on; the answer is a directory */
    REQUEST_OTHER = 3,     /* the rest is for the server of the node */
};

struct directory_message {
    uint64_t epoch, generation;
    uint32_t total, from, count; /* cameras in all; the first of these; how many follow */
};

struct directory_entry {
    struct topic_settings settings; /* but for the source */
    uint64_t generation;            /* of what may be shown, see topic_begin_generation() */
    struct reason error;
    uint32_t width_px, height_px;
    struct camera_figures figures;
};

void directory_message_write(struct wire_writer *writer, const struct directory_message *directory);
bool directory_message_read(struct wire_reader *reader, struct directory_message *directory);
void directory_entry_write(struct wire_writer *writer, const struct directory_entry *entry);
/* entry is some KB. */
bool directory_entry_read(struct wire_reader *reader, struct directory_entry *entry);

/* ---- Demand ---- */

struct lease_message {
    uint64_t epoch;         /* of the gateway's connection */
    uint32_t number;        /* of the lease */
    int64_t sent_ns;        /* the gateway's clock */
    uint64_t max_in_flight; /* bytes */
    uint32_t stream;        /* of which `received` is; 0: none yet */
    uint64_t received;      /* the highest number of a message */
    uint32_t channel_count; /* which follow */
};

struct lease_channel {
    uint32_t number;
    char camera[TOPIC_ID_MAX_BYTES + 1];
    struct variant_request request; /* zeroed: as the camera has it */
    uint32_t playback;              /* the same for channels that are played together; 0: live */
    int64_t at_ns, to_ns;           /* of a playback, as in struct playback_settings */
    double speed;
    bool shows_gaps;
};

void lease_message_write(struct wire_writer *writer, const struct lease_message *lease);
bool lease_message_read(struct wire_reader *reader, struct lease_message *lease);
void lease_channel_write(struct wire_writer *writer, const struct lease_channel *channel);
bool lease_channel_read(struct wire_reader *reader, struct lease_channel *channel);

struct ack_message {
    uint64_t epoch;
    uint32_t stream;
    uint64_t number;   /* of the last message that has arrived */
    int64_t waited_ns; /* how long the slowest since the last ack has waited on its way */
};

void ack_message_write(struct wire_writer *writer, const struct ack_message *ack);
bool ack_message_read(struct wire_reader *reader, struct ack_message *ack);

/* ---- Delivery ---- */

enum delivery_kind {
    DELIVERY_FRAME = 1,
    DELIVERY_ANSWER = 2, /* to a lease */
};

/* What all messages from a node to a gateway begin with. */
struct delivery_message {
    enum delivery_kind kind;
    uint64_t epoch;  /* of the lease */
    uint32_t stream; /* of numbers; never 0 */
    uint64_t number; /* of the message, from 1 */
    int64_t sent_ns; /* the node's clock */
};

/* A picture, or a part of one. */
struct frame_message {
    uint64_t number; /* of the delivery */
    uint32_t channel;
    uint32_t total_bytes, offset;
    struct frame_info info; /* without position and times of the monotonic clock */
    int64_t age_ns;         /* since the capture */
    struct span payload;
};

/* Which channels get nothing. */
struct answer_message {
    uint32_t lease;        /* number */
    int64_t lease_sent_ns; /* as in the lease */
    uint32_t refusal_count;
};

struct channel_refusal {
    uint32_t channel;
    bool has_ended; /* a playback, by itself */
    struct reason reason;
};

void delivery_message_write(struct wire_writer *writer, const struct delivery_message *delivery);
bool delivery_message_read(struct wire_reader *reader, struct delivery_message *delivery);
/* Without the payload: FRAME_HEADER_BYTES at most, with the delivery. */
void frame_message_write(struct wire_writer *writer, const struct frame_message *frame);
/* number is left alone. */
bool frame_message_read(struct wire_reader *reader, struct frame_message *frame);
void answer_message_write(struct wire_writer *writer, const struct answer_message *answer);
bool answer_message_read(struct wire_reader *reader, struct answer_message *answer);
void channel_refusal_write(struct wire_writer *writer, const struct channel_refusal *refusal);
bool channel_refusal_read(struct wire_reader *reader, struct channel_refusal *refusal);

/* ---- Events ---- */

/* Of motion and recording alone. */
bool event_message_is_sent(enum event_log_kind kind);
void event_message_write(struct wire_writer *writer, const struct event_log_entry *entry);
bool event_message_read(struct wire_reader *reader, struct event_log_entry *entry);

#endif
