/* How long a computation may go on. It checks its limit from time to time and gives up there. The limit is CPU time: on
 * an overloaded machine a computation takes longer and still ends well.
 * Threads: that of the computation. */
#ifndef BROKER_BASE_WORK_LIMIT_H
#define BROKER_BASE_WORK_LIMIT_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct work_limit {
    int64_t cpu_deadline_ns;        /* of clock_thread_cpu_ns(); CLOCK_NEVER: none */
    bool (*is_stopped)(void *user); /* NULL: never */
    void *user;
};

/* NULL: no limit. ERR_INTERRUPTED: stopped. ERR_TIMEOUT: the deadline has passed. */
CHECKED enum err work_limit_check(const struct work_limit *limit);

#endif
