/* A driver that does what a test's script says, one step a read, and lets the test wait for what was done to it. */
#ifndef TESTS_FAKE_DRIVER_H
#define TESTS_FAKE_DRIVER_H

#include "broker/base/clock.h"
#include "cameras/driver.h"

#include <string.h>

enum step {
    STEP_JPEG,      /* a good frame, soon */
    STEP_BARE_JPEG, /* one without Huffman tables */
    STEP_HALF_JPEG, /* one that ends in the middle */
    STEP_RAW,       /* a big raw picture at once */
    STEP_SHORT_RAW, /* one with less data than its size needs */
    STEP_AFTER_GAP, /* a good frame after two that the device lost */
    STEP_BAD,       /* the device itself says that the frame is broken */
    STEP_SILENCE,   /* nothing until the deadline */
    STEP_HANG,      /* nothing, and the deadline is ignored */
    STEP_GONE,      /* the device has vanished */
    STEP_CLOSED,    /* the connection is lost */
    STEP_ALIVE,     /* the source sends, but no frame yet */
};

#define FAKE_OPENINGS_MAX 16
#define FAKE_PERIOD_NS (2 * NS_PER_MS)
/* Long enough for any machine; only a failing test waits that long. */
#define PATIENCE_NS (20 * NS_PER_S)

struct fake {
    /* The test's, before the camera is created. */
    const enum step *steps; /* the last one is repeated for ever */
    size_t step_count;
    bool starts_over;            /* each opening begins at the first step */
    unsigned openings_that_fail; /* the first ones */
    bool opening_hangs;
    struct span jpeg, bare_jpeg;
    /* What happened. */
    struct lock lock;
    struct condition changed;
    size_t next_step GUARDED_BY(lock);
    unsigned opened GUARDED_BY(lock); /* attempts */
    unsigned closed GUARDED_BY(lock);
    unsigned reads GUARDED_BY(lock); /* begun */
    int64_t opened_at_ns[FAKE_OPENINGS_MAX] GUARDED_BY(lock);
    struct driver_context context;
};

static struct fake fake;

/* Waits until *count, one of the counters above, has reached `least`; false if it never does. */
static bool fake_wait(const unsigned *count, unsigned least) {
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    lock_acquire(&fake.lock);
    while (*count < least && condition_wait_until(&fake.changed, &fake.lock, deadline_ns)) {
    }
    bool reached = *count >= least;
    lock_release(&fake.lock);
    return reached;
}

static unsigned fake_count(const unsigned *count) {
    lock_acquire(&fake.lock);
    unsigned now = *count;
    lock_release(&fake.lock);
    return now;
}

static enum err fake_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                          struct reason *reason) {
    (void)deadline_ns;
    lock_acquire(&fake.lock);
    if (fake.opened < FAKE_OPENINGS_MAX) {
        fake.opened_at_ns[fake.opened] = clock_monotonic_ns();
    }
    bool fails = fake.opened++ < fake.openings_that_fail;
    if (fake.starts_over) {
        fake.next_step = 0;
    }
    condition_broadcast(&fake.changed);
    lock_release(&fake.lock);
    if (fake.opening_hangs) {
        return driver_sleep_until(context, clock_monotonic_ns() + 10 * PATIENCE_NS);
    }
    if (fails) {
        reason_set(reason, "the lens cap is on: take it off");
        return ERR_DENIED;
    }
    fake.context = *context;
    *state = &fake;
    return ERR_OK;
}

static enum step fake_next_step(void) {
    lock_acquire(&fake.lock);
    enum step step = fake.steps[fake.next_step];
    if (fake.next_step + 1 < fake.step_count) {
        fake.next_step++;
    }
    fake.reads++;
    condition_broadcast(&fake.changed);
    lock_release(&fake.lock);
    return step;
}

static enum err fake_frame(enum frame_format format, uint32_t width_px, uint32_t height_px, struct span payload,
                           struct frame **frame) {
    enum err error = frame_create(fake.context.pool, payload.count, frame);
    if (error != ERR_OK) {
        return error;
    }
    if (payload.bytes != NULL) {
        memcpy(frame_data(*frame), payload.bytes, payload.count);
    } else {
        memset(frame_data(*frame), 0x55, payload.count);
    }
    frame_set_size(*frame, payload.count);
    *frame_edit_info(*frame) = (struct frame_info){.format = format,
                                                   .width_px = width_px,
                                                   .height_px = height_px,
                                                   .captured_realtime_ns = clock_realtime_ns(),
                                                   .captured_monotonic_ns = clock_monotonic_ns()};
    return ERR_OK;
}

static enum err fake_jpeg(struct span jpeg, struct frame **frame) {
    enum err error = driver_sleep_until(&fake.context, clock_monotonic_ns() + FAKE_PERIOD_NS);
    return error == ERR_OK ? fake_frame(FRAME_JPEG, 64, 48, jpeg, frame) : error;
}

#define RAW_WIDTH_PX 1920
#define RAW_HEIGHT_PX 1080

static enum err fake_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                          struct reason *reason) {
    (void)state;
    (void)sequence;
    enum err error;
    switch (fake_next_step()) {
    case STEP_JPEG: return fake_jpeg(fake.jpeg, frame);
    case STEP_BARE_JPEG: return fake_jpeg(fake.bare_jpeg, frame);
    case STEP_HALF_JPEG: return fake_jpeg((struct span){fake.jpeg.bytes, fake.jpeg.count / 2}, frame);
    case STEP_RAW:
        return fake_frame(FRAME_GREY, RAW_WIDTH_PX, RAW_HEIGHT_PX, (struct span){NULL, RAW_WIDTH_PX * RAW_HEIGHT_PX},
                          frame);
    case STEP_SHORT_RAW: return fake_frame(FRAME_GREY, RAW_WIDTH_PX, RAW_HEIGHT_PX, (struct span){NULL, 999}, frame);
    case STEP_AFTER_GAP: *lost = 2; return fake_jpeg(fake.jpeg, frame);
    case STEP_BAD: reason_set(reason, "the cable is loose"); return ERR_INVALID;
    case STEP_SILENCE:
        error = driver_sleep_until(&fake.context, deadline_ns);
        return error == ERR_OK ? ERR_TIMEOUT : error;
    case STEP_HANG: return driver_sleep_until(&fake.context, clock_monotonic_ns() + 10 * PATIENCE_NS);
    case STEP_CLOSED: reason_set(reason, "the camera closed the connection"); return ERR_CLOSED;
    case STEP_ALIVE:
        error = driver_sleep_until(&fake.context, clock_monotonic_ns() + FAKE_PERIOD_NS);
        return error == ERR_OK ? ERR_BUSY : error;
    case STEP_GONE: reason_set(reason, "unplugged: plug it in again"); return ERR_GONE;
    }
    return ERR_IO;
}

static void fake_describe(void *state, struct driver_description *description) {
    (void)state;
    *description = (struct driver_description){.width_px = 64, .height_px = 48, .format = "FAKE"};
}

static void fake_close(void *state) {
    (void)state;
    lock_acquire(&fake.lock);
    fake.closed++;
    condition_broadcast(&fake.changed);
    lock_release(&fake.lock);
}

static const struct driver_ops fake_driver = {
    .open = fake_open, .read = fake_read, .describe = fake_describe, .close = fake_close};

#endif
