/* Where a JPEG ends, found while its bytes come in: an incremental walk from SOI to EOI that knows only markers and
 * their lengths (ITU-T T.81, annex B). Thumbnails in APPn segments, fill bytes, restart markers, stuffed zeros and
 * progressive scans do not mislead it. Whether the picture is sound is not its concern.
 *
 * Use: begin with a zeroed struct, feed the bytes in chunks of any size until the state is not JPEG_WALK_MORE.
 * Threads: one at a time for each walk. Cost: some us for a 1080p frame, as it skips from one 0xFF to the next. */
#ifndef BROKER_MULTIPART_JPEG_WALK_H
#define BROKER_MULTIPART_JPEG_WALK_H

#include "broker/frame/frame.h"

#include <stddef.h>
#include <stdint.h>

/* Line ends that may stand before SOI. */
#define JPEG_WALK_LEADING_MAX_BYTES 16

enum jpeg_walk_state {
    JPEG_WALK_MORE,  /* the picture goes on */
    JPEG_WALK_ENDED, /* at its EOI */
    JPEG_WALK_ALIEN, /* it does not begin with FF D8 FF */
    JPEG_WALK_BROKEN /* another picture begins in it, or there is no marker where one belongs */
};

struct jpeg_walk {
    enum jpeg_walk_state state;
    size_t leading_bytes; /* line ends before SOI */
    size_t walked_bytes;  /* all bytes that belong to it so far, those before SOI included */
    /* Private. */
    int step;
    uint32_t segment_bytes; /* of the segment under way: its length so far read, then what is left */
    uint8_t marker;
};

/* Returns the state. Bytes behind EOI are not taken: walked_bytes says where they begin. */
enum jpeg_walk_state jpeg_walk_feed(struct jpeg_walk *walk, const uint8_t *bytes, size_t count);

/* Cuts an unsealed frame, which holds all the bytes that were fed, to the picture. False, and nothing is cut: it does
 * not begin with one. A picture without its end is left as it came. */
bool jpeg_walk_trim(const struct jpeg_walk *walk, struct frame *frame);

#endif
