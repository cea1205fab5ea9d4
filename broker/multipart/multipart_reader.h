/* Takes a multipart stream of pictures apart (RFC 2046, section 5.1, as cameras and browsers practise it): bytes in,
 * frames out. It reads from nowhere itself, and keeps within bounds whatever comes.
 *
 *     for (;;) {
 *         while ((error = multipart_reader_next(reader, &frame, reason)) == ERR_OK) { ... }
 *         if (error != ERR_BUSY) break;
 *         struct multipart_room room = multipart_reader_room(reader);
 *         read up to room.count bytes to room.bytes, then
 *         multipart_reader_fill(reader, count);
 *     }
 *
 * It takes parts with and without Content-Length, delimiters with and without the dashes that their declaration
 * promises, and lines that end in LF alone. Parts that are not pictures, or empty, are passed over.
 * Threads: one at a time. Nothing here blocks. */
#ifndef BROKER_MULTIPART_READER_H
#define BROKER_MULTIPART_READER_H

#include "broker/frame.h"

#include <stdbool.h>

/* Larger parts are refused, whether they tell their length or not. */
#define MULTIPART_PART_MAX_BYTES ((size_t)32 << 20)
/* The headers of one part. */
#define MULTIPART_HEADERS_MAX_BYTES 4096
/* What may stand between two parts, or before the first. */
#define MULTIPART_GAP_MAX_BYTES ((size_t)256 << 10)

struct multipart_reader;

/* content_type: the stream's, which names the delimiter; NULL, or one without it: the first line that begins with two
 * dashes is it. pool is borrowed. ERR_MEMORY; ERR_INVALID: the delimiter is too long. */
CHECKED enum err multipart_reader_create(struct frame_pool *pool, const char *content_type,
                                         struct multipart_reader **reader);
void multipart_reader_destroy(struct multipart_reader **reader);

struct multipart_room {
    uint8_t *bytes;
    size_t count; /* above 0 */
};

/* Where the next bytes go; valid until the next call. Only after multipart_reader_next() gave ERR_BUSY. */
struct multipart_room multipart_reader_room(struct multipart_reader *reader);
/* So many bytes have been put there. */
void multipart_reader_fill(struct multipart_reader *reader, size_t count);

/* The next part as a new, unsealed frame. Of its info are set: state, as X-Camera-State tells it or STATE_LIVE;
 * sequence and captured_realtime_ns from X-Sequence and X-Timestamp, 0 where missing.
 * ERR_BUSY: more bytes are needed; ERR_CLOSED: the stream has ended as it should; ERR_INVALID: it is broken for good;
 * ERR_MEMORY. */
CHECKED enum err multipart_reader_next(struct multipart_reader *reader, struct frame **frame, struct reason *reason);

#endif
