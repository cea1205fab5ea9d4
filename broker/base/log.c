#include "broker/base/log.h"

#include "broker/base/clock.h"
#include "broker/base/log_line.h"
#include "broker/base/log_rate_limit.h"
#include "broker/base/log_sink.h"
#include "broker/base/sync.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#define MESSAGE_BYTES 1000

/* Relaxed: a level that arrives a line late does no harm. */
static _Atomic(enum log_level) max_level = LOG_LEVEL_INFO;
/* Constant once other threads run. */
static enum log_shape shape = LOG_SHAPE_TEXT;

static struct lock rate_limits_lock = {PTHREAD_MUTEX_INITIALIZER};
static struct log_rate_limits rate_limits GUARDED_BY(rate_limits_lock);

/* Lines, ever; relaxed: each counts for itself. */
static _Atomic uint64_t lost, reported_lost;

uint64_t log_lost_count(void) { return atomic_load_explicit(&lost, memory_order_relaxed); }

void log_set_level(enum log_level max) { atomic_store_explicit(&max_level, max, memory_order_relaxed); }

static bool is_hidden(enum log_level level) { return level > atomic_load_explicit(&max_level, memory_order_relaxed); }

void log_open(enum log_format format) {
    bool to_journal = log_sink_open();
    if (format == LOG_FORMAT_JSON) {
        shape = to_journal ? LOG_SHAPE_JOURNAL_JSON : LOG_SHAPE_JSON;
    } else {
        shape = to_journal ? LOG_SHAPE_JOURNAL : LOG_SHAPE_TEXT;
    }
}

static bool write_line(enum log_level level, const char *camera_id, const char *message) {
    struct log_line line;
    log_line_format(&line, shape, level, camera_id, message);
    return log_sink_write(line.text, line.count);
}

/* Of several threads, the one that moves reported_lost on writes the line. */
static void report_lost(void) {
    uint64_t now = log_lost_count(), before = atomic_load_explicit(&reported_lost, memory_order_relaxed);
    if (now <= before || !atomic_compare_exchange_strong_explicit(&reported_lost, &before, now, memory_order_relaxed,
                                                                  memory_order_relaxed)) {
        return;
    }
    char message[100];
    snprintf(message, sizeof message,
             "lines of the log that were lost, since standard error did not take them: %" PRIu64, now - before);
    if (!write_line(LOG_LEVEL_WARNING, NULL, message)) {
        atomic_fetch_sub_explicit(&reported_lost, now - before, memory_order_relaxed);
    }
}

static void write_message(enum log_level level, const char *camera_id, const char *message) {
    if (write_line(level, camera_id, message)) {
        report_lost();
    } else {
        atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
    }
}

void log_event(enum log_level level, const char *camera_id, const char *format, ...) {
    if (is_hidden(level)) {
        return;
    }
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    write_message(level, camera_id, message);
}

bool log_rate_limited(enum log_level level, const char *camera_id, const char *kind, const char *format, ...) {
    if (is_hidden(level)) {
        return false;
    }
    uint64_t key = log_rate_limit_key(camera_id != NULL ? camera_id : "", kind);
    uint64_t suppressed;
    lock_acquire(&rate_limits_lock);
    bool due = log_rate_limit_admit(&rate_limits, key, clock_monotonic_ns(), &suppressed);
    lock_release(&rate_limits_lock);
    if (!due) {
        return false;
    }
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (suppressed > 0 && length >= 0 && (size_t)length < sizeof message) {
        snprintf(message + length, sizeof message - (size_t)length, " (%" PRIu64 " more like this since the last line)",
                 suppressed);
    }
    write_message(level, camera_id, message);
    return true;
}
