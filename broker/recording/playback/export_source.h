/* Where an export takes the frames of a camera from: the recordings of this server, or those of another node of the
 * cluster. Like a cursor (recording_cursor.h), a source looks at one frame ahead.
 *
 * Threads: one at a time. */
#ifndef BROKER_RECORDING_PLAYBACK_EXPORT_SOURCE_H
#define BROKER_RECORDING_PLAYBACK_EXPORT_SOURCE_H

#include "broker/recording/playback/recording_cursor.h"

struct export_source_ops {
    /* The next frame; fd is -1 where its JPEG is not in a file of here. Blocks: as a disk or another node does.
     * ERR_CLOSED: there is none any more; else it cannot be had, and what is exported has no end. */
    enum err (*peek)(void *user, struct recorded_frame *frame);
    /* Makes it the current one. */
    void (*take)(void *user);
    /* The current one with its JPEG: a new reference. ERR_INVALID, ERR_IO: it cannot be read any more. */
    enum err (*read)(void *user, struct frame_pool *pool, struct frame **frame);
    void (*close)(void *user);
};

struct export_source {
    const struct export_source_ops *ops;
    void *user;
};

/* Of this server's recordings, from the frame on that was the newest at from_ns. path: their folder. As
 * recording_cursor_create() and _seek(). The catalogue is borrowed until the source is closed. */
CHECKED enum err export_source_open(struct catalogue *catalogue, const char *path, const char *camera_id,
                                    int64_t from_ns, struct export_source *source);
/* source->ops may be NULL. */
void export_source_close(struct export_source *source);

#endif
