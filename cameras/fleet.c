#include "cameras/fleet.h"

#include "cameras/camera.h"

#include <stdlib.h>

struct fleet {
    struct broker *broker;
    struct watchdog *watchdog;
    struct camera **cameras;
    size_t count;
};

enum err fleet_create(struct broker *broker, struct fleet **out) {
    struct fleet *fleet = calloc(1, sizeof *fleet);
    if (fleet == NULL) {
        return ERR_MEMORY;
    }
    fleet->broker = broker;
    enum err error = watchdog_create(&fleet->watchdog);
    if (error != ERR_OK) {
        free(fleet);
        return error;
    }
    *out = fleet;
    return ERR_OK;
}

enum err fleet_add(struct fleet *fleet, const struct camera_settings *settings, struct reason *reason) {
    struct camera **grown = realloc(fleet->cameras, (fleet->count + 1) * sizeof *grown);
    if (grown == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    fleet->cameras = grown;
    enum err error = camera_create(fleet->broker, fleet->watchdog, driver_find(settings->source.type),
                                   &camera_usual_timing, settings, &fleet->cameras[fleet->count], reason);
    if (error == ERR_OK) {
        fleet->count++;
    }
    return error;
}

void fleet_destroy(struct fleet **fleet_pointer) {
    struct fleet *fleet = *fleet_pointer;
    *fleet_pointer = NULL;
    if (fleet == NULL) {
        return;
    }
    for (size_t i = 0; i < fleet->count; i++) {
        camera_interrupt(fleet->cameras[i]);
    }
    for (size_t i = 0; i < fleet->count; i++) {
        camera_destroy(&fleet->cameras[i]);
    }
    free(fleet->cameras);
    watchdog_destroy(&fleet->watchdog);
    free(fleet);
}
