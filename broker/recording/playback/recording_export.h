/* Exports: what is recorded, sent over a socket as fast as the client takes it, each by a thread of its own, since
 * making a film takes time and reading waits for the disk.
 *
 * Frames of several cameras follow each other in the order of their capture. JPEGs go from file to socket unchanged, by
 * sendfile(), but for what has to be encoded, and what another node of the cluster has. An export that cannot go on
 * resets the connection, so that its client does not take what it got for the whole.
 *
 * Lifecycle: create; begin any number, EXPORTS_MAX at the same time; destroy, which ends those that go on.
 * Threads: any. */
#ifndef BROKER_RECORDING_PLAYBACK_RECORDING_EXPORT_H
#define BROKER_RECORDING_PLAYBACK_RECORDING_EXPORT_H

#include "broker/recording/playback/export_settings.h"

#define EXPORTS_MAX 16u

struct exports;

/* path: the folder of the recordings, copied; NULL: all is recorded elsewhere. ERR_MEMORY. */
CHECKED enum err exports_create(const char *path, struct frame_pool *pool, struct exports **exports);
/* Ends those under way, and refuses later ones. Does not wait. Threads: any. */
void exports_stop(struct exports *exports);
/* Stops, and waits until every `ended` has returned. */
void exports_destroy(struct exports **exports);

/* ERR_BUSY: there are EXPORTS_MAX; ERR_CLOSED: after exports_stop(); ERR_MEMORY. Then `ended` is not called. */
CHECKED enum err exports_begin(struct exports *exports, const struct export_settings *settings);

/* How far apart the frames of a camera are at least, for a source; 0: every frame. */
int64_t export_frame_interval_ns(const struct export_settings *settings);

#endif
