/* The views of the wall that the configuration names, such as a floor: tabs of the page. Plain data. */
#ifndef WEB_VIEWS_WALL_VIEWS_H
#define WEB_VIEWS_WALL_VIEWS_H

#include "broker/base/arena.h"
#include "broker/broker.h"
#include "web/views/template.h"

#define WALL_VIEWS_MAX 100
#define WALL_VIEW_NAME_MAX_BYTES 64

struct wall_view {
    const char *name;
    const char *const *cameras; /* ids, in which * stands for any characters and ? for one */
    size_t camera_count;
    unsigned layout; /* cameras a screen: 1, 4, 9, 16, 25, 36 or 64; 0: as many as fit */
};

struct wall_views {
    const struct wall_view *list;
    size_t count;
    struct arena *arena; /* owns them; NULL: there are none */
};

/* Writes the block for each view of which the snapshot has a camera, with its "view", "view_layout" and "view_cameras",
 * which are ids in the order of the view. Errors stay in the stream's ferror(). Threads: any. */
void wall_views_write(FILE *out, struct template block, const struct wall_views *views,
                      const struct broker_snapshot *snapshot);

#endif
