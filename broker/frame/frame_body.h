/* Puts a body whose length is not known beforehand into one frame.
 * Threads: the frame's own, as before it is published. Blocks: as the source does. */
#ifndef BROKER_FRAME_FRAME_BODY_H
#define BROKER_FRAME_FRAME_BODY_H

#include "broker/frame/frame.h"

/* Puts up to capacity bytes, which is above 0, into bytes. ERR_OK: *got is above 0; ERR_CLOSED: the body has ended. */
typedef enum err frame_body_source(void *user, uint8_t *bytes, size_t capacity, size_t *got);

/* Reads to the end; *frame, which is empty, grows as needed. On failure *frame is still the caller's: ERR_UNSUPPORTED:
 * the body exceeds max_bytes; ERR_MEMORY, and what the source returns. */
CHECKED enum err frame_body_read(struct frame **frame, size_t max_bytes, frame_body_source *source, void *user);

/* Adds bytes that have arrived; *frame grows as needed. On failure *frame is as before: ERR_UNSUPPORTED: the body
 * exceeds max_bytes; ERR_MEMORY. Does not block. */
CHECKED enum err frame_body_append(struct frame **frame, size_t max_bytes, const uint8_t *bytes, size_t count);

#endif
