/* Hooks: programs and URLs that are told when a camera's state changes, so that somebody hears when one dies.
 *
 * One thread reads the broker's journal and looks after all that is under way: at most HOOK_DELIVERIES_MAX at a time,
 * each within its time-out, tried again with growing pauses. What it cannot get rid of is bounded: a message a camera
 * and hook, the newest. Nothing that is in a URL behind its host, nor headers, nor a program's arguments are logged.
 *
 * Lifecycle: start; stop, before the broker is destroyed.
 * Threads: any, one at a time. */
#ifndef WEB_HOOKS_H
#define WEB_HOOKS_H

#include "broker/broker.h"
#include "web/hook_settings.h"

#include <stdatomic.h>

#define HOOK_DELIVERIES_MAX 8

struct hooks;

/* How attempts to tell have ended. Outlives the hooks, which others may replace. */
enum hook_result { HOOK_RESULT_DELIVERED, HOOK_RESULT_TRIED_AGAIN, HOOK_RESULT_GIVEN_UP, HOOK_RESULTS };
struct hook_counts {
    _Atomic uint64_t results[HOOK_RESULTS]; /* relaxed: each counts for itself */
};

/* counts is borrowed. Refers to the settings' storage. Cameras are looked at as they are now, and from then on.
 * ERR_MEMORY, ERR_BUSY: no thread or descriptor. */
CHECKED enum err hooks_start(const struct hooks_settings *settings, struct broker *broker, struct hook_counts *counts,
                             struct hooks **hooks);
/* Kills and drops what is under way. Blocks: 1 s at most. */
void hooks_stop(struct hooks **hooks);
/* Borrowed. */
const struct hooks_settings *hooks_settings_of(const struct hooks *hooks);

#endif
