/* The log: one line an event on standard error, e.g.
 *     2026-01-01T00:00:00.000Z warning front-door: no frame for 3 s
 *
 * An event is logged once, where it is handled, with the id of the camera and what a person can do about it. Control
 * characters in the text are replaced, so that nothing from outside can forge a line.
 *
 * Threads: any; a line is written by one system call, so lines never mix. Call it without holding a lock. */
#ifndef BROKER_LOG_H
#define BROKER_LOG_H

#include "broker/err.h"

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Events above this level are not written. The default is LOG_LEVEL_INFO. */
void log_set_level(enum log_level most);

/* camera_id: whom it concerns; NULL for the server itself. Lines are cut at 1,000 bytes. */
void log_event(enum log_level level, const char *camera_id, const char *format, ...) PRINTF_LIKE(3, 4);

#endif
