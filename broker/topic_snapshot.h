/* What status shows of a topic: plain data of one moment, without secrets.
 * Threads: any. */
#ifndef BROKER_TOPIC_SNAPSHOT_H
#define BROKER_TOPIC_SNAPSHOT_H

#include "broker/event_log.h"
#include "broker/topic_settings.h"

struct topic;

struct subscriber_snapshot {
    uint64_t id;
    char remote[SUBSCRIBER_REMOTE_BYTES];
    const char *route;
    int64_t connected_ns; /* how long */
    uint64_t sent, skipped, bytes;
    double fps;     /* of the last seconds */
    size_t variant; /* which of the topic's variants it is on, from 1; 0: on the topic itself */
};

struct variant_snapshot {
    char name[VARIANT_NAME_MAX_BYTES + 1]; /* of the settings; "": none */
    uint32_t width_px, height_px, quality; /* 0: as the camera's, or not known yet */
    double fps;                            /* of the last seconds */
    size_t subscriber_count;
};

/* To all clients so far, those that have left too. None of these decreases. */
struct delivery_snapshot {
    uint64_t sent, skipped, bytes; /* skipped: known once the client takes its next frame, or leaves */
};

struct topic_snapshot {
    bool is_brief; /* without subscribers and variants */
    struct topic_settings settings;
    enum camera_state state;
    int64_t state_since_realtime_ns;
    int64_t created_realtime_ns; /* since when everything is counted */
    char error[200];             /* "" where there is none */
    uint64_t restarts;
    uint32_t width_px, height_px; /* 0 until known */
    const char *format;           /* NULL until known */
    double captured_fps;
    uint64_t published, dropped, invalid;
    uint64_t published_bytes;
    struct delivery_snapshot delivered; /* of its variants too */
    uint64_t last_sequence;             /* 0: no frame yet; the rest of last_ is then meaningless */
    int64_t last_captured_realtime_ns;
    int64_t last_age_ns;
    size_t last_bytes;
    struct motion_status motion;
    size_t subscriber_count;
    struct subscriber_snapshot *subscribers; /* owned by the snapshot */
    size_t variant_count;
    struct variant_snapshot *variants; /* likewise; filled by broker_snapshot_topic() */
};

/* Of one moment, without the variants. ERR_MEMORY. Finish it to free it. */
CHECKED enum err topic_snapshot(struct topic *topic, struct topic_snapshot *snapshot);
/* Costs the same for any number of subscribers. */
void topic_snapshot_brief(struct topic *topic, struct topic_snapshot *snapshot);
void topic_snapshot_finish(struct topic_snapshot *snapshot);

#endif
