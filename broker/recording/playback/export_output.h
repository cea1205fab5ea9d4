/* What an export sends: recorded frames in one of the formats of recording_export.h. Private to the exports.
 *
 *     open -> add, any number of times -> finish -> close
 *
 * Threads: the export's. Ownership: borrows the socket. Blocks: until the client takes what is sent. */
#ifndef BROKER_RECORDING_PLAYBACK_EXPORT_OUTPUT_H
#define BROKER_RECORDING_PLAYBACK_EXPORT_OUTPUT_H

#include "broker/multipart/multipart_writer.h"
#include "broker/recording/playback/clip_muxer.h"
#include "broker/recording/playback/export_settings.h"

struct export_output {
    enum export_format format;
    int fd;
    double speed;
    /* Of EXPORT_PARTS: what is to be sent before the next JPEG, and parts beside each other in a file that come then.
     */
    char delimiter[MULTIPART_BOUNDARY_MAX_BYTES + sizeof "--"];
    char pending[FRAME_HEAD_MAX_BYTES + FRAME_TAIL_MAX_BYTES];
    size_t pending_bytes;
    struct {
        int fd;
        uint64_t offset, bytes; /* 0 bytes: none */
    } run;
    /* Of EXPORT_MJPEG: */
    uint64_t skip_bytes, max_bytes, left_out_bytes, sent_bytes;
    /* Of films: */
    const struct clip_muxer_ops *muxer_ops;
    struct clip_muxer *muxer;
    int64_t shown_ns, last_captured_ns; /* of the picture before; 0: none */
};

/* ERR_UNSUPPORTED, ERR_MEMORY, with a reason; ERR_IO. To be closed in any case. */
CHECKED enum err export_output_open(struct export_output *output, const struct export_settings *settings,
                                    struct reason *reason);
/* To be called before a source takes a frame, since it may then close the file before: sends what was kept of that,
 * unless the frame goes together with it. frame: NULL: it is not to be added. ERR_CLOSED, as below. */
CHECKED enum err export_output_prepare(struct export_output *output, const struct recorded_frame *frame);
/* Sends the current frame of a source, or keeps it to be sent with the next one. ERR_CLOSED: no more is to be sent, or
 * the client has left; else what was sent cannot go on. */
CHECKED enum err export_output_add(struct export_output *output, const char *camera, const struct export_source *source,
                                   const struct recorded_frame *frame, struct frame_pool *pool);
/* Sends what ends it. */
CHECKED enum err export_output_finish(struct export_output *output);
/* Makes the client see that what it got is not the whole, once the socket is closed. */
void export_output_break(struct export_output *output);
void export_output_close(struct export_output *output);

#endif
