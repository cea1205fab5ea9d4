#include "cameras/supervisor/camera_private.h"

#include "broker/base/log.h"
#include "broker/topic_demand.h"

bool camera_is_over(struct camera *camera) {
    return atomic_load(&camera->stopping) || topic_wanted(camera->topic, NULL) == atomic_load(&camera->probing);
}

void camera_log_failure(struct camera *camera, enum camera_state state, const char *why) {
    const char *name = state_name(state);
    if (log_rate_limited(LOG_LEVEL_WARNING, camera->settings.topic.id, name, "%s: %s", name, why)) {
        atomic_store(&camera->failure_logged, true);
    }
}
