#define _GNU_SOURCE /* posix_spawn_file_actions_addclosefrom_np, asprintf, P_PIDFD */
#include "broker/base/subprocess.h"

#include "broker/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLED_WITHIN_NS (500 * NS_PER_MS)

static const char *const inherited[] = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"};
#define INHERITED_COUNT (sizeof inherited / sizeof inherited[0])

/* ---- The environment ---- */

static bool is_given(const struct subprocess_settings *settings, const char *name) {
    const size_t length = strlen(name);
    for (size_t i = 0; i < settings->variable_count; i++) {
        const char *variable = settings->variables[i];
        if (strncmp(variable, name, length) == 0 && variable[length] == '=') {
            return true;
        }
    }
    return false;
}

static void free_environment(char **environment) {
    for (size_t i = 0; environment != NULL && environment[i] != NULL; i++) {
        free(environment[i]);
    }
    free(environment);
}

/* Up to a NULL; without memory NULL. */
static char **make_environment(const struct subprocess_settings *settings) {
    char **environment = calloc(INHERITED_COUNT + settings->variable_count + 1, sizeof *environment);
    size_t count = 0;
    bool complete = environment != NULL;
    for (size_t i = 0; complete && i < INHERITED_COUNT; i++) {
        const char *value = getenv(inherited[i]);
        if (value != NULL && !is_given(settings, inherited[i])) {
            complete = asprintf(&environment[count], "%s=%s", inherited[i], value) >= 0;
            count += complete;
        }
    }
    for (size_t i = 0; complete && i < settings->variable_count; i++) {
        environment[count] = strdup(settings->variables[i]);
        complete = environment[count++] != NULL;
    }
    if (!complete) {
        free_environment(environment);
        return NULL;
    }
    return environment;
}

/* ---- Starting ---- */

/* Returns an errno. */
static int add_descriptor(posix_spawn_file_actions_t *actions, int from, int to) {
    return from >= 0 ? posix_spawn_file_actions_adddup2(actions, from, to)
                     : posix_spawn_file_actions_addopen(actions, to, "/dev/null",
                                                        to == STDIN_FILENO ? O_RDONLY : O_WRONLY, 0);
}

/* Returns an errno. */
static int spawn(const struct subprocess_settings *settings, char **environment, pid_t *pid) {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    error = posix_spawnattr_init(&attributes);
    if (error != 0) {
        posix_spawn_file_actions_destroy(&actions);
        return error;
    }
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    if ((error = add_descriptor(&actions, settings->input, STDIN_FILENO)) == 0 &&
        (error = add_descriptor(&actions, settings->output, STDOUT_FILENO)) == 0 &&
        (error = add_descriptor(&actions, settings->errors, STDERR_FILENO)) == 0 &&
        (error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)) == 0 &&
        (error = posix_spawnattr_setpgroup(&attributes, 0)) == 0 &&
        (error = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (error = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETSIGDEF)) == 0) {
        /* posix_spawnp() does not change the arguments, in spite of its prototype. */
        union {
            const char *const *given;
            char *const *taken;
        } arguments = {.given = settings->words};
        error = posix_spawnp(pid, settings->words[0], &actions, &attributes, arguments.taken, environment);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

enum err subprocess_start(struct subprocess *process, const struct subprocess_settings *settings,
                          struct reason *reason) {
    *process = (struct subprocess){.pid_fd = -1};
    char **environment = make_environment(settings);
    int error = environment != NULL ? spawn(settings, environment, &process->pid) : ENOMEM;
    free_environment(environment);
    if (error != 0) {
        process->pid = 0;
    } else {
        process->pid_fd = pidfd_open(process->pid, 0);
        error = process->pid_fd < 0 ? errno : 0;
    }
    if (error != 0) {
        reason_set(reason, "cannot be started: %s", strerror(error));
        subprocess_finish(process);
    }
    return err_from_errno(error);
}

/* ---- Ending ---- */

void subprocess_signal(const struct subprocess *process, int number) {
    if (process->pid != 0) {
        kill(-process->pid, number);
    }
}

bool subprocess_wait(const struct subprocess *process, int64_t deadline_ns, int *status) {
    struct pollfd poller = {.fd = process->pid_fd, .events = POLLIN};
    if (poll(&poller, 1, clock_poll_timeout_ms(deadline_ns)) <= 0) {
        return false;
    }
    siginfo_t info = {0};
    if (waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOWAIT | WNOHANG) != 0 || info.si_pid == 0) {
        return false;
    }
    if (status != NULL) {
        *status = info.si_code == CLD_EXITED ? W_EXITCODE(info.si_status, 0) : W_EXITCODE(0, info.si_status);
    }
    return true;
}

static void forget(struct subprocess *process) {
    if (process->pid_fd >= 0) {
        close(process->pid_fd);
    }
    *process = (struct subprocess){.pid_fd = -1};
}

void subprocess_reap(struct subprocess *process) {
    if (process->pid != 0) {
        waitpid(process->pid, NULL, WNOHANG);
        forget(process);
    }
}

void subprocess_finish(struct subprocess *process) {
    if (process->pid == 0) {
        return;
    }
    subprocess_signal(process, SIGKILL);
    if (process->pid_fd < 0) {
        waitpid(process->pid, NULL, 0);
    } else if (!subprocess_wait(process, clock_monotonic_ns() + KILLED_WITHIN_NS, NULL)) {
        forget(process); /* it hangs in the kernel, where no signal reaches it */
    }
    subprocess_reap(process);
}
