/* Decodes a chunked body (RFC 9112, section 7.1) as it arrives, in any pieces. Pure. Extensions and trailers are
 * skipped. Threads: one at a time. */
#ifndef WEB_HTTP_CHUNKED_H
#define WEB_HTTP_CHUNKED_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum chunked_state {
    CHUNKED_SIZE, /* in the digits of a size; the first state */
    CHUNKED_EXTENSION,
    CHUNKED_DATA,
    CHUNKED_DATA_END, /* in the line end behind the data */
    CHUNKED_TRAILER,  /* in a line of the trailer section */
    CHUNKED_FINISHED,
};

/* Zeroed: before the first byte. */
struct chunked {
    enum chunked_state state;
    uint64_t left;      /* of the chunk's data */
    size_t digits;      /* of its size */
    size_t line_bytes;  /* of the line that is being read */
    size_t other_bytes; /* that were not data, since the last of it */
};

/* Decodes `count` bytes in place: the first *decoded of them are data afterwards. ERR_OK: there is more to come;
 * ERR_CLOSED: the body has ended, and whatever follows it is dropped; ERR_INVALID: it is malformed, or more than 8 KB
 * of extensions and trailers come together. */
CHECKED enum err chunked_decode(struct chunked *chunked, uint8_t *bytes, size_t count, size_t *decoded);

#endif
