/* Polygons as JSON, as the configuration has them: lists of points [x, y].
 * Ownership: a text returned is the caller's to free(); NULL when memory ran out. Threads: any. */
#ifndef WEB_VIEWS_JSON_POLYGON_JSON_H
#define WEB_VIEWS_JSON_POLYGON_JSON_H

#include "broker/frame/frame.h"
#include "web/views/json/json_values.h"

/* A new reference; NULL when memory ran out. */
json_t *polygon_json(const struct polygon *polygon);
json_t *polygons_json(const struct polygon *polygons, size_t count);

/* {"privacy_masks": [[[0.6, 0], ...], ...]} */
char *privacy_masks_render(const struct frame_masks *masks);

#endif
