/* The boundary that lets recorded parts be sent as they stand in their files. Threads: any. */
#ifndef BROKER_RECORDING_PLAYBACK_EXPORT_BOUNDARY_H
#define BROKER_RECORDING_PLAYBACK_EXPORT_BOUNDARY_H

#include "broker/multipart/multipart_writer.h"

#include <stdint.h>

/* That of the camera's recording from a time on; the program's own where there is none, or it is none that a response
 * may name. path: the folder of the recordings. Blocks: as the disk does. */
void export_boundary_find(const char *path, const char *camera_id, int64_t from_ns,
                          char boundary[MULTIPART_BOUNDARY_MAX_BYTES + 1]);

#endif
