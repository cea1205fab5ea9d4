/* Finds the cells of a picture that have changed, and that neither the light nor a camera that shakes explains. Private
 * to the detector. Threads: one at a time for each model. */
#ifndef CAMERAS_MOTION_CELL_COMPARE_H
#define CAMERAS_MOTION_CELL_COMPARE_H

#include "cameras/motion/cell_model.h"

#include <stdbool.h>

/* Of the cells that are looked at. */
struct cell_counts {
    uint32_t changed; /* from the background, without what the light explains */
    uint32_t lit;     /* from the background, as all around them has: the light has changed there alone */
    uint32_t stepped; /* from the picture before, with what the light explains */
    bool is_shifted;  /* the whole picture is elsewhere than when it was learnt: the camera shakes */
};

/* Compares the picture that the model has taken; fills its `state` and `excess`. */
void cell_compare(struct cell_model *model, struct cell_counts *counts);

#endif
