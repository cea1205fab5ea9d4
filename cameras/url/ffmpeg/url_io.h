/* Bytes that FFmpeg reads through us instead of a connection of its own: the answer of an HTTP camera, or a link's
 * source. Private to the url driver.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_FFMPEG_URL_IO_H
#define CAMERAS_URL_FFMPEG_URL_IO_H

#include "cameras/url/url_client.h"

struct AVIOContext;

/* client: with an answer that nothing was read of, borrowed; seeking in it asks the camera again, for a range. NULL:
 * the link's source. ERR_MEMORY. */
CHECKED enum err url_io_create(const struct url_link *link, struct url_client *client, struct AVIOContext **io);
void url_io_destroy(struct AVIOContext **io);

#endif
