/* How long a clip of JPEGs is, before it is made. Threads: any. */
#ifndef BROKER_RECORDING_PLAYBACK_CLIP_SIZE_H
#define BROKER_RECORDING_PLAYBACK_CLIP_SIZE_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The bytes of the JPEGs of a camera between two times, or ERR_BUSY: there are more than max_frames of them, or some
 * may still come. Others as the catalogue's queries. Blocks: as the disk does. */
CHECKED enum err clip_count_bytes(const char *path, const char *camera_id, int64_t from_ns, int64_t to_ns,
                                  size_t max_frames, uint64_t *bytes);

#endif
