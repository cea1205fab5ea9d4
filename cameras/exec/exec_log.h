/* What a program writes to its standard error: into the log, at a bounded rate, and its last line into the camera's
 * error. Private to the exec driver.
 * Threads: the camera's. */
#ifndef CAMERAS_EXEC_EXEC_LOG_H
#define CAMERAS_EXEC_EXEC_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EXEC_LOG_LINES_PER_MINUTE 10
#define EXEC_LOG_LINE_BYTES 800

/* Zeroed before the first use, but for the id. Secrets that are known (cameras/secrets.h) are masked. */
struct exec_log {
    const char *camera_id;
    char line[EXEC_LOG_LINE_BYTES]; /* that is not at its end yet */
    size_t line_bytes;
    bool is_cut;                    /* the line was longer */
    char last[EXEC_LOG_LINE_BYTES]; /* "": there was none */
    int64_t minute_ns;              /* when the minute under way began; 0: none did */
    unsigned minute_lines;
    unsigned held_back;
};

void exec_log_take(struct exec_log *log, const char *bytes, size_t count, int64_t now_ns);
/* The last line may have no end. */
void exec_log_end(struct exec_log *log, int64_t now_ns);

#endif
