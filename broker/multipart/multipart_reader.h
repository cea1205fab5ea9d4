/* Takes a multipart stream of pictures apart (RFC 2046, section 5.1, as cameras and browsers practise it): bytes in,
 * frames out. It reads from nowhere itself, and keeps within bounds whatever comes.
 *
 *     for (;;) {
 *         while ((error = multipart_reader_next(reader, &frame, reason)) == ERR_OK) { ... }
 *         if (error != ERR_BUSY) break;
 *         struct multipart_buffer buffer = multipart_reader_buffer(reader);
 *         read up to buffer.count bytes to buffer.bytes, then
 *         multipart_reader_fill(reader, count);
 *     }
 *
 * A JPEG ends where it ends (jpeg_walk.h), and is given at its EOI: Content-Length and delimiter are upper bounds and
 * hints. The declared boundary is a hint, too: the first line that is it, with or without two dashes more, or another
 * line of dashes that is followed by headers, is the delimiter and stays it; the first part may come without. Lines may
 * end in LF alone. Parts that are not pictures, or empty, are passed over; FF D8 FF is a picture, whatever its type.
 * Threads: one at a time. Nothing here blocks. */
#ifndef BROKER_MULTIPART_MULTIPART_READER_H
#define BROKER_MULTIPART_MULTIPART_READER_H

#include "broker/frame/frame.h"
#include "broker/multipart/multipart_oddity.h"
#include "broker/multipart/part_headers.h"

#include <stdbool.h>

/* What may stand between two parts, or before the first. */
#define MULTIPART_GAP_MAX_BYTES ((size_t)256 << 10)

struct multipart_reader;

/* content_type: the stream's, which names the delimiter; NULL, or one without it: the first line that begins with two
 * dashes is it. pool is borrowed. ERR_MEMORY; ERR_INVALID: the delimiter is too long. */
CHECKED enum err multipart_reader_create(struct frame_pool *pool, const char *content_type,
                                         struct multipart_reader **reader);
void multipart_reader_destroy(struct multipart_reader **reader);

struct multipart_buffer {
    uint8_t *bytes;
    size_t count; /* above 0 */
};

/* Where the next bytes go; valid until the next call. Only after multipart_reader_next() gave ERR_BUSY. */
struct multipart_buffer multipart_reader_buffer(struct multipart_reader *reader);
/* count bytes have been put there. */
void multipart_reader_fill(struct multipart_reader *reader, size_t count);

/* The next part as a new, unsealed frame. Of its info are set: state from X-Camera-State, or STATE_LIVE;
 * sequence and captured_realtime_ns from X-Sequence and X-Timestamp, 0 where missing.
 * ERR_BUSY: more bytes are needed; ERR_CLOSED: the stream has ended as it should; ERR_INVALID: it is broken for good;
 * ERR_MEMORY. */
CHECKED enum err multipart_reader_next(struct multipart_reader *reader, struct frame **frame, struct reason *reason);

/* Those of multipart_oddity.h that were met so far, as a sum. */
unsigned multipart_reader_oddities(const struct multipart_reader *reader);

#endif
