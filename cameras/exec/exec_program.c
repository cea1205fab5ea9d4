#define _GNU_SOURCE /* pipe2, sigabbrev_np */
#include "cameras/exec/exec_program.h"

#include "broker/base/clock.h"
#include "cameras/exec/exec_settings.h"
#include "cameras/secrets.h"
#include "cameras/url/address_secrets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define END_WITHIN_NS (500 * NS_PER_MS)
/* Of 4 KB: a full pipe, whose other end a child may still fill. */
#define LAST_ERRORS_ROUNDS 32
/* How often a program that is to end is looked at for another reason to hurry. */
#define STOP_LOOK_NS (50 * NS_PER_MS)

static void close_end(int *fd) {
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = -1;
}

/* ---- Starting ---- */

/* What a program writes may repeat what it was given. */
static enum err note_secrets(struct exec_program *program) {
    const struct exec_settings *settings = program->context->settings->own;
    enum err error = secrets_create(&program->secrets);
    for (size_t i = 0; error == ERR_OK && i < settings->command_count; i++) {
        error = address_add_secrets(settings->command[i], program->secrets);
    }
    for (size_t i = 0; error == ERR_OK && i < settings->environment_count; i++) {
        const char *value = strchr(settings->environment[i], '=') + 1;
        if (strlen(value) >= SECRET_SHORT_BYTES) { /* shorter ones are flags and numbers */
            error = secrets_add(program->secrets, value, strlen(value));
        }
    }
    return error;
}

static enum err start_program(struct exec_program *program, int output, int errors, struct reason *reason) {
    const struct exec_settings *settings = program->context->settings->own;
    const struct subprocess_settings process = {.words = settings->command,
                                                .variables = settings->environment,
                                                .variable_count = settings->environment_count,
                                                .input = -1,
                                                .output = output,
                                                .errors = errors};
    struct reason why;
    enum err error = subprocess_start(&program->process, &process, &why);
    if (error == ERR_NOT_FOUND && strchr(settings->command[0], '/') == NULL) {
        reason_set(reason, "\"%s\" is not installed, or not on PATH", driver_shown_path(settings->command[0]));
    } else if (error != ERR_OK) {
        reason_set(reason, "\"%s\" %s", driver_shown_path(settings->command[0]), why.text);
    }
    return error;
}

enum err exec_program_start(struct exec_program *program, const struct driver_context *context, struct reason *reason) {
    int output[2] = {-1, -1}, errors[2] = {-1, -1};
    *program = (struct exec_program){.context = context, .output_fd = -1, .errors_fd = -1};
    program->log.camera_id = context->id;
    enum err error = note_secrets(program);
    if (error != ERR_OK) {
        secrets_destroy(&program->secrets);
        return error;
    }
    if (pipe2(output, O_CLOEXEC) != 0 || pipe2(errors, O_CLOEXEC) != 0 || fcntl(output[0], F_SETFL, O_NONBLOCK) != 0 ||
        fcntl(errors[0], F_SETFL, O_NONBLOCK) != 0) {
        error = err_from_errno(errno);
        reason_set(reason, "no pipe to a program: %s", strerror(errno));
    }
    if (error == ERR_OK) {
        error = start_program(program, output[1], errors[1], reason);
    }
    close_end(&output[1]);
    close_end(&errors[1]);
    if (error != ERR_OK) {
        close_end(&output[0]);
        close_end(&errors[0]);
        secrets_destroy(&program->secrets);
        return error;
    }
    program->output_fd = output[0];
    program->errors_fd = errors[0];
    return ERR_OK;
}

/* ---- Reading ---- */

/* One round, since a program may write without end. */
static void read_errors(struct exec_program *program) {
    char bytes[4096];
    ssize_t count = read(program->errors_fd, bytes, sizeof bytes);
    if (count > 0) {
        exec_log_take(&program->log, bytes, (size_t)count, clock_monotonic_ns());
    } else if (count == 0 || errno != EAGAIN) {
        exec_log_end(&program->log, clock_monotonic_ns());
        close_end(&program->errors_fd);
    }
}

/* ERR_BUSY: there is nothing now. */
static enum err read_program_output(struct exec_program *program, uint8_t *bytes, size_t capacity, size_t *got) {
    ssize_t count = read(program->output_fd, bytes, capacity);
    if (count > 0) {
        *got = (size_t)count;
        return ERR_OK;
    }
    return count < 0 && (errno == EAGAIN || errno == EINTR) ? ERR_BUSY : ERR_CLOSED;
}

