/* The change of the light that the whole picture shares: by how much cells of each brightness have become brighter. The
 * cells are sorted into eight groups of equal size by the brightness of the background; in each the median of the
 * differences is taken, which what moves does not reach as long as it covers less than half of the group. Between the
 * groups it is interpolated. Private to the detector.
 * Threads: any. */
#ifndef CAMERAS_MOTION_TONE_H
#define CAMERAS_MOTION_TONE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tone {
    uint8_t lit[256]; /* what a cell looks like now whose background is that bright */
    int16_t median;   /* of all changes, -255 to 255 */
    bool is_still;    /* no brightness has changed by more than a level: lit is the same as the background */
};

/* From cells of the background and of the picture, only those that are looked at. */
struct tone_counts {
    uint32_t cells[256]; /* by brightness of the background */
    uint32_t total;
    uint8_t group[256]; /* of that brightness */
    uint32_t differences[8][511];
};

/* First count which brightnesses there are, then the differences. */
void tone_begin(struct tone_counts *counts);
static inline void tone_count(struct tone_counts *counts, uint8_t background) {
    counts->cells[background]++;
    counts->total++;
}
void tone_group(struct tone_counts *counts);
static inline void tone_compare(struct tone_counts *counts, uint8_t background, uint8_t now) {
    counts->differences[counts->group[background]][255 + now - background]++;
}
void tone_find(const struct tone_counts *counts, struct tone *tone);

#endif
