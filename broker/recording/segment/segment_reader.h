/* Reads a segment: a file with a part of multipart/x-mixed-replace for each frame, as multipart_writer.h makes them.
 *
 *     --T CRLF   then for each frame   headers CRLF CRLF JPEG CRLF--T CRLF
 *
 * The last of the headers is X-Recorded, so that parts are sent by sendfile() as they stand; files of before have none.
 *
 * The file may still be written to: at its present end segment_reader_next() gives ERR_CLOSED, and later it may go on.
 * After a crash the end may be torn: what is no whole part is not returned.
 *
 * Lifecycle: open; seek, next, read, any number of times; close. Blocks: as the disk does.
 * Threads: one at a time. Ownership: the reader has a descriptor of its own. */
#ifndef BROKER_RECORDING_SEGMENT_SEGMENT_READER_H
#define BROKER_RECORDING_SEGMENT_SEGMENT_READER_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct segment_reader;

/* A frame in the file. */
struct segment_part {
    uint64_t offset;      /* of its headers */
    size_t head_bytes;    /* of the headers, with the empty line behind them */
    size_t payload_bytes; /* of the JPEG, which follows them */
    size_t bytes;         /* of all: headers, JPEG and the delimiter that ends the part */
    int64_t captured_realtime_ns;
    uint64_t sequence;
    bool is_ready; /* its headers are those of a recorded frame of the reader's camera: it can be sent as it stands */
};

/* ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_MEMORY; ERR_BUSY: no descriptor is left; ERR_INVALID: the file does not begin
 * as a segment does, e.g. since it is empty. */
CHECKED enum err segment_reader_open(const char *path, struct segment_reader **reader);
/* Whose frames are ready. Copied; without it, none is. */
void segment_reader_set_camera(struct segment_reader *reader, const char *id);
void segment_reader_close(struct segment_reader **reader);
/* For sendfile() and pread(); borrowed. */
int segment_reader_fd(const struct segment_reader *reader);
/* "--T", the line between its parts. Borrowed. */
const char *segment_reader_delimiter(const struct segment_reader *reader);
/* Where the first part is, and behind the last one that was returned. */
uint64_t segment_reader_first_offset(const struct segment_reader *reader);
uint64_t segment_reader_offset(const struct segment_reader *reader);

/* The next part is that at offset, which is a part's or 0: the first. */
void segment_reader_seek(struct segment_reader *reader, uint64_t offset);
/* The next whole part. ERR_CLOSED: there is none, for now; ERR_INVALID: what follows is no part; ERR_IO. */
CHECKED enum err segment_reader_next(struct segment_reader *reader, struct segment_part *part);
/* From where it stands, the last part that was captured at or before the time; behind it, the reader goes on. The part
 * there where it is later already. Errors as above: ERR_CLOSED where there is no part at all. */
CHECKED enum err segment_reader_find(struct segment_reader *reader, int64_t realtime_ns, struct segment_part *part);
/* The bytes of a part, from `from` on, `count` of them. ERR_IO: they cannot be read. */
CHECKED enum err segment_reader_read(struct segment_reader *reader, const struct segment_part *part, size_t from,
                                     void *bytes, size_t count);

#endif
