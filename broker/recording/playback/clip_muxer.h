/* Makes a film of recorded pictures, as it is sent: Matroska with the JPEGs as they are, or MP4 with H.264, fragmented
 * so that it needs no place to go back to (ISO/IEC 14496-12, section 8.8). The work is FFmpeg's: module "ffmpeg".
 *
 *     open -> add, any number of times -> finish -> close
 *
 * Threads: one at a time. Memory: some pictures, whatever the film's length. */
#ifndef BROKER_RECORDING_PLAYBACK_CLIP_MUXER_H
#define BROKER_RECORDING_PLAYBACK_CLIP_MUXER_H

#include "broker/base/err.h"
#include "broker/frame/frame.h"

#include <stdbool.h>
#include <stdint.h>

struct clip_muxer;

struct clip_muxer_settings {
    bool is_mp4; /* else Matroska */
    /* Takes what the file has next. False: it goes nowhere any more, which ends the film with ERR_CLOSED. */
    bool (*write)(void *user, const uint8_t *bytes, size_t count);
    void *user;
};

/* The functions below, as the module has them. */
struct clip_muxer_ops {
    enum err (*open)(const struct clip_muxer_settings *settings, struct clip_muxer **muxer, struct reason *reason);
    enum err (*add)(struct clip_muxer *muxer, struct span jpeg, int64_t shown_ns, struct reason *reason);
    enum err (*finish)(struct clip_muxer *muxer, struct reason *reason);
    void (*close)(struct clip_muxer **muxer);
};
#define CLIP_MUXER_MODULE_TABLE "clip_muxer_ops"

/* Loads the module. ERR_UNSUPPORTED: it is not there, or cannot make such a film; reason says what to do. ERR_MEMORY.
 */
CHECKED enum err clip_muxer_find(const struct clip_muxer_ops **ops, struct reason *reason);

#endif
