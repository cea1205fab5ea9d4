/* Exports: what is recorded, sent over a socket as fast as the client takes it, each by a thread of its own, since
 * making a film takes time and reading waits for the disk.
 *
 * Frames of several cameras follow each other in the order of their capture. JPEGs go from file to socket unchanged, by
 * sendfile(), but for what has to be encoded.
 *
 * Lifecycle: create; begin any number, EXPORTS_MAX at the same time; destroy, which ends those that go on.
 * Threads: any. */
#ifndef BROKER_RECORDING_PLAYBACK_RECORDING_EXPORT_H
#define BROKER_RECORDING_PLAYBACK_RECORDING_EXPORT_H

#include "broker/frame/frame.h"
#include "broker/topic_settings.h"

#define EXPORTS_MAX 16u
#define EXPORT_CAMERAS_MAX 256u

struct exports;

enum export_format {
    EXPORT_PARTS, /* a stream, as it is sent live: multipart_writer.h */
    EXPORT_MJPEG, /* JPEG after JPEG */
    EXPORT_MKV,   /* Matroska of the JPEGs */
    EXPORT_MP4,   /* H.264 */
};

struct export_settings {
    enum export_format format;
    const char (*cameras)[TOPIC_ID_MAX_BYTES + 1]; /* ids; copied */
    size_t camera_count;                           /* 1 to EXPORT_CAMERAS_MAX; 1 but for EXPORT_PARTS */
    int64_t from_ns, to_ns;                        /* of the capture, since the epoch; both included */
    double fps;                                    /* of each camera at most, in its time; 0: all frames */
    double speed;                                  /* of a film: how much faster than captured it is shown; above 0 */
    uint64_t skip_bytes, max_bytes;                /* of EXPORT_MJPEG: leaves out so many, then ends after so many */
    int fd;                    /* connected, the response's head already sent; borrowed until `ended` is called */
    void (*ended)(void *user); /* once, on the export's thread, which may free what `user` is */
    void *user;
};

/* path: the folder of the recordings, copied. ERR_MEMORY. */
CHECKED enum err exports_create(const char *path, struct frame_pool *pool, struct exports **exports);
/* Ends those under way, and refuses later ones. Does not wait. Threads: any. */
void exports_stop(struct exports *exports);
/* Stops, and waits until every `ended` has returned. */
void exports_destroy(struct exports **exports);

/* ERR_BUSY: there are EXPORTS_MAX; ERR_CLOSED: after exports_stop(); ERR_MEMORY. Then `ended` is not called. */
CHECKED enum err exports_begin(struct exports *exports, const struct export_settings *settings);

/* The bytes of the JPEGs of a camera between two times, or ERR_BUSY: there are more than max_frames of them, or some
 * may still come. Others as the catalogue's queries. Blocks: as the disk does. */
CHECKED enum err export_count_bytes(const char *path, const char *camera_id, int64_t from_ns, int64_t to_ns,
                                    size_t max_frames, uint64_t *bytes);

#endif
