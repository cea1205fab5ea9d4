/* The eight ways in which a picture can be turned by quarters and mirrored: rows and columns are exchanged or not, then
 * left and right, then top and bottom.
 *
 * Threads: any; nothing here keeps state. */
#ifndef CAMERAS_FILTER_TURN_H
#define CAMERAS_FILTER_TURN_H

#include "cameras/settings.h"

struct turn {
    bool transpose, mirror_x, mirror_y;
};

struct turn turn_from_settings(const struct picture_filter_settings *settings);
/* What has to be done to a picture of that orientation, as exif.h has it, to show it. 0: nothing. */
struct turn turn_from_exif(uint8_t orientation);
/* One turn after another. */
struct turn turn_compose(struct turn first, struct turn second);
/* Whether it leaves a picture as it is. */
bool turn_is_none(struct turn turn);

#endif
