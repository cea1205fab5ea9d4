/* What an export is to send: recording_export.h. */
#ifndef BROKER_RECORDING_PLAYBACK_EXPORT_SETTINGS_H
#define BROKER_RECORDING_PLAYBACK_EXPORT_SETTINGS_H

#include "broker/frame/frame.h"
#include "broker/multipart/multipart_writer.h"
#include "broker/recording/playback/export_source.h"
#include "broker/topic_settings.h"

#define EXPORT_CAMERAS_MAX 256u

enum export_format {
    EXPORT_PARTS, /* a stream, as it is sent live: multipart_writer.h */
    EXPORT_MJPEG, /* JPEG after JPEG */
    EXPORT_MKV,   /* Matroska of the JPEGs */
    EXPORT_MP4,   /* H.264 */
};

/* What a muxer makes. */
static inline bool export_is_film(enum export_format format) { return format == EXPORT_MKV || format == EXPORT_MP4; }

struct export_settings {
    enum export_format format;
    const char (*cameras)[TOPIC_ID_MAX_BYTES + 1]; /* ids; copied */
    size_t camera_count;                           /* 1 to EXPORT_CAMERAS_MAX; 1 but for EXPORT_PARTS */
    /* Of the cameras, one each, that are recorded elsewhere, which leave out what the fps and the format do; ops NULL:
     * it is recorded here; NULL: all are. Taken by a beginning that succeeds. */
    const struct export_source *sources;
    int64_t from_ns, to_ns;                          /* of the capture, since the epoch; both included */
    double fps;                                      /* of each camera at most, in its time; 0: all frames */
    double speed;                                    /* of a film: how much faster than captured it is shown; above 0 */
    char boundary[MULTIPART_BOUNDARY_MAX_BYTES + 1]; /* of EXPORT_PARTS: the one that the response's head names */
    uint64_t skip_bytes, max_bytes;                  /* of EXPORT_MJPEG: leaves out so many, then ends after so many */
    int fd;                    /* connected, the response's head already sent; borrowed until `ended` is called */
    void (*ended)(void *user); /* once, on the export's thread, which may free what `user` is */
    void *user;
};

#endif
