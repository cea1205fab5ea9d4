/* The headers of one part of a multipart stream, line by line. Pure. Threads: one at a time. */
#ifndef BROKER_MULTIPART_PART_HEADERS_H
#define BROKER_MULTIPART_PART_HEADERS_H

#include "broker/frame/frame.h"

#include <stdbool.h>

/* Larger parts are refused, with a length or without. */
#define MULTIPART_PART_MAX_BYTES ((size_t)32 << 20)
/* The headers of one part. */
#define MULTIPART_HEADERS_MAX_BYTES 4096

struct part_headers {
    bool has_length;
    bool is_picture; /* as far as the headers say */
    size_t length;
    struct frame_info info; /* state, sequence and captured_realtime_ns; 0 where missing */
    unsigned oddities;      /* enum multipart_oddity */
};

/* Of a part without any header. */
struct part_headers part_headers_none(void);
/* Takes a line, which is changed. ERR_INVALID with a reason: the part is larger than any may be. */
CHECKED enum err part_headers_read(struct part_headers *headers, char *line, struct reason *reason);

#endif
