/* Anything that FFmpeg demuxes: RTSP, RTMP, HLS, files. JPEG passes through as it is, the rest is decoded. Private to
 * the url driver.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_STREAM_H
#define CAMERAS_URL_STREAM_H

#include "cameras/url_link.h"

struct AVIOContext;
struct url_stream;

/* io: a connection that is open already, taken in any case; NULL: none is. */
CHECKED enum err url_stream_open(struct url_link *link, struct AVIOContext *io, struct url_stream **stream,
                                 struct reason *reason);
void url_stream_close(struct url_stream **stream);

/* As driver_ops.read. *frame has the capture time that the stream tells; 0: none. */
CHECKED enum err url_stream_read(struct url_stream *stream, struct frame **frame, uint64_t *lost,
                                 struct reason *reason);
/* The codec's name; static. */
const char *url_stream_format(const struct url_stream *stream);

#endif
