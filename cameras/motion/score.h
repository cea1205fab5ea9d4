/* The score of what moves, 0 to 100: the logarithm of its strength, which is how many cells it has, each weighted with
 * how far it is beyond its threshold. It means the same for every size of picture. Private to the detector.
 * Threads: any. */
#ifndef CAMERAS_MOTION_SCORE_H
#define CAMERAS_MOTION_SCORE_H

#include <stddef.h>
#include <stdint.h>

/* strength: in sixteenths of a cell, of a picture of `cells`. */
unsigned score_of(uint64_t strength, size_t cells);
/* The lowest strength that has the score. */
uint32_t score_strength(unsigned score, size_t cells);
/* The score that a zone of that sensitivity, 1 to 100, takes for motion. */
unsigned score_threshold(unsigned sensitivity);

#endif