enum err exec_program_read(void *user, uint8_t *bytes, size_t capacity, int64_t deadline_ns, size_t *got) {
    struct exec_program *program = user;
    enum { CANCEL, OUTPUT, ERRORS, END, POLLERS };
    enum err error = ERR_BUSY;
    while (error == ERR_BUSY) {
        struct pollfd polled[POLLERS] = {[CANCEL] = {.fd = program->context->cancel->fd, .events = POLLIN},
                                         [OUTPUT] = {.fd = program->output_fd, .events = POLLIN},
                                         [ERRORS] = {.fd = program->errors_fd, .events = POLLIN},
                                         [END] = {.fd = program->process.pid_fd, .events = POLLIN}};
        int ready = poll(polled, POLLERS, clock_poll_timeout_ms(deadline_ns));
        if (polled[CANCEL].revents != 0) {
            return ERR_INTERRUPTED;
        }
        if (ready > 0 && polled[ERRORS].revents != 0) {
            read_errors(program);
        }
        if (ready > 0 && polled[OUTPUT].revents != 0) {
            error = read_program_output(program, bytes, capacity, got);
        } else if (ready > 0 && polled[END].revents != 0) {
            error = ERR_CLOSED; /* its children may live on, and hold the other end of the pipe */
        } else if (clock_monotonic_ns() >= deadline_ns) {
            error = ERR_TIMEOUT;
        }
    }
    return error;
}

/* ---- Ending ---- */

bool exec_program_has_failed(const struct exec_program *program) {
    int status;
    return subprocess_wait(&program->process, clock_monotonic_ns() + END_WITHIN_NS, &status) && status != 0;
}

static void read_last_errors(struct exec_program *program) {
    for (unsigned round = 0; round < LAST_ERRORS_ROUNDS && program->errors_fd >= 0; round++) {
        struct pollfd poller = {.fd = program->errors_fd, .events = POLLIN};
        if (poll(&poller, 1, 0) <= 0) {
            break;
        }
        read_errors(program);
    }
    exec_log_end(&program->log, clock_monotonic_ns());
}

void exec_program_explain_end(struct exec_program *program, struct reason *reason) {
    int status;
    bool ended = subprocess_wait(&program->process, clock_monotonic_ns() + END_WITHIN_NS, &status);
    read_last_errors(program);
    const char *last = program->log.last, *colon = last[0] != '\0' ? ": " : "";
    if (!ended) {
        reason_set(reason, "the program closed its standard output%s%s", colon, last);
    } else if (WIFSIGNALED(status)) {
        const char *name = sigabbrev_np(WTERMSIG(status));
        reason_set(reason, "the program was ended by signal %d (SIG%s)%s%s", WTERMSIG(status),
                   name != NULL ? name : "?", colon, last);
    } else {
        reason_set(reason, "the program ended with status %d%s%s", WEXITSTATUS(status), colon, last);
    }
}

/* What it still writes is read, so that it neither blocks nor fails while it puts its camera in order. */
static void drain(struct exec_program *program, int64_t until_ns) {
    struct pollfd polled[] = {{.fd = program->output_fd, .events = POLLIN},
                              {.fd = program->errors_fd, .events = POLLIN},
                              {.fd = program->process.pid_fd, .events = POLLIN}};
    if (poll(polled, 3, clock_poll_timeout_ms(until_ns)) <= 0) {
        return;
    }
    uint8_t bytes[4096];
    size_t got;
    if (polled[0].revents != 0 && read_program_output(program, bytes, sizeof bytes, &got) == ERR_CLOSED) {
        close_end(&program->output_fd);
    }
    if (polled[1].revents != 0) {
        read_errors(program);
    }
}

static bool must_hurry(const struct exec_program *program) {
    return program->context->stopping != NULL && atomic_load(program->context->stopping);
}

void exec_program_stop(struct exec_program *program) {
    const int64_t asked_ns = clock_monotonic_ns();
    subprocess_signal(&program->process, exec_stop_signal(program->context->settings->own));
    while (!subprocess_wait(&program->process, 0, NULL)) {
        int64_t now_ns = clock_monotonic_ns();
        if (now_ns - asked_ns >= (must_hurry(program) ? EXEC_STOP_QUICKLY_NS : EXEC_STOP_NS)) {
            break;
        }
        drain(program, now_ns + STOP_LOOK_NS);
    }
    subprocess_finish(&program->process);
    close_end(&program->output_fd);
    close_end(&program->errors_fd);
    secrets_destroy(&program->secrets);
}
