#define _GNU_SOURCE /* ppoll: poll() counts in milliseconds, which is a quarter of a frame at 240 fps */
#include "cameras/driver.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>

#define SHOWN_PATH_BYTES 80

/* A capture time further from ours than this is a clock that was never set. */
#define CLOCK_TRUST_NS (60 * NS_PER_S)

void driver_set_capture_time(struct frame *frame) {
    struct frame_info *info = frame_edit_info(frame);
    int64_t now_ns = clock_realtime_ns();
    int64_t off_ns = subtract_i64(info->captured_realtime_ns, now_ns);
    if (off_ns < -CLOCK_TRUST_NS || off_ns > CLOCK_TRUST_NS) {
        info->captured_realtime_ns = now_ns;
    }
    info->captured_monotonic_ns = clock_monotonic_ns();
}

const char *driver_shown_path(const char *path) {
    size_t length = strlen(path);
    return length <= SHOWN_PATH_BYTES ? path : path + length - SHOWN_PATH_BYTES;
}

enum err driver_sleep_until(const struct driver_context *context, int64_t deadline_ns) {
    struct pollfd cancel = {.fd = context->cancel->fd, .events = POLLIN};
    for (;;) {
        int64_t left_ns = deadline_ns - clock_monotonic_ns();
        if (left_ns < 0) {
            left_ns = 0;
        }
        struct timespec left = clock_timespec(left_ns);
        int ready = ppoll(&cancel, 1, &left, NULL);
        if (ready > 0) {
            return ERR_INTERRUPTED;
        }
        if (ready == 0 && clock_monotonic_ns() >= deadline_ns) {
            return ERR_OK;
        }
    }
}

static bool is_cancelled(void *user) {
    struct event *cancel = user;
    struct pollfd poll_cancel = {.fd = cancel->fd, .events = POLLIN};
    return poll(&poll_cancel, 1, 0) > 0;
}

struct work_limit driver_work_limit(struct event *cancel) {
    return (struct work_limit){.cpu_deadline_ns = CLOCK_NEVER, .is_stopped = is_cancelled, .user = cancel};
}
