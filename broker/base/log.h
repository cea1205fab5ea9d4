/* The log: one line an event on standard error, e.g.
 *     2026-01-01T00:00:00.000Z warning front-door: no frame for 3 s
 * as JSON
 *     {"time":"2026-01-01T00:00:00.000Z","level":"warning","camera":"front-door","message":"no frame for 3 s"}
 * and for systemd's journal, which adds the time, with the level in front (sd-daemon(3)): <4>front-door: ...
 *
 * An event is logged once, where it is handled, with the id of the camera and what a person can do about it. Control
 * characters and broken UTF-8 in the text are escaped, so that nothing from outside can forge a line.
 *
 * Threads: any, unless said otherwise; a line is written by one system call, so lines never mix. Call it without
 * holding a lock. Blocks: no. A line that standard error does not take at once is lost; the next line that it takes
 * reports how many were. */
#ifndef BROKER_BASE_LOG_H
#define BROKER_BASE_LOG_H

#include "broker/base/err.h"
#include "broker/base/log_level.h"

#include <stdbool.h>
#include <stdint.h>

enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };

/* Events above this level are not written. The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level max);
/* Before this, lines are text, and a write may wait for the reader. Threads: the first one, before it starts others. */
void log_open(enum log_format format);

/* camera_id: of the camera that it concerns; NULL: the server itself. Text lines are cut at 1,000 bytes, JSON at 4,000.
 */
void log_event(enum log_level level, const char *camera_id, const char *format, ...) PRINTF_LIKE(3, 4);

/* How many lines were lost so far. */
uint64_t log_lost_count(void);

/* The same for events that may repeat: writes one line a minute for each kind and camera, which says how many it stands
 * for. kind: what the events have in common, e.g. "offline". Returns whether a line was due. */
bool log_rate_limited(enum log_level level, const char *camera_id, const char *kind, const char *format, ...)
    PRINTF_LIKE(4, 5);

#endif
