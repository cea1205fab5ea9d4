/* By how much the whole picture is shifted against its background: the camera shakes. Found by least squares over the
 * gradients of the background (Lucas and Kanade, 1981), in two steps, which holds for about a cell. What moves has
 * little weight: large differences are left out. Private to the detector. Threads: any. */
#ifndef CAMERAS_MOTION_SHIFT_H
#define CAMERAS_MOTION_SHIFT_H

#include "cameras/motion/zone_map.h"

#define SHIFT_SCALE 256 /* of a cell */

struct shift {
    int x,
        y; /* where a cell of the picture is in the background, from its own place; in SHIFT_SCALE, up to two cells */
};

/* Pictures of columns x rows. expected: the background as the light is now. Cells that are in no zone do not count.
 * Less than a sixteenth of a cell is none. scratch: as large. */
struct shift shift_find(const uint8_t *expected, const uint8_t *now, const zone_set *zones, uint32_t columns,
                        uint32_t rows, uint8_t *scratch);
/* Moves the picture as the camera has; at the edge it is not known, and stays. from: not to. */
void shift_apply(struct shift shift, const uint8_t *from, uint32_t columns, uint32_t rows, uint8_t *to);
/* Clears the cells that shift_apply() leaves where they are. */
void shift_clear_edge(uint32_t columns, uint32_t rows, uint8_t *cells);

#endif
