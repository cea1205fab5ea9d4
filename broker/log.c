#include "broker/log.h"

#include "broker/clock.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Relaxed: a level that arrives a line late does no harm. */
static _Atomic(enum log_level) most_verbose = LOG_LEVEL_INFO;

void log_set_level(enum log_level most) { atomic_store_explicit(&most_verbose, most, memory_order_relaxed); }

static const char *level_name(enum log_level level) {
    switch (level) {
    case LOG_LEVEL_ERROR: return "error";
    case LOG_LEVEL_WARNING: return "warning";
    case LOG_LEVEL_INFO: return "info";
    case LOG_LEVEL_DEBUG: return "debug";
    }
    return "?";
}

void log_event(enum log_level level, const char *camera_id, const char *format, ...) {
    if (level > atomic_load_explicit(&most_verbose, memory_order_relaxed)) {
        return;
    }
    char now[CLOCK_TEXT_BYTES];
    clock_format_utc(clock_realtime_ns(), 3, now);
    char line[1000];
    int used = snprintf(line, sizeof line, "%s %s %.64s%s", now, level_name(level), camera_id != NULL ? camera_id : "",
                        camera_id != NULL ? ": " : "");
    size_t length = (size_t)used;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line + length, sizeof line - length - 1, format, arguments);
    va_end(arguments);
    length = strlen(line);
    for (char *c = line; c < line + length; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
    line[length++] = '\n';
    ssize_t written = write(STDERR_FILENO, line, length); /* nobody to tell when standard error is gone */
    (void)written;
}
