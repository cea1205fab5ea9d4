#define _GNU_SOURCE
#include "web/hooks/hook_command.h"

#include "broker/base/clock.h"
#include "broker/base/subprocess.h"
#include "web/views/json/event_json.h"
#include "web/views/json/motion_json.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define OUTPUT_BYTES 1000

struct hook_command {
    struct subprocess process;
    int output_fd;
    int64_t deadline_ns;
    bool timed_out;
    char output[OUTPUT_BYTES];
    size_t output_bytes;
};

/* ---- Starting ---- */

#define VARIABLES_MAX 8

struct variables {
    char *list[VARIABLES_MAX];
    size_t count;
    bool failed; /* memory ran out */
};

static PRINTF_LIKE(2, 3) void add_variable(struct variables *variables, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&variables->list[variables->count], format, arguments) >= 0) {
        variables->count++;
    } else {
        variables->failed = true;
    }
    va_end(arguments);
}

static void add_motion(struct variables *variables, const struct event_log_entry *event) {
    char picture[MOTION_PICTURE_PATH_BYTES];
    motion_picture_path(event->camera, event->motion.id, picture);
    add_variable(variables, "FRAMEBROKER_ACTION=%s", event->kind == EVENT_LOG_MOTION_BEGAN ? "began" : "ended");
    add_variable(variables, "FRAMEBROKER_EVENT_ID=%" PRIu64, event->motion.id);
    add_variable(variables, "FRAMEBROKER_ZONE=%s", event->motion.zone);
    add_variable(variables, "FRAMEBROKER_SCORE=%u", event->motion.score);
    add_variable(variables, "FRAMEBROKER_SNAPSHOT=%s", picture);
}

static void make_variables(const struct event_log_entry *event, struct variables *variables) {
    add_variable(variables, "FRAMEBROKER_EVENT=%s", event_name(event->kind));
    add_variable(variables, "FRAMEBROKER_CAMERA=%s", event->camera);
    if (event->kind == EVENT_LOG_MOTION_BEGAN || event->kind == EVENT_LOG_MOTION_ENDED) {
        add_motion(variables, event);
        return;
    }
    if (event->kind == EVENT_LOG_STATE) {
        add_variable(variables, "FRAMEBROKER_STATE=%s", state_name(event->to));
        add_variable(variables, "FRAMEBROKER_PREVIOUS=%s", state_name(event->from));
    }
    add_variable(variables, "FRAMEBROKER_ERROR=%s", event->reason.text);
}

static void free_variables(struct variables *variables) {
    for (size_t i = 0; i < variables->count; i++) {
        free(variables->list[i]);
    }
}

static void close_ends(int ends[2]) {
    for (int i = 0; i < 2; i++) {
        if (ends[i] >= 0) {
            close(ends[i]);
        }
    }
}

/* The whole text fits into the pipe. */
static bool fill_pipe(int input[2], const char *json) {
    size_t count = strlen(json);
    bool filled = write(input[1], json, count) == (ssize_t)count;
    close(input[1]);
    input[1] = -1;
    return filled;
}

static enum err start_command(struct hook_command *command, const char *const *words,
                              const struct event_log_entry *event, const char *json, struct reason *reason) {
    int input[2] = {-1, -1}, output[2] = {-1, -1};
    struct variables variables = {.count = 0};
    make_variables(event, &variables);
    enum err error = variables.failed ? ERR_MEMORY : ERR_OK;
    if (error != ERR_OK) {
        goto out;
    }
    if (pipe2(input, O_CLOEXEC) != 0 || pipe2(output, O_CLOEXEC) != 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) != 0 ||
        !fill_pipe(input, json)) {
        reason_set(reason, "cannot be started: %s", strerror(errno));
        error = err_from_errno(errno);
        goto out;
    }
    const struct subprocess_settings settings = {.words = words,
                                                 .variables = (const char *const *)variables.list,
                                                 .variable_count = variables.count,
                                                 .input = input[0],
                                                 .output = output[1],
                                                 .errors = output[1]};
    error = subprocess_start(&command->process, &settings, reason);
    if (error == ERR_OK) {
        command->output_fd = output[0];
        output[0] = -1;
    }
out:
    free_variables(&variables);
    close_ends(input);
    close_ends(output);
    return error;
}

enum err hook_command_start(const char *const *words, const struct event_log_entry *event, const char *json,
                            int64_t deadline_ns, struct hook_command **out, struct reason *reason) {
    struct hook_command *command = calloc(1, sizeof *command);
    if (command == NULL) {
        reason_set(reason, "%s", err_text(ERR_MEMORY));
        return ERR_MEMORY;
    }
    command->output_fd = -1;
    command->deadline_ns = deadline_ns;
    enum err error = start_command(command, words, event, json, reason);
    if (error != ERR_OK) {
        hook_command_destroy(&command);
        return error;
    }
    *out = command;
    return ERR_OK;
}

/* ---- Running ---- */

void hook_command_poll(const struct hook_command *command, struct pollfd pollers[HOOK_COMMAND_FDS]) {
    pollers[0] = (struct pollfd){.fd = command->process.pid_fd, .events = POLLIN};
    pollers[1] = (struct pollfd){.fd = command->output_fd, .events = POLLIN};
}

int64_t hook_command_deadline_ns(const struct hook_command *command) { return command->deadline_ns; }

const char *hook_command_output(const struct hook_command *command) { return command->output; }

/* Output that does not fit is read too, so that the program does not block. One round, since it may be endless. */
static void read_command_output(struct hook_command *command) {
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
        subprocess_signal(&command->process, SIGKILL);
    }
    read_command_output(command);
    int status;
    if (!subprocess_wait(&command->process, now_ns, &status)) {
        return false;
    }
    subprocess_reap(&command->process);
    read_command_output(command);
    *outcome = judge(command, status, reason);
    return true;
}

void hook_command_destroy(struct hook_command **command_pointer) {
    struct hook_command *command = *command_pointer;
    *command_pointer = NULL;
    subprocess_finish(&command->process);
    if (command->output_fd >= 0) {
        close(command->output_fd);
    }
    free(command);
}
