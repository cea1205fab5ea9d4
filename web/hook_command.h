/* A program that is told of an event: the JSON on its standard input, the gist of it in its environment. It runs in a
 * process group of its own, without any descriptor of ours and with little else of our environment, and is killed with
 * all of its group when its time is over.
 * Threads: one at a time. */
#ifndef WEB_HOOK_COMMAND_H
#define WEB_HOOK_COMMAND_H

#include "web/hook_watch.h"

#include <poll.h>

struct hook_command;

/* Starts it; json is of less than 4 KB. ERR_NOT_FOUND, ERR_DENIED and others, with a reason. */
CHECKED enum err hook_command_start(const char *const *words, const struct journal_entry *event, const char *json,
                                    int64_t deadline_ns, struct hook_command **command, struct reason *reason);
/* What to wait for. */
#define HOOK_COMMAND_FDS 2
void hook_command_poll(const struct hook_command *command, struct pollfd pollers[HOOK_COMMAND_FDS]);
int64_t hook_command_deadline_ns(const struct hook_command *command);
/* Looks after it. True once it has ended; then *outcome, and if it was not delivered, the reason. Never blocks. */
CHECKED bool hook_command_look(struct hook_command *command, int64_t now_ns, enum hook_outcome *outcome,
                               struct reason *reason);
/* The beginning of what it has written, for the log. */
const char *hook_command_output(const struct hook_command *command);
/* Kills it if it runs. Blocks: until it is gone, 100 ms at most. */
void hook_command_destroy(struct hook_command **command);

#endif
