/* Writes a segment (segment_reader.h has the format): frames are appended in batches, each with one writev().
 *
 * What has been written survives a crash of the program; what segment_writer_sync() has returned for, one of the
 * machine. After a failure nothing more may be appended; segment_writer_close() cuts what is no whole part.
 *
 * Lifecycle: open; append and sync; close. Blocks: as the disk does.
 * Threads: one at a time. Ownership: the writer has the file's descriptor; frames stay the caller's. */
#ifndef BROKER_RECORDING_SEGMENT_SEGMENT_WRITER_H
#define BROKER_RECORDING_SEGMENT_SEGMENT_WRITER_H

#include "broker/frame/frame.h"
#include "broker/recording/segment/segment_index.h"

#define SEGMENT_BATCH_MAX 64
/* Segments stay below what their index can address. */
#define SEGMENT_MAX_BYTES ((uint64_t)1 << 30)

/* Zeroed: nothing is open. Its fields are for reading. */
struct segment_writer {
    bool is_open;
    int fd;
    uint64_t bytes;        /* written as whole parts */
    uint64_t synced_bytes; /* of those */
    uint64_t frames;
    int64_t start_ns, end_ns; /* capture times of the first frame and of the newest */
    struct segment_index index;
};

/* Makes the file, at a path below the folder of that descriptor which exists, and writes its first delimiter:
 * "--T\r\n", that of the frames to come. ERR_INVALID: there is a file of that name; ERR_BUSY: the disk is full; ERR_IO;
 * each with a reason. */
CHECKED enum err segment_writer_open(struct segment_writer *writer, int folder, const char *path,
                                     const char *first_delimiter, struct reason *reason);
/* Appends frames sealed with multipart_envelope(), marked as recorded, at most SEGMENT_BATCH_MAX. After a failure those
 * that were written whole are counted, and the rest is not. ERR_BUSY: the disk is full; ERR_IO, ERR_MEMORY. */
CHECKED enum err segment_writer_append(struct segment_writer *writer, struct frame *const *frames, size_t count,
                                       struct reason *reason);
/* fdatasync(). */
CHECKED enum err segment_writer_sync(struct segment_writer *writer, struct reason *reason);
/* Cuts a torn end and closes the file. Never fails: what was not synced may be lost. */
void segment_writer_close(struct segment_writer *writer);
/* Frees the index's memory too. */
void segment_writer_finish(struct segment_writer *writer);

#endif
