/* How important a line of the log is, the most important first. */
#ifndef BROKER_BASE_LOG_LEVEL_H
#define BROKER_BASE_LOG_LEVEL_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARNING, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

#endif
