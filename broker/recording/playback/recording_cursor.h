/* Walks along the recorded frames of one camera, from segment to segment, in the order of recording.
 *
 * A cursor looks at one frame ahead: recording_cursor_peek() gives it, recording_cursor_take() makes it the current one
 * and looks at the next. What is being written can be read as far as it is in the file. A segment whose file is missing
 * or broken is passed over.
 *
 * Lifecycle: create, seek, any number of others, destroy. Blocks: as the disk does.
 * Threads: one at a time, that of its catalogue's connection. Ownership: the catalogue is borrowed; the cursor has up
 * to RECORDING_CURSOR_FILES descriptors of its own. */
#ifndef BROKER_RECORDING_PLAYBACK_RECORDING_CURSOR_H
#define BROKER_RECORDING_PLAYBACK_RECORDING_CURSOR_H

#include "broker/frame/frame.h"
#include "broker/recording/catalogue/catalogue.h"
#include "broker/recording/segment/segment_reader.h"

/* Files that a cursor has open at most. */
#define RECORDING_CURSOR_FILES 2u

struct recording_cursor;

/* A frame in a file. Times are nanoseconds since the epoch. */
struct recorded_frame {
    struct segment_part part;
    int fd;                /* of its file; borrowed until the cursor leaves the frame's segment */
    const char *delimiter; /* "--T", of that file; borrowed likewise */
    bool is_after_gap;     /* it begins a segment, well after the frame before, or is the first of all */
};

/* path: the folder of the recordings, copied. ERR_MEMORY. */
CHECKED enum err recording_cursor_create(struct catalogue *catalogue, const char *path, const char *camera_id,
                                         struct recording_cursor **cursor);
void recording_cursor_destroy(struct recording_cursor **cursor);

/* The next frame is the one that was the newest at the time. Where that was older than max_age_ns and no more came in
 * its segment, the next frame is the first behind the time. */
CHECKED enum err recording_cursor_seek(struct recording_cursor *cursor, int64_t realtime_ns, int64_t max_age_ns);
/* Where a cursor stands, for another one to go on from later: behind its current frame. Zeroed: before the first. */
struct recording_place {
    int64_t segment_start_ns, segment_key;
    uint64_t offset; /* of the current frame's part */
    int64_t captured_ns;
};
struct recording_place recording_cursor_place(const struct recording_cursor *cursor);
/* The next frame is the one behind the place, or the first of the segments that follow if its segment is gone. */
CHECKED enum err recording_cursor_resume(struct recording_cursor *cursor, const struct recording_place *place);
/* The next frame. ERR_CLOSED: there is none, so far; others as the catalogue's queries, and the reader's. */
CHECKED enum err recording_cursor_peek(struct recording_cursor *cursor, struct recorded_frame *frame);
/* Makes the frame that peek has given the current one. */
void recording_cursor_take(struct recording_cursor *cursor);
/* The current frame, whose file stays open until the next but one segment is taken from. */
const struct recorded_frame *recording_cursor_current(const struct recording_cursor *cursor);
/* Reads its JPEG into a new, unsealed frame, with sequence and capture time of then. ERR_INVALID: it has vanished from
 * the file or is no JPEG; ERR_IO, ERR_MEMORY. */
CHECKED enum err recording_cursor_read(const struct recording_cursor *cursor, struct frame_pool *pool,
                                       struct frame **frame);

#endif
