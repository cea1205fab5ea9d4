/* Hooks: programs and URLs that are called when a camera's state changes.
 *
 * One thread reads the broker's event log and runs the deliveries: at most HOOK_DELIVERIES_MAX at a time, each with a
 * timeout, retried with growing pauses. The backlog is bounded: the newest message of each camera and hook. The log
 * shows no part of a URL after its host, no headers, and no arguments of a program.
 *
 * Lifecycle: start; stop, before the broker is destroyed.
 * Threads: any, one at a time. */
#ifndef WEB_HOOKS_HOOKS_H
#define WEB_HOOKS_HOOKS_H

#include "broker/broker.h"
#include "web/hooks/hook_counts.h"
#include "web/hooks/hook_settings.h"

#define HOOK_DELIVERIES_MAX 8

struct hooks;

/* counts is borrowed. Refers to the settings' storage. Cameras are looked at as they are now, and from then on.
 * ERR_MEMORY, ERR_BUSY: no thread or descriptor. */
CHECKED enum err hooks_start(const struct hooks_settings *settings, struct broker *broker, struct hook_counts *counts,
                             struct hooks **hooks);
/* Cancels all deliveries. Blocks: 1 s at most. */
void hooks_stop(struct hooks **hooks);
/* Borrowed. */
const struct hooks_settings *hooks_settings_of(const struct hooks *hooks);

#endif
