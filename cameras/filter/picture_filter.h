/* What is done to raw pictures before they are encoded: they are turned and mirrored, masked, and written into. All of
 * it in the picture's own samples, without a trip through RGB. jpeg_filter.h does the same to JPEG pictures.
 *
 * Threads: one at a time for each. */
#ifndef CAMERAS_FILTER_PICTURE_FILTER_H
#define CAMERAS_FILTER_PICTURE_FILTER_H

#include "broker/frame/frame.h"
#include "cameras/settings.h"

struct picture_filter;

/* Whether there is anything to do. */
bool picture_filter_is_wanted(const struct picture_filter_settings *settings);

/* settings, pool and name are borrowed. ERR_MEMORY. */
CHECKED enum err picture_filter_create(struct frame_pool *pool, const struct picture_filter_settings *settings,
                                       const char *name, struct picture_filter **filter);
void picture_filter_destroy(struct picture_filter **filter);

/* *raw: unsealed and not shared; it may be replaced by another frame, which is 4:2:0 or grey then. On failure (those of
 * raw_picture_init(), and ERR_MEMORY) it stays as it was. */
CHECKED enum err picture_filter_apply(struct picture_filter *filter, struct frame **raw);

#endif
