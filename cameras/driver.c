#define _GNU_SOURCE /* ppoll: poll() counts in milliseconds, which is a quarter of a frame at 240 fps */
#include "cameras/driver.h"

#include "broker/clock.h"

#include <poll.h>
#include <stddef.h>
#include <string.h>

#define SHOWN_PATH_BYTES 80

/* A capture time further from ours than this is a clock that was never set. */
#define CLOCK_TRUST_NS (60 * NS_PER_S)

void driver_set_capture_time(struct frame *frame) {
    struct frame_info *info = frame_edit_info(frame);
    int64_t now_ns = clock_realtime_ns();
    int64_t off_ns = info->captured_realtime_ns - now_ns;
    if (off_ns < -CLOCK_TRUST_NS || off_ns > CLOCK_TRUST_NS) {
        info->captured_realtime_ns = now_ns;
    }
    info->captured_monotonic_ns = clock_monotonic_ns();
}

const struct driver_ops *driver_find(enum source_type type) {
    static const struct driver_ops *const drivers[] = {
        [SOURCE_EMULATED] = &emulated_driver, [SOURCE_PATTERN] = &pattern_driver,
        [SOURCE_V4L2] = &v4l2_driver,         [SOURCE_PUSH] = &push_driver,
#ifdef FRAMEBROKER_FFMPEG
        [SOURCE_URL] = &url_driver,
#endif
    };
    return (size_t)type < sizeof drivers / sizeof drivers[0] ? drivers[type] : NULL;
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
        struct timespec left = {.tv_sec = left_ns / NS_PER_S, .tv_nsec = left_ns % NS_PER_S};
        int ready = ppoll(&cancel, 1, &left, NULL);
        if (ready > 0) {
            return ERR_INTERRUPTED;
        }
        if (ready == 0 && clock_monotonic_ns() >= deadline_ns) {
            return ERR_OK;
        }
    }
}
