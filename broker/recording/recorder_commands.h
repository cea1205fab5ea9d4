/* Changes of what is recorded, which the recorder's thread makes while others wait for them.
 *
 * Threads: any. Each blocks until it is done. ERR_IO: the disk fails; ERR_TIMEOUT: it is too slow, or everything ends;
 * both with a reason; ERR_MEMORY. */
#ifndef BROKER_RECORDING_RECORDER_COMMANDS_H
#define BROKER_RECORDING_RECORDER_COMMANDS_H

#include "broker/recording/recorder_types.h"

/* Deletes a camera's segments that have frames between two times, but for those that are protected or being written.
 * *deleted: how many, *bytes: their size. */
CHECKED enum err recorder_delete(struct recorder *recorder, const char *camera_id, int64_t from_ns, int64_t to_ns,
                                 uint64_t *deleted, uint64_t *bytes, struct reason *reason);
/* Protects what has frames between two times, or (is_released) ends each protection that lies between them. */
CHECKED enum err recorder_protect(struct recorder *recorder, const char *camera_id, int64_t from_ns, int64_t to_ns,
                                  bool is_released, struct reason *reason);

#endif
