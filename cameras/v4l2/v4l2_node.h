/* An open device node: the few calls of libv4l2 that we use. Its plugins work, and it converts nothing.
 *
 * Threads: any; the library's open and close take turns here, since they race inside it. */
#ifndef CAMERAS_V4L2_V4L2_NODE_H
#define CAMERAS_V4L2_V4L2_NODE_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Neither this nor any later call waits for the device to become ready. ERR_NOT_FOUND, ERR_DENIED, ERR_BUSY, ERR_GONE,
 * ERR_IO, each with a reason. */
CHECKED enum err v4l2_node_open(const char *path, int *fd, struct reason *reason);
/* No later call may use fd. */
void v4l2_node_close(int fd);

/* An ioctl of the V4L2 API. 0, or the errno. */
int v4l2_node_call(int fd, unsigned long request, void *argument);

/* Maps a buffer; NULL on failure. */
void *v4l2_node_map(int fd, size_t length, int64_t offset);
void v4l2_node_unmap(void *bytes, size_t length);

#endif
