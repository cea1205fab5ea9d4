/* FFmpeg's demuxer of a camera or a file, with the video of it found: how it is opened, over which transport, and which
 * redirects are followed. Private to the url driver.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_FFMPEG_URL_DEMUXER_H
#define CAMERAS_URL_FFMPEG_URL_DEMUXER_H

#include "cameras/url/url_client.h"

#include <libavformat/avformat.h>

/* Zeroed before url_demuxer_open(). */
struct url_demuxer {
    struct url_link *link;
    AVFormatContext *context;
    struct url_client *client; /* NULL: there is none */
    AVIOContext *io;           /* its answer, or the link's source; NULL: the demuxer opens the location */
    AVStream *video;
    char *location; /* where a redirect led to; NULL: none did; may contain the login */
    char *redirect; /* one that is still to be followed */
    int (*open_nested)(AVFormatContext *, AVIOContext **, const char *, int, AVDictionary **); /* FFmpeg's own */
};

/* client: whose answer is to be demuxed, taken in any case; NULL: there is none. After a failure close it too. */
CHECKED enum err url_demuxer_open(struct url_demuxer *demuxer, struct url_link *link, struct url_client *client,
                                  struct reason *reason);
void url_demuxer_close(struct url_demuxer *demuxer);

#endif
