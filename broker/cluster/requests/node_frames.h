/* Answers a request for recorded frames: node_request.h.
 * Threads: any. Blocks: as the disk does. */
#ifndef BROKER_CLUSTER_REQUESTS_NODE_FRAMES_H
#define BROKER_CLUSTER_REQUESTS_NODE_FRAMES_H

#include "broker/cluster/requests/node_request.h"

/* Writes the slice of the recording of request->camera that the request asks for, as much as fits. path: the folder of
 * the recordings. As the catalogue's queries and the cursor's, with a reason or none. */
CHECKED enum err node_frames_answer(const char *path, const struct node_request *request, struct frame_pool *pool,
                                    struct wire_writer *writer, struct reason *reason);

#endif
