#include "broker/base/work_limit.h"

#include "broker/base/clock.h"

#include <stddef.h>

enum err work_limit_check(const struct work_limit *limit) {
    if (limit == NULL) {
        return ERR_OK;
    }
    if (limit->is_stopped != NULL && limit->is_stopped(limit->user)) {
        return ERR_INTERRUPTED;
    }
    return clock_thread_cpu_ns() >= limit->cpu_deadline_ns ? ERR_TIMEOUT : ERR_OK;
}
