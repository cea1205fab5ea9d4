/* The settings of the hooks that run when something happens to a camera.
 *
 * Ownership: everything belongs to the arena; each owner of the settings holds a reference to it. */
#ifndef WEB_HOOKS_HOOK_SETTINGS_H
#define WEB_HOOKS_HOOK_SETTINGS_H

#include "broker/base/arena.h"
#include "broker/camera_state.h"

#include <stdint.h>

#define HOOKS_MAX 16

struct hook_settings {
    const char *const *command; /* the program and its arguments, then NULL; NULL: there is a URL */
    const char *url;
    const char *const *headers; /* of the request: "Name: value", header_count of them */
    size_t header_count;
    unsigned kinds;             /* of events: a set of enum hook_kind */
    unsigned states;            /* a set of HOOK_STATE() */
    const char *const *cameras; /* ids; * matches any characters, ? one */
    size_t camera_count;        /* 0: every camera */
    int64_t after_ns;           /* how long a state must have lasted */
    int64_t timeout_ns;         /* of each attempt */
    unsigned retries;
};
#define HOOK_STATE(state) (1u << (state))

/* Events that hooks report. */
enum hook_kind {
    HOOK_KIND_STATE = 1 << 0, /* the state of a camera, once it has lasted */
    HOOK_KIND_MOTION = 1 << 1,
    HOOK_KIND_RECORDING = 1 << 2,
};

struct hooks_settings {
    const struct hook_settings *hooks;
    size_t count;
    struct arena *arena; /* borrowed */
};

/* Whether they are equal, wherever they are stored. */
bool hooks_settings_equal(const struct hooks_settings *a, const struct hooks_settings *b);

#endif
