/* The frames of anything that FFmpeg demuxes: RTSP, RTMP, HLS, files. JPEG passes through, the rest is decoded. Private
 * to the url driver.
 *
 * A stream is in one of these states:
 *
 *     a live source:  LIVE --its packets come late--> SKIPPING --the newest is reached--> RESUMING --key frame--> LIVE
 *                                                        ^-----------they come late----------'
 *     a recording:    CUED --first frame--> PLAYING --a frame is far off the schedule--> PLAYING, with a new schedule
 *                                              '------the file is played again------> CUED, for the end of its last
 * frame
 *
 * Packets are dropped while SKIPPING, and while RESUMING, since they build upon those that were dropped; JPEG resumes
 * at once. Threads: the camera's. */
#ifndef CAMERAS_URL_URL_STREAM_H
#define CAMERAS_URL_URL_STREAM_H

#include "cameras/url/url_link.h"

struct url_client;
struct url_stream;

/* The functions below, as the module "ffmpeg" has them. */
struct url_stream_ops {
    enum err (*open)(struct url_link *link, struct url_client *client, struct url_stream **stream,
                     struct reason *reason);
    void (*close)(struct url_stream **stream);
    enum err (*read)(struct url_stream *stream, struct frame **frame, uint64_t *lost, struct reason *reason);
    const char *(*format)(const struct url_stream *stream);
};
#define URL_STREAM_MODULE_TABLE "ffmpeg_stream_ops"

/* Loads the module "ffmpeg" (broker/base/module.h); without it, ERR_UNSUPPORTED.
 * client: an HTTP client that has the stream as its answer, taken in any case; NULL: FFmpeg connects by itself. */
CHECKED enum err url_stream_open(struct url_link *link, struct url_client *client, struct url_stream **stream,
                                 struct reason *reason);
void url_stream_close(struct url_stream **stream);

/* As driver_ops.read; ERR_BUSY: packets came, but made no frame yet. *frame has the capture time that the stream
 * reports; 0: none. */
CHECKED enum err url_stream_read(struct url_stream *stream, struct frame **frame, uint64_t *lost,
                                 struct reason *reason);
/* The codec's name; static. */
const char *url_stream_format(const struct url_stream *stream);

#endif
