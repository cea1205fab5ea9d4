#include "web/routes/route_table.h"

/* clang-format off: a line a row */
#define EACH_ROUTE(ROUTE)                                                                                              \
    ROUTE(gallery_route)                                                                                               \
    ROUTE(camera_page_route)                                                                                           \
    ROUTE(status_page_route)                                                                                           \
    ROUTE(recordings_page_route)                                                                                       \
    ROUTE(asset_route)                                                                                                 \
    ROUTE(camera_video_feed_route)                                                                                     \
    ROUTE(video_feed_route)                                                                                            \
    ROUTE(stream_route)                                                                                                \
    ROUTE(camera_snapshot_route)                                                                                       \
    ROUTE(snapshot_route)                                                                                              \
    ROUTE(feed_route)                                                                                                  \
    ROUTE(clip_route)                                                                                                  \
    ROUTE(push_frame_route)                                                                                            \
    ROUTE(push_stream_route)                                                                                           \
    ROUTE(status_route)                                                                                                \
    ROUTE(cameras_route)                                                                                               \
    ROUTE(camera_route)                                                                                                \
    ROUTE(controls_route)                                                                                              \
    ROUTE(controls_change_route)                                                                                       \
    ROUTE(privacy_masks_route)                                                                                         \
    ROUTE(motion_route)                                                                                                \
    ROUTE(motion_switch_route)                                                                                         \
    ROUTE(motion_picture_route)                                                                                        \
    ROUTE(events_route)                                                                                                \
    ROUTE(history_route)                                                                                               \
    ROUTE(history_page_route)                                                                                          \
    ROUTE(recordings_route)                                                                                            \
    ROUTE(recordings_delete_route)                                                                                     \
    ROUTE(recordings_protect_route)                                                                                    \
    ROUTE(cluster_route)                                                                                               \
    ROUTE(reload_route)                                                                                                \
    ROUTE(tokens_route)                                                                                                \
    ROUTE(openapi_route)                                                                                               \
    ROUTE(health_route)                                                                                                \
    ROUTE(ready_route)                                                                                                 \
    ROUTE(metrics_route)                                                                                               \
    ROUTE(login_route)                                                                                                 \
    ROUTE(logout_route)
/* clang-format on */

#define DECLARE(row) extern const struct route_row row;
#define LIST(row) &row,

EACH_ROUTE(DECLARE)

static const struct route_row *const rows[] = {EACH_ROUTE(LIST)};

const struct route_table route_table = {.rows = rows, .count = sizeof rows / sizeof rows[0]};
