#define _GNU_SOURCE
#include "web/hook_command.h"

#include "broker/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_BYTES 1000
#define KILLED_WITHIN_MS 100

/* What a program may need of our environment; the rest may hold the passwords of cameras. */
static const char *const inherited[] = {"PATH", "HOME", "LANG", "LC_ALL", "TZ", "TMPDIR"};
#define INHERITED_COUNT (sizeof inherited / sizeof inherited[0])

struct hook_command {
    pid_t pid; /* and of its process group; 0: it has been waited for */
    int pid_fd, output_fd;
    int64_t deadline_ns;
    bool timed_out;
    char output[OUTPUT_BYTES];
    size_t output_bytes;
};

/* ---- Starting ---- */

/* A variable a line; the texts outlive it. */
struct environment {
    char *entries[INHERITED_COUNT + 5];
    size_t count;
};

static void add_variable(struct environment *environment, const char *name, const char *value) {
    char *entry;
    if (value != NULL && asprintf(&entry, "%s=%s", name, value) >= 0) {
        environment->entries[environment->count++] = entry;
    }
}

static void fill_environment(struct environment *environment, const struct journal_entry *event) {
    for (size_t i = 0; i < INHERITED_COUNT; i++) {
        add_variable(environment, inherited[i], getenv(inherited[i]));
    }
    add_variable(environment, "FRAMEBROKER_CAMERA", event->camera);
    add_variable(environment, "FRAMEBROKER_STATE", state_name(event->to));
    add_variable(environment, "FRAMEBROKER_PREVIOUS", state_name(event->from));
    add_variable(environment, "FRAMEBROKER_ERROR", event->reason.text);
}

static void finish_environment(struct environment *environment) {
    for (size_t i = 0; i < environment->count; i++) {
        free(environment->entries[i]);
    }
}

static void close_ends(int ends[2]) {
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
        }
    }
}

/* Returns an errno. Its signals are as a program expects them, not as our threads have them. */
static int spawn(const char *const *words, char *const *environment, int input, int output, pid_t *pid) {
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
    if ((error = posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO)) == 0 &&
        (error = posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO)) == 0 &&
        (error = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1)) == 0 &&
        (error = posix_spawnattr_setpgroup(&attributes, 0)) == 0 &&
        (error = posix_spawnattr_setsigmask(&attributes, &none)) == 0 &&
        (error = posix_spawnattr_setsigdefault(&attributes, &all)) == 0 &&
        (error = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK |
                                                           POSIX_SPAWN_SETSIGDEF)) == 0) {
        /* posix_spawnp() does not change the words; that they are not const is history. */
        union {
            const char *const *given;
            char *const *taken;
        } arguments = {.given = words};
        error = posix_spawnp(pid, words[0], &actions, &attributes, arguments.taken, environment);
    }
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* The pipe holds all of the text before anybody reads it. */
static bool fill_pipe(int input[2], const char *json) {
    size_t count = strlen(json);
    bool filled = write(input[1], json, count) == (ssize_t)count;
    close(input[1]);
    input[1] = -1;
    return filled;
}

static int start(struct hook_command *command, const char *const *words, const struct journal_entry *event,
                 const char *json) {
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    struct environment environment = {.count = 0};
    int error = 0;
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) != 0 ||
        !fill_pipe(input, json)) {
        error = errno;
        goto out;
    }
    fill_environment(&environment, event);
    error = spawn(words, environment.entries, input[0], output[1], &command->pid);
    if (error != 0) {
        goto out;
    }
    command->output_fd = output[0];
    output[0] = -1;
    command->pid_fd = pidfd_open(command->pid, 0);
    error = command->pid_fd < 0 ? errno : 0;
out:
    finish_environment(&environment);
    close_ends(input);
    close_ends(output);
    return error;
}

enum err hook_command_start(const char *const *words, const struct journal_entry *event, const char *json,
                            int64_t deadline_ns, struct hook_command **out, struct reason *reason) {
    struct hook_command *command = calloc(1, sizeof *command);
    if (command == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    command->pid_fd = command->output_fd = -1;
    command->deadline_ns = deadline_ns;
    int error = start(command, words, event, json);
    if (error != 0) {
        reason_set(reason, "cannot be started: %s", strerror(error));
        hook_command_destroy(&command);
        return err_from_errno(error);
    }
    *out = command;
    return ERR_OK;
}

/* ---- Running ---- */

void hook_command_poll(const struct hook_command *command, struct pollfd pollers[HOOK_COMMAND_FDS]) {
    pollers[0] = (struct pollfd){.fd = command->pid_fd, .events = POLLIN};
    pollers[1] = (struct pollfd){.fd = command->output_fd, .events = POLLIN};
}

int64_t hook_command_deadline_ns(const struct hook_command *command) { return command->deadline_ns; }

const char *hook_command_output(const struct hook_command *command) { return command->output; }

/* What does not fit is read, too: the program must not wait for us. A round of it, since it may never end. */
static void read_output(struct hook_command *command) {
    char bytes[4096];
    ssize_t count = command->output_fd >= 0 ? read(command->output_fd, bytes, sizeof bytes) : -1;
    if (count > 0) {
        size_t room = sizeof command->output - 1 - command->output_bytes;
        size_t kept = (size_t)count < room ? (size_t)count : room;
        memcpy(command->output + command->output_bytes, bytes, kept);
        command->output_bytes += kept;
    } else if (count == 0) {
        close(command->output_fd);
        command->output_fd = -1;
    }
}

static void kill_group(const struct hook_command *command) { kill(-command->pid, SIGKILL); }

static enum hook_outcome judge(const struct hook_command *command, int status, struct reason *reason) {
    if (command->timed_out) {
        reason_set(reason, "took too long and was killed");
    } else if (WIFSIGNALED(status)) {
        reason_set(reason, "was ended by signal %d", WTERMSIG(status));
    } else if (WEXITSTATUS(status) != 0) {
        reason_set(reason, "ended with exit status %d", WEXITSTATUS(status));
    } else {
        return HOOK_DELIVERED;
    }
    return HOOK_FAILED;
}

bool hook_command_look(struct hook_command *command, int64_t now_ns, enum hook_outcome *outcome,
                       struct reason *reason) {
    if (now_ns >= command->deadline_ns) {
        command->timed_out = true;
        command->deadline_ns = CLOCK_NEVER;
        kill_group(command);
    }
    read_output(command);
    int status;
    if (waitpid(command->pid, &status, WNOHANG) != command->pid) {
        return false;
    }
    command->pid = 0;
    read_output(command);
    *outcome = judge(command, status, reason);
    return true;
}

void hook_command_destroy(struct hook_command **command_pointer) {
    struct hook_command *command = *command_pointer;
    *command_pointer = NULL;
    if (command->pid != 0) {
        kill_group(command);
        struct pollfd poller = {.fd = command->pid_fd, .events = POLLIN};
        poll(&poller, 1, KILLED_WITHIN_MS);
        waitpid(command->pid, NULL, WNOHANG);
    }
    if (command->pid_fd >= 0) {
        close(command->pid_fd);
    }
    if (command->output_fd >= 0) {
        close(command->output_fd);
    }
    free(command);
}
