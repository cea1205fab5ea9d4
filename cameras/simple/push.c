#include "cameras/simple/push.h"

#include "broker/base/clock.h"
#include "broker/frame/mailbox.h"
#include "cameras/source_rows.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define KEY_MIN_BYTES 8
#define OWN(field) .block = 1, .offset = offsetof(struct push_settings, field)

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

static enum err check_key(const char *text, struct reason *reason) {
    size_t length = strlen(text);
    bool printable = true;
    for (size_t i = 0; i < length; i++) {
        printable = printable && text[i] > ' ' && text[i] <= '~';
    }
    if (printable && length >= KEY_MIN_BYTES && length <= PUSH_KEY_MAX_BYTES) {
        return ERR_OK;
    }
    reason_set(reason, "must be %d to %d printable ASCII characters without spaces", KEY_MIN_BYTES, PUSH_KEY_MAX_BYTES);
    return ERR_INVALID;
}

static const char *const rules[] = {[PUSH_REPLACE] = "replace", [PUSH_REFUSE] = "refuse", NULL};

static const struct setting rows[] = {
    {.name = "key",
     .type = SETTING_TEXT,
     OWN(key),
     .required = true,
     .min = KEY_MIN_BYTES,
     .max = PUSH_KEY_MAX_BYTES,
     .check = check_key,
     .help = "The secret of the sender, printable ASCII without spaces: Authorization: Bearer KEY."},
    {.name = "second_pusher",
     .type = SETTING_CHOICE,
     OWN(second_pusher),
     .choices = rules,
     .what = "value",
     .help = "Whether a second sender replaces the first or is refused."},
    SOURCE_FAULTS,
};

const struct setting_table push_settings_table = {
    .name = "push",
    .help = "A camera that sends its pictures: POST /camera/N/frame with one JPEG, or POST /camera/N/ingest with an "
            "endless multipart body.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct push_settings),
};

void push_set_key(const struct source_settings *settings, struct mailbox *mailbox) {
    const struct push_settings *push = settings->own;
    mailbox_set_key(mailbox, push->key, push->second_pusher == PUSH_REPLACE);
}

const struct driver_ops push_driver = {
    .open = push_open,
    .read = push_read,
    .describe = push_describe,
    .close = push_close,
};
