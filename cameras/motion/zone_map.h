/* Which cells belong to which zones: the polygons of the settings, drawn onto the grid. A cell belongs to a polygon
 * that has its centre. Private to the detector. Threads: any. */
#ifndef CAMERAS_MOTION_ZONE_MAP_H
#define CAMERAS_MOTION_ZONE_MAP_H

#include "cameras/motion/motion_settings.h"

/* A set of zones: bit i is the zone i of the settings, bit 0 the whole picture where there is none; 0: not looked at.
 */
typedef uint16_t zone_set;

size_t zone_map_count(const struct motion_settings *settings);
/* map has columns x rows entries. Returns how many cells are looked at. Cost: a few us for each row and polygon. */
size_t zone_map_draw(const struct motion_settings *settings, uint32_t columns, uint32_t rows, zone_set *map);

#endif
