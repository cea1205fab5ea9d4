#include "cameras/url/ffmpeg/url_schedule.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

/* Frames that are due within this range keep to the schedule. */
#define MAX_LATE_NS (1 * NS_PER_S)
#define MAX_EARLY_NS (15 * NS_PER_S)

void url_schedule_start(struct url_schedule *schedule, int64_t time_ns, int64_t due_ns) {
    schedule->zero_ns = subtract_i64(due_ns, time_ns);
}

bool url_schedule_find(const struct url_schedule *schedule, int64_t time_ns, int64_t now_ns, int64_t *due_ns) {
    *due_ns = add_i64(schedule->zero_ns, time_ns);
    return *due_ns >= now_ns - MAX_LATE_NS && *due_ns <= now_ns + MAX_EARLY_NS;
}
