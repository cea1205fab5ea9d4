/* The program of a camera while it runs: its standard output for the reader, its standard error for the log, how it
 * ended, and how it is ended. Private to the exec driver.
 * Threads: the camera's. */
#ifndef CAMERAS_EXEC_EXEC_PROGRAM_H
#define CAMERAS_EXEC_EXEC_PROGRAM_H

#include "broker/base/subprocess.h"
#include "cameras/driver.h"
#include "cameras/exec/exec_log.h"

/* A program may take this long to end after its signal; less when the camera itself has to end. */
#define EXEC_STOP_NS (2 * NS_PER_S)
#define EXEC_STOP_QUICKLY_NS (800 * NS_PER_MS)

struct exec_program {
    const struct driver_context *context;
    struct subprocess process;
    int output_fd, errors_fd; /* -1: at its end */
    struct secrets *secrets;  /* of the command and the environment */
    struct exec_log log;
};

/* ERR_NOT_FOUND, ERR_DENIED and others, with a reason; then nothing is to be stopped. */
CHECKED enum err exec_program_start(struct exec_program *program, const struct driver_context *context,
                                    struct reason *reason);
/* Ends it. Blocks: for EXEC_STOP_NS, and 500 ms more where it does not end at once when it is killed. */
void exec_program_stop(struct exec_program *program);

/* The next bytes of its output: a url_source. Blocks: until deadline_ns (ERR_TIMEOUT), or until the cancel event is set
 * (ERR_INTERRUPTED). ERR_CLOSED: the program or its output has ended. */
enum err exec_program_read(void *program, uint8_t *bytes, size_t capacity, int64_t deadline_ns, size_t *got);
/* Whether it has ended with anything but success. */
CHECKED bool exec_program_has_failed(const struct exec_program *program);
/* After ERR_CLOSED: how the program ended. Blocks: 500 ms at most. */
void exec_program_explain_end(struct exec_program *program, struct reason *reason);

#endif
