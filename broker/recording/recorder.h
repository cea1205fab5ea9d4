/* The recorder: writes the frames of cameras onto the disk, keeps the catalogue, and deletes what is too old or too
 * much.
 *
 * A recorder is a subscriber whose socket is a file: frames wait in a queue of their camera (frame_queue.h), shared
 * with its viewers, until the recorder's thread appends their ready parts to the camera's segment. A disk that is slow
 * or fails delays nobody: the queues take frames up to recording.max_memory, then the oldest are lost, and counted.
 *
 * The order that survives a crash: write, fdatasync the file, fsync its folder, commit the row; to delete, mark,
 * commit, unlink, commit. What was synced is not lost when the machine stops: at most RECORDER_SYNC_NS of frames are.
 *
 * While the disk fails, or is not there, the recorder tries again each second, and resumes by itself. Each change of
 * its state is an event (EVENT_LOG_RECORDING_...), and a line of the log.
 *
 * Lifecycle: create; apply, again whenever the configuration changes; destroy, which writes what waits.
 * Threads: functions from any, if nothing else is said. Its own: one that writes, and one that notices when a write
 * does not return. Ownership: the broker is borrowed and outlives the recorder. */
#ifndef BROKER_RECORDING_RECORDER_H
#define BROKER_RECORDING_RECORDER_H

#include "broker/broker.h"
#include "broker/recording/catalogue/catalogue.h"
#include "broker/recording/recorder_commands.h"
#include "broker/recording/recorder_status.h"
#include "broker/recording/recorder_types.h"

/* settings is copied; settings->path is not NULL. Does not fail for the disk's sake. ERR_MEMORY, ERR_BUSY. */
CHECKED enum err recorder_create(struct broker *broker, const struct recording_settings *settings,
                                 struct recorder **recorder);
/* *recorder may be NULL. Blocks: until what waits is written, or the disk has failed. */
void recorder_destroy(struct recorder **recorder);

/* Makes these the cameras, which the broker has; those of mode off may be left out. The limits of `settings` apply from
 * now on, but for path and max_memory. Copied. ERR_MEMORY: nothing has changed. Blocks: no. */
CHECKED enum err recorder_apply(struct recorder *recorder, const struct recording_settings *settings,
                                const struct recorder_camera *cameras, size_t count);

/* The folder of the recordings; for catalogue_open(). Borrowed for the recorder's life. */
const char *recorder_path(const struct recorder *recorder);

/* Adds a row to the history, soon. Copied; lost, and counted, where too many wait for the disk. Blocks: no. */
void recorder_add_history(struct recorder *recorder, const struct history_row *row);

#endif
