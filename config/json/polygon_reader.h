/* A polygon of the file: a list of points, each a list of x and y.
 * Threads: one at a time. */
#ifndef CONFIG_JSON_POLYGON_READER_H
#define CONFIG_JSON_POLYGON_READER_H

#include "broker/frame/polygon.h"
#include "config/json/section.h"

/* From the document's arena. One without points after a fault: it is no such list, or polygon_check() refuses it. */
struct polygon polygon_read(const struct node *node);

#endif
