/* A broker with a camera, and a converter that makes no pictures: what the tests of variants start from. */
#ifndef TESTS_VARIANT_FIXTURE_H
#define TESTS_VARIANT_FIXTURE_H

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "broker/broker.h"
#include "broker/subscriber.h"
#include "broker/topic_demand.h"
#include "tests/topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#define IDLE_NS (50 * NS_PER_MS)
#define IN_TIME_NS (5 * NS_PER_S)

/* ---- The converter: widths snap to hundreds, heights stay, and so does the first byte ---- */

static atomic_int converters, conversions;

static inline struct variant_request fake_resolve(const struct variant_request *request, uint32_t source_width_px) {
    struct variant_request resolved = *request;
    resolved.width_px = (request->width_px + 99) / 100 * 100;
    if (source_width_px != 0 && resolved.width_px >= source_width_px) {
        resolved.width_px = 0;
    }
    return resolved;
}

struct fake {
    struct frame_pool *pool;
    struct variant_request request;
};

static inline enum err fake_create(struct frame_pool *pool, const struct variant_request *request, void **converter) {
    struct fake *fake = calloc(1, sizeof *fake);
    *fake = (struct fake){.pool = pool, .request = *request};
    atomic_fetch_add(&converters, 1);
    *converter = fake;
    return ERR_OK;
}

static inline enum err fake_convert(void *converter, const struct frame *source, const struct work_limit *limit,
                                    struct frame **derived) {
    (void)limit;
    const struct fake *fake = converter;
    atomic_fetch_add(&conversions, 1);
    if (frame_payload(source).count == 0) {
        return ERR_INVALID;
    }
    enum err error = frame_create(fake->pool, 32, derived);
    if (error == ERR_OK) {
        *frame_edit_info(*derived) = *frame_info(source);
        frame_edit_info(*derived)->width_px = fake->request.width_px;
        frame_data(*derived)[0] = frame_payload(source).bytes[0];
        frame_set_size(*derived, 1);
    }
    return error;
}

static inline void fake_destroy(void *converter) {
    if (converter != NULL) {
        atomic_fetch_sub(&converters, 1);
        free(converter);
    }
}

static const struct converter_ops fake_ops = {
    .resolve = fake_resolve, .create = fake_create, .convert = fake_convert, .destroy = fake_destroy};

/* ---- A broker with one camera ---- */

static struct broker *broker;
static struct topic *camera;
static uint64_t sequence;

static const struct variant_settings named = {"thumb", {.width_px = 100, .fps = 5}};

static inline int begin_with(int64_t idle_timeout_ns) {
    struct broker_settings settings = {.workers = 1, .converters = &fake_ops};
    struct topic_settings topic = {.id = "a",
                                   .name = "A",
                                   .ring_frames = 4,
                                   .idle_timeout_ns = idle_timeout_ns,
                                   .on_demand = true,
                                   .variants = {named},
                                   .variant_count = 1,
                                   .max_variants = 2};
    sequence = 0;
    atomic_store(&conversions, 0);
    return broker_create(&settings, &broker) == ERR_OK && add_topic(broker, &topic, &camera) == ERR_OK ? 0 : -1;
}

static inline int begin(void **state) {
    (void)state;
    return begin_with(IDLE_NS);
}

/* Unused variants stay as long as they may. */
static inline int begin_patient(void **state) {
    (void)state;
    return begin_with(60 * NS_PER_S);
}

static inline int end(void **state) {
    (void)state;
    broker_close(broker);
    topic_unref(&camera);
    broker_destroy(&broker);
    return atomic_load(&converters) == 0 ? 0 : -1;
}

static inline struct frame *make_frame(uint8_t content, int64_t captured_ns) {
    struct frame *frame;
    assert_int_equal(frame_create(broker_frame_pool(broker), 16, &frame), ERR_OK);
    frame_data(frame)[0] = content;
    frame_set_size(frame, 1);
    sequence++;
    *frame_edit_info(frame) = (struct frame_info){.sequence = sequence,
                                                  .captured_realtime_ns = 1000 * (int64_t)sequence,
                                                  .captured_monotonic_ns = captured_ns,
                                                  .width_px = 640,
                                                  .height_px = 480,
                                                  .format = FRAME_JPEG};
    return frame;
}

static inline void publish_at(uint8_t content, int64_t captured_ns) {
    struct frame *frame = make_frame(content, captured_ns);
    topic_publish(camera, &frame);
}

static inline void publish(uint8_t content) { publish_at(content, clock_monotonic_ns()); }

static inline struct topic *open_request(struct variant_request request) {
    struct topic *topic = NULL;
    assert_int_equal(broker_open_variant(broker, camera, &request, &topic), ERR_OK);
    return topic;
}

static inline struct subscriber *subscribe(struct topic *topic) {
    struct subscriber_settings settings = {.remote = "127.0.0.1:1", .route = "test"};
    struct subscriber *subscriber;
    assert_int_equal(subscriber_create(topic, NULL, &settings, &subscriber), ERR_OK);
    return subscriber;
}

/* A live frame captured then or later; CLOCK_NEVER: the placeholder of a failure. */
static inline struct frame *await(struct subscriber *subscriber, int64_t captured_from_ns) {
    struct frame *frame = NULL;
    assert_int_equal(subscriber_wait(subscriber, captured_from_ns, captured_from_ns == CLOCK_NEVER,
                                     clock_monotonic_ns() + IN_TIME_NS, &frame),
                     ERR_OK);
    return frame;
}

static inline size_t count_variants(void) {
    struct topic_snapshot snapshot;
    assert_int_equal(broker_snapshot_topic(broker, camera, &snapshot), ERR_OK);
    size_t count = snapshot.variant_count;
    topic_snapshot_finish(&snapshot);
    return count;
}

static inline bool camera_is_watched(void) {
    int64_t until_ns;
    return topic_wanted(camera, &until_ns) && until_ns == CLOCK_NEVER;
}

#define AWAIT(condition)                                                                                               \
    do {                                                                                                               \
        int64_t deadline_ns = clock_monotonic_ns() + IN_TIME_NS;                                                       \
        while (!(condition)) {                                                                                         \
            assert_true(clock_monotonic_ns() < deadline_ns);                                                           \
            nanosleep(&(struct timespec){.tv_nsec = NS_PER_MS}, NULL);                                                 \
        }                                                                                                              \
    } while (0)

#endif
