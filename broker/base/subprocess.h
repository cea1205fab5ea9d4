/* Programs that the server runs: hooks, and cameras that are programs. No shell is involved.
 *
 * A program has a process group of its own, so that its children end with it; the default signal mask and dispositions;
 * no descriptor but the three standard ones; and of the environment only what a program may need, since the rest may
 * contain passwords of cameras.
 *
 * Lifecycle: subprocess_start(), then subprocess_finish(); zeroed: nothing was started.
 * Threads: one at a time for each. */
#ifndef BROKER_BASE_SUBPROCESS_H
#define BROKER_BASE_SUBPROCESS_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The variables of the server's environment that programs inherit. */
#define SUBPROCESS_INHERITED "PATH, HOME, LANG, LC_ALL, TZ and TMPDIR"

struct subprocess {
    pid_t pid;  /* also of its group; 0: none, or reaped */
    int pid_fd; /* readable once it has ended */
};

struct subprocess_settings {
    const char *const *words; /* up to a NULL: the program, looked for on PATH unless it has a slash, and arguments */
    const char *const *variables; /* "NAME=VALUE"; one that is inherited too is replaced */
    size_t variable_count;
    int input, output, errors; /* descriptors; -1: /dev/null */
};

/* The result of a system call is translated, with a reason ("cannot be started: No such file or directory"). */
CHECKED enum err subprocess_start(struct subprocess *process, const struct subprocess_settings *settings,
                                  struct reason *reason);

/* Sends a signal to the program and all of its group. */
void subprocess_signal(const struct subprocess *process, int number);

/* Blocks: until the program has ended (true), or deadline_ns (monotonic) has passed. *status: as waitpid(2) has it; may
 * be NULL. It is not reaped, so that its group keeps its number. */
CHECKED bool subprocess_wait(const struct subprocess *process, int64_t deadline_ns, int *status);

/* Reaps a program that has ended, and leaves its children alone; then there is nothing to finish. */
void subprocess_reap(struct subprocess *process);

/* Kills what is left of the program and its group, and reaps the program. Blocks: until it has ended, 500 ms at most.
 */
void subprocess_finish(struct subprocess *process);

#endif
