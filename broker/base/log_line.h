/* The text of one line of the log.
 * Threads: any. */
#ifndef BROKER_BASE_LOG_LINE_H
#define BROKER_BASE_LOG_LINE_H

#include "broker/base/log_level.h"

#include <stddef.h>

/* What a pipe takes whole or not at all (PIPE_BUF, pipe(7)). */
#define LOG_LINE_MAX_BYTES 4000
#define LOG_TEXT_LINE_MAX_BYTES 1000

enum log_shape {
    LOG_SHAPE_TEXT,
    LOG_SHAPE_JSON,
    LOG_SHAPE_JOURNAL,      /* text for systemd's journal */
    LOG_SHAPE_JOURNAL_JSON, /* JSON likewise */
};

struct log_line {
    char text[LOG_LINE_MAX_BYTES]; /* with its newline, without NUL */
    size_t count;
    size_t capacity; /* count never exceeds that */
};

/* What does not fit is cut between characters. camera_id: NULL for none. */
void log_line_format(struct log_line *line, enum log_shape shape, enum log_level level, const char *camera_id,
                     const char *message);

#endif
