#include "broker/recording/recorder_switch.h"

#include "broker/recording/recorder_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Its place; the count: it is not switched off. */
static size_t find_locked(const struct recorder_switches *switches, const char *id) {
    size_t place = 0;
    while (place < switches->count && strcmp(switches->off[place], id) != 0) {
        place++;
    }
    return place;
}

static enum err add_locked(struct recorder_switches *switches, const char *id) {
    void *grown = realloc(switches->off, (switches->count + 1) * sizeof *switches->off);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    switches->off = grown;
    snprintf(switches->off[switches->count++], sizeof *switches->off, "%s", id);
    return ERR_OK;
}

enum err recorder_switch(struct recorder *recorder, const char *camera_id, bool on) {
    enum err error = ERR_OK;
    lock_acquire(&recorder->lock);
    struct recorder_switches *switches = &recorder->switches;
    size_t place = find_locked(switches, camera_id);
    bool is_off = place < switches->count;
    if (!on && !is_off) {
        error = add_locked(switches, camera_id);
    } else if (on && is_off) {
        switches->count--;
        memmove(switches->off[place], switches->off[switches->count], sizeof *switches->off);
    }
    lock_release(&recorder->lock);
    return error;
}

bool recorder_is_off(struct recorder *recorder, const char *camera_id) {
    lock_acquire(&recorder->lock);
    bool is_off = find_locked(&recorder->switches, camera_id) < recorder->switches.count;
    lock_release(&recorder->lock);
    return is_off;
}
