/* Runs a program for an event: the JSON on its standard input, its main fields in the environment. The program has a
 * process group of its own, inherits no descriptor and little of the environment, and is killed with its group at its
 * deadline.
 * Threads: one at a time. */
#ifndef WEB_HOOKS_HOOK_COMMAND_H
#define WEB_HOOKS_HOOK_COMMAND_H

#include "web/hooks/hook_watch.h"

#include <poll.h>

struct hook_command;

/* Starts it; json is below 4 KB. ERR_NOT_FOUND, ERR_DENIED and others, with a reason. */
CHECKED enum err hook_command_start(const char *const *words, const struct event_log_entry *event, const char *json,
                                    int64_t deadline_ns, struct hook_command **command, struct reason *reason);
/* A descriptor to poll. */
#define HOOK_COMMAND_FDS 2
void hook_command_poll(const struct hook_command *command, struct pollfd pollers[HOOK_COMMAND_FDS]);
int64_t hook_command_deadline_ns(const struct hook_command *command);
/* Attends to it. True once it has ended; then *outcome, and the reason if it failed. Never blocks. */
CHECKED bool hook_command_look(struct hook_command *command, int64_t now_ns, enum hook_outcome *outcome,
                               struct reason *reason);
/* The beginning of its output, for the log. */
const char *hook_command_output(const struct hook_command *command);
/* Kills it if it runs. Blocks: until it has ended, 500 ms at most. */
void hook_command_destroy(struct hook_command **command);

#endif
