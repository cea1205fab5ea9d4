/* Who is told when a camera's state changes: settings alone.
 *
 * Ownership: everything in them belongs to a storage, to which whoever keeps them holds a reference. */
#ifndef WEB_HOOK_SETTINGS_H
#define WEB_HOOK_SETTINGS_H

#include "broker/state.h"
#include "broker/storage.h"

#include <stdint.h>

#define HOOKS_MAX 16

struct hook_settings {
    const char *const *command; /* the program and its arguments, then NULL; NULL: there is a URL */
    const char *url;
    const char *const *headers; /* of the request: "Name: value", header_count of them */
    size_t header_count;
    unsigned states;            /* a set of HOOK_STATE() */
    const char *const *cameras; /* ids, in which * stands for any signs and ? for one */
    size_t camera_count;        /* 0: every camera */
    int64_t after_ns;           /* how long a state must have lasted */
    int64_t timeout_ns;         /* of each attempt */
    unsigned retries;
};
#define HOOK_STATE(state) (1u << (state))

struct hooks_settings {
    const struct hook_settings *hooks;
    size_t count;
    struct storage *storage; /* borrowed */
};

/* Whether they come to the same, wherever they are stored. */
bool hooks_settings_equal(const struct hooks_settings *a, const struct hooks_settings *b);

#endif
