/* FFmpeg's libraries as all of this folder uses them: set up once, with bounds, messages in our log, the same options
 * for each connection, and errors in words.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_FFMPEG_FFMPEG_LIBRARY_H
#define CAMERAS_URL_FFMPEG_FFMPEG_LIBRARY_H

#include "cameras/url/url_link.h"

struct AVDictionary;

/* The first time: FFmpeg's messages go to the log, at its lowest level and without secrets, and its allocations are
 * limited. */
void ffmpeg_setup(void);

/* Notes in the facts which login the RTSP replies ask for that FFmpeg takes on this thread, until NULL is given. */
void ffmpeg_watch_replies(struct url_link *link);

/* The options of every connection that FFmpeg makes; the caller frees them with av_dict_free(). */
void ffmpeg_connection_options(const struct url_link *link, struct AVDictionary **options);

/* Translates an error number of FFmpeg, and says what to do about it. */
enum err ffmpeg_explain(const struct url_link *link, int averror, struct reason *reason);

#endif
