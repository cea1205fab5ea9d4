/* Standard error, as the log writes to it: a line is written at once or not at all.
 *
 * Threads: log_sink_open() before others run; log_sink_write() any. */
#ifndef BROKER_BASE_LOG_SINK_H
#define BROKER_BASE_LOG_SINK_H

#include <stdbool.h>
#include <stddef.h>

/* Looks at what standard error is. Returns whether systemd's journal reads there. Before this, a write may wait. */
bool log_sink_open(void);
/* One line, of less than PIPE_BUF bytes. False where it was not taken. Blocks: only on a disk. */
bool log_sink_write(const char *line, size_t count);

#endif
