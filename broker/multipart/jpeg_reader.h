/* Takes a stream of JPEGs apart that has nothing but the pictures in it, one after the other, as programs write it to
 * their standard output: bytes in, frames out. It is used like multipart_reader, which has the loop.
 *
 * What stands between two pictures is passed over, up to JPEG_READER_GAP_MAX_BYTES.
 * Threads: one at a time. Nothing here blocks. */
#ifndef BROKER_MULTIPART_JPEG_READER_H
#define BROKER_MULTIPART_JPEG_READER_H

#include "broker/multipart/multipart_reader.h"

#define JPEG_READER_GAP_MAX_BYTES MULTIPART_GAP_MAX_BYTES

struct jpeg_reader;

/* pool is borrowed. ERR_MEMORY. */
CHECKED enum err jpeg_reader_create(struct frame_pool *pool, struct jpeg_reader **reader);
void jpeg_reader_destroy(struct jpeg_reader **reader);

/* Where the next bytes go; valid until the next call. Only after jpeg_reader_next() gave ERR_BUSY. */
struct multipart_buffer jpeg_reader_buffer(struct jpeg_reader *reader);
/* So many bytes have been put there. */
void jpeg_reader_fill(struct jpeg_reader *reader, size_t count);

/* The next picture as a new, unsealed frame; of its info the state is set, to STATE_LIVE. ERR_BUSY: more bytes are
 * needed; ERR_INVALID: a picture is broken, the next may be fine; ERR_IO: this is no stream of JPEGs, or a picture is
 * too large; ERR_MEMORY. */
CHECKED enum err jpeg_reader_next(struct jpeg_reader *reader, struct frame **frame, struct reason *reason);

#endif
