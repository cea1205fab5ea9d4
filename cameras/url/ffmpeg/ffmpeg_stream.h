/* What the module "ffmpeg" has for url_stream.h. */
#ifndef CAMERAS_URL_FFMPEG_FFMPEG_STREAM_H
#define CAMERAS_URL_FFMPEG_FFMPEG_STREAM_H

#include "broker/base/module.h"
#include "cameras/url/url_stream.h"

MODULE_EXPORT extern const struct url_stream_ops ffmpeg_stream_ops;

#endif
