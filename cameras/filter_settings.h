/* What is done to the pictures of a camera before anybody sees them: plain data, filled by config/. Zeroed: nothing.
 *
 * Ownership: as settings.h has it. */
#ifndef CAMERAS_FILTER_SETTINGS_H
#define CAMERAS_FILTER_SETTINGS_H

#include "broker/frame/polygon.h"

#define CAMERA_ROTATE_RANGE .max = 270, .step = 90
#define CAMERA_FLIP_CHOICES .choices = camera_flips, .what = "way to flip"
#define CAPTION_FORMAT_MAX_BYTES 128
#define PRIVACY_MASKS_MAX 32

/* A set of bits. */
enum flip { FLIP_NONE = 0, FLIP_HORIZONTAL = 1, FLIP_VERTICAL = 2, FLIP_BOTH = 3 };

/* How JPEG pictures are turned. */
enum rotate_mode {
    ROTATE_LOSSLESS, /* block by block; incomplete blocks at an edge that would come to the left or the top are cut */
    ROTATE_FAST,     /* decoded and encoded again */
};

/* What is written into the picture. */
struct caption_settings {
    bool is_shown;
    const char *format; /* as caption.h has it; NULL: name and capture time in UTC */
};

/* What is done to pictures before anybody sees them: they are turned clockwise, then mirrored, then masked, then
 * written into. */
struct picture_filter_settings {
    unsigned turn_degrees; /* 0, 90, 180 or 270 */
    enum flip flip;
    enum rotate_mode rotate_mode;
    struct caption_settings caption;
    const struct polygon *masks; /* of the picture as turned */
    size_t mask_count;
};

/* The choices of "flip" and "rotate_mode", up to a NULL. */
extern const char *const camera_flips[], *const camera_rotate_modes[];

/* Compare by contents. */
bool caption_settings_equal(const struct caption_settings *a, const struct caption_settings *b);
bool picture_filter_settings_equal(const struct picture_filter_settings *a, const struct picture_filter_settings *b);

#endif
