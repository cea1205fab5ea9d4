#include "broker/log.h"

#include "broker/clock.h"
#include "broker/log_line.h"
#include "broker/log_sink.h"
#include "broker/recurrence.h"
#include "broker/sync.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

#define MESSAGE_BYTES 1000

/* Relaxed: a level that arrives a line late does no harm. */
static _Atomic(enum log_level) most_verbose = LOG_LEVEL_INFO;
/* Constant once other threads run. */
static enum log_shape shape = LOG_SHAPE_TEXT;

static struct lock recurrences_lock = {PTHREAD_MUTEX_INITIALIZER};
static struct recurrences recurrences GUARDED_BY(recurrences_lock);

static _Atomic uint64_t lost; /* lines that nobody has been told of; relaxed: it counts for itself */

static _Atomic uint64_t lost_ever;

uint64_t log_lost_count(void) { return atomic_load_explicit(&lost_ever, memory_order_relaxed); }

void log_set_level(enum log_level most) { atomic_store_explicit(&most_verbose, most, memory_order_relaxed); }

static bool is_hidden(enum log_level level) {
    return level > atomic_load_explicit(&most_verbose, memory_order_relaxed);
}

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

static void tell_lost(void) {
    uint64_t count = atomic_exchange_explicit(&lost, 0, memory_order_relaxed);
    if (count == 0) {
        return;
    }
    char message[100];
    snprintf(message, sizeof message,
             "lines of the log that were lost, since standard error did not take them: %" PRIu64, count);
    if (!write_line(LOG_LEVEL_WARNING, NULL, message)) {
        atomic_fetch_add_explicit(&lost, count, memory_order_relaxed);
    }
}

static void write_message(enum log_level level, const char *camera_id, const char *message) {
    if (write_line(level, camera_id, message)) {
        tell_lost();
    } else {
        atomic_fetch_add_explicit(&lost, 1, memory_order_relaxed);
        atomic_fetch_add_explicit(&lost_ever, 1, memory_order_relaxed);
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

bool log_recurring(enum log_level level, const char *camera_id, const char *kind, const char *format, ...) {
    if (is_hidden(level)) {
        return false;
    }
    uint64_t key = recurrence_key(camera_id != NULL ? camera_id : "", kind);
    uint64_t held_back;
    lock_acquire(&recurrences_lock);
    bool due = recurrence_admit(&recurrences, key, clock_monotonic_ns(), &held_back);
    lock_release(&recurrences_lock);
    if (!due) {
        return false;
    }
    char message[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (held_back > 0 && length >= 0 && (size_t)length < sizeof message) {
        snprintf(message + length, sizeof message - (size_t)length, " (%" PRIu64 " more like this since the last line)",
                 held_back);
    }
    write_message(level, camera_id, message);
    return true;
}
