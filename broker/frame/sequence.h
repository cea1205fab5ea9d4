/* Sequences of frames that a source or peer numbers itself. Such numbers are claims: none may make a topic's sequence
 * go back or jump without bound, nor its counters overflow. Threads: any. */
#ifndef BROKER_FRAME_SEQUENCE_H
#define BROKER_FRAME_SEQUENCE_H

#include <stdbool.h>
#include <stdint.h>

/* The largest number that a source may claim: exact in every JSON reader (RFC 8259, section 6). */
#define SEQUENCE_CLAIM_MAX ((UINT64_C(1) << 53) - 1)
/* A larger gap within a stream is a new count, not frames that were lost: nine hours at 30 fps. */
#define SEQUENCE_GAP_MAX 1000000

/* Frames missing between two frames that the source numbers `before` and `now`. 0: not numbered (0), or counted anew.
 */
uint64_t sequence_missing(uint64_t before, uint64_t now);
/* The sequence of the frame that follows `before` after `lost` others, and that the source numbers `claimed` (0: it
 * does not). A higher claim is taken at the first frame of a session, and later within SEQUENCE_GAP_MAX. Stops at
 * INT64_MAX. */
uint64_t sequence_follow(uint64_t before, uint64_t lost, uint64_t claimed, bool is_first);

#endif
