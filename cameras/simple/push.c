/* Cameras that send their frames by themselves: web/ puts what they push into the topic's mailbox. */
#include "cameras/driver.h"

#include "broker/clock.h"
#include "broker/mailbox.h"

#include <poll.h>
#include <stdlib.h>

struct push {
    const struct driver_context *context;
    struct event arrival;
};

static enum err push_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                          struct reason *reason) {
    (void)deadline_ns;
    struct push *push = calloc(1, sizeof *push);
    enum err error = push == NULL ? ERR_MEMORY : event_init(&push->arrival);
    if (error != ERR_OK) {
        reason_set(reason, "%s", err_text(error));
        free(push);
        return error;
    }
    push->context = context;
    mailbox_open(context->mailbox, &push->arrival);
    *state = push;
    return ERR_OK;
}

static void push_close(void *state) {
    struct push *push = state;
    mailbox_close(push->context->mailbox);
    event_finish(&push->arrival);
    free(push);
}

/* ERR_OK: there may be a frame. */
static enum err wait_for_frame(const struct push *push, int64_t deadline_ns) {
    struct pollfd polled[] = {
        {.fd = push->context->cancel->fd, .events = POLLIN},
        {.fd = push->arrival.fd, .events = POLLIN},
    };
    int ready = poll(polled, 2, clock_poll_timeout_ms(deadline_ns));
    if (ready > 0) {
        return polled[0].revents != 0 ? ERR_INTERRUPTED : ERR_OK;
    }
    return clock_monotonic_ns() >= deadline_ns ? ERR_TIMEOUT : ERR_OK;
}

static enum err push_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                          struct reason *reason) {
    (void)sequence;
    (void)reason;
    const struct push *push = state;
    enum err error = ERR_BUSY;
    while (error == ERR_BUSY) {
        error = wait_for_frame(push, deadline_ns);
        if (error == ERR_OK) {
            error = mailbox_take(push->context->mailbox, frame, lost);
        }
    }
    if (error == ERR_OK) {
        driver_set_capture_time(*frame);
    }
    return error;
}

static void push_describe(void *state, struct driver_description *description) {
    (void)state;
    description->format = frame_format_name(FRAME_JPEG);
}

const struct driver_ops push_driver = {
    .name = "push",
    .open = push_open,
    .read = push_read,
    .describe = push_describe,
    .close = push_close,
};
