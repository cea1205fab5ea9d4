/* The recording of one camera: takes its frames from a queue, decides which are recorded, and writes them into
 * segments.
 *
 * A segment ends after segment_ns, at a gap, at a step of the clock, and where frames change between sparse and full.
 * It enters the catalogue at its first sync.
 *
 * Lifecycle: start; rounds of write and sync, while the disk is open; abandon whenever it fails; stop.
 * Threads: one, the recorder's. Blocks: write and sync as the disk does; the others no.
 * Ownership: holds references to the topic and the queue, and a subscription that keeps the camera open. */
#ifndef BROKER_RECORDING_CAMERA_RECORDING_H
#define BROKER_RECORDING_CAMERA_RECORDING_H

#include "broker/frame/frame_queue.h"
#include "broker/recording/record_plan.h"
#include "broker/recording/recorder_types.h"
#include "broker/recording/recording_disk.h"
#include "broker/recording/segment/segment_writer.h"
#include "broker/subscriber.h"
#include "broker/topic.h"

struct camera_recording {
    struct topic *topic;
    struct subscriber *demand;
    struct frame_queue *queue;
    struct record_settings settings;
    int64_t gap_ns; /* frames that are further apart do not belong together */
    struct record_plan plan;
    bool is_off; /* set by the owner: nothing is recorded */

    struct frame *batch[SEGMENT_BATCH_MAX]; /* chosen, and not yet written */
    size_t batch_count, batch_bytes;
    bool batch_is_full; /* chosen as some of all frames, not as few */

    struct segment_writer writer;
    char name[SEGMENT_NAME_BYTES];
    bool is_full, continues; /* of the segment that is being written */
    int64_t camera_key, key; /* in the catalogue; 0: not yet */

    int64_t last_realtime_ns, last_monotonic_ns; /* of the newest frame written; 0: none */
    bool last_is_full;
    struct recorder_camera_status status; /* as it was last shown */
    int64_t written_at_ns;                /* monotonic, of the newest frame; 0: none */
    uint64_t lost;                        /* frames that should have been recorded, and were not */
    uint64_t bytes, frames;               /* written since the start */
};

/* On failure nothing has started. ERR_CLOSED: the topic is; ERR_MEMORY. *camera is zeroed before. */
CHECKED enum err camera_recording_start(struct camera_recording *camera, struct topic *topic,
                                        const struct record_settings *settings, int64_t gap_ns,
                                        struct frame_budget *budget);
/* The segment is closed without the catalogue: sync with `finish` before. */
void camera_recording_stop(struct camera_recording *camera);

/* Writes the frames that are due; now_ns: monotonic. Errors: recording_disk.h. What could not be written stays, for the
 * next time. */
CHECKED enum err camera_recording_write(struct camera_recording *camera, struct recording_disk *disk,
                                        int64_t segment_ns, int64_t now_ns, struct reason *reason);
/* While nothing can be written: drops the frames that are not due to be, and counts those that are lost. */
void camera_recording_hold(struct camera_recording *camera, int64_t now_ns);
/* Puts on the disk and into the catalogue what was written so far; finish: and ends the segment. */
CHECKED enum err camera_recording_sync(struct camera_recording *camera, struct recording_disk *disk, bool finish,
                                       struct reason *reason);
/* Closes the segment's file after a failure. What the catalogue lacks of it is found when the disk is opened again. */
void camera_recording_abandon(struct camera_recording *camera);

#endif
