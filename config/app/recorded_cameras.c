#include "config/app/recorded_cameras.h"

#include <stdlib.h>
#include <string.h>

enum err recorded_cameras_apply(struct recorder *recorder, const struct config *config) {
    if (recorder == NULL || config->recording.path == NULL) { /* the path takes a restart */
        return ERR_OK;
    }
    struct recorder_camera *cameras = calloc(config->camera_count + 1, sizeof *cameras);
    size_t count = 0;
    if (cameras == NULL) {
        return ERR_MEMORY;
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        const struct camera_settings *settings = &config->cameras[i];
        if (settings->record.mode != RECORD_OFF) {
            struct recorder_camera *camera = &cameras[count++];
            memcpy(camera->id, settings->topic.id, sizeof camera->id);
            camera->record = settings->record;
            camera->record.has_no_events = settings->motion == NULL;
            camera->gap_ns = settings->topic.stale_after_ns;
        }
    }
    enum err error = recorder_apply(recorder, &config->recording, cameras, count);
    free(cameras);
    return error;
}
