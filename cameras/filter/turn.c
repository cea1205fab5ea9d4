#include "cameras/filter/turn.h"

struct turn turn_from_settings(const struct picture_filter_settings *settings) {
    const unsigned degrees = settings->turn_degrees;
    return (struct turn){
        .transpose = degrees % 180 != 0,
        .mirror_x = (degrees == 90 || degrees == 180) != ((settings->flip & FLIP_HORIZONTAL) != 0),
        .mirror_y = (degrees == 180 || degrees == 270) != ((settings->flip & FLIP_VERTICAL) != 0),
    };
}

struct turn turn_from_exif(uint8_t orientation) {
    static const struct turn turns[] = {
        [2] = {.mirror_x = true},
        [3] = {.mirror_x = true, .mirror_y = true},
        [4] = {.mirror_y = true},
        [5] = {.transpose = true},
        [6] = {.transpose = true, .mirror_x = true},
        [7] = {.transpose = true, .mirror_x = true, .mirror_y = true},
        [8] = {.transpose = true, .mirror_y = true},
    };
    return orientation < sizeof turns / sizeof turns[0] ? turns[orientation] : (struct turn){.transpose = false};
}

struct turn turn_compose(struct turn first, struct turn second) {
    const bool x = second.transpose ? first.mirror_y : first.mirror_x;
    const bool y = second.transpose ? first.mirror_x : first.mirror_y;
    return (struct turn){
        .transpose = first.transpose != second.transpose,
        .mirror_x = x != second.mirror_x,
        .mirror_y = y != second.mirror_y,
    };
}

bool turn_is_none(struct turn turn) { return !turn.transpose && !turn.mirror_x && !turn.mirror_y; }
