#include "broker/recording/playback/clip_muxer.h"

#include "broker/base/module.h"

#include <stddef.h>

enum err clip_muxer_find(const struct clip_muxer_ops **ops, struct reason *reason) {
    const void *table = NULL;
    enum err error = module_find("ffmpeg", CLIP_MUXER_MODULE_TABLE, &table, reason);
    if (error == ERR_OK) {
        *ops = table;
    }
    return error;
}
