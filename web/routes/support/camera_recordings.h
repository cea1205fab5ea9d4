/* What is recorded of cameras, by this server and by the nodes of imported ones.
 * Threads: the request's own. Blocks: while disks and nodes answer. */
#ifndef WEB_ROUTES_SUPPORT_CAMERA_RECORDINGS_H
#define WEB_ROUTES_SUPPORT_CAMERA_RECORDINGS_H

#include "broker/recording/catalogue/recording_listing.h"
#include "web/routes/support/server_context.h"

struct camera_recordings {
    struct recording_listing *listings; /* of those of which something is recorded, those of here first */
    size_t count;
};

/* As recording_listing_read(), of many. A node that cannot be asked is passed over, unless that leaves nobody who was
 * asked. Errors with a reason; then there is nothing to finish. */
CHECKED enum err camera_recordings_read(struct server_context *context, struct topic *const *cameras, size_t count,
                                        int64_t from_ns, int64_t to_ns, size_t stretches_max,
                                        struct camera_recordings *recordings, struct reason *reason);
void camera_recordings_finish(struct camera_recordings *recordings);

#endif
