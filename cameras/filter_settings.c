#include "cameras/filter_settings.h"

#include <string.h>

const char *const camera_flips[] = {
    [FLIP_NONE] = "none", [FLIP_HORIZONTAL] = "horizontal", [FLIP_VERTICAL] = "vertical", [FLIP_BOTH] = "both", NULL};
const char *const camera_rotate_modes[] = {[ROTATE_LOSSLESS] = "lossless", [ROTATE_FAST] = "fast", NULL};

bool caption_settings_equal(const struct caption_settings *a, const struct caption_settings *b) {
    return a->is_shown == b->is_shown && (a->format == NULL) == (b->format == NULL) &&
           (a->format == NULL || strcmp(a->format, b->format) == 0);
}

bool picture_filter_settings_equal(const struct picture_filter_settings *a, const struct picture_filter_settings *b) {
    bool equal = a->turn_degrees == b->turn_degrees && a->flip == b->flip && a->rotate_mode == b->rotate_mode &&
                 caption_settings_equal(&a->caption, &b->caption) && a->mask_count == b->mask_count;
    for (size_t i = 0; i < a->mask_count && equal; i++) {
        equal = polygon_equal(&a->masks[i], &b->masks[i]);
    }
    return equal;
}
