/* What unit tests of several folders need: frames with contents that can be recognised, and topics to put them in. */
#ifndef TESTS_SUPPORT_H
#define TESTS_SUPPORT_H

#include "broker/base/clock.h"
#include "broker/subscriber.h"
#include "broker/topic.h"
#include "broker/topic_snapshot.h"
#include "tests/asserts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

/* Long enough for any machine; only a failing test waits that long. */
#define PATIENCE_NS (20 * NS_PER_S)
#define TEST_FRAME_BYTES 1000

/* A JPEG frame in name only: each byte of it is the sequence's low one. */
static inline struct frame *make_sized_frame(struct frame_pool *pool, uint64_t sequence, size_t bytes) {
    struct frame *frame = NULL;
    assert_int_equal(frame_create(pool, bytes, &frame), ERR_OK);
    memset(frame_data(frame), (int)(sequence & 0xff), bytes);
    frame_set_size(frame, bytes);
    struct frame_info *info = frame_edit_info(frame);
    info->sequence = sequence;
    info->captured_monotonic_ns = clock_monotonic_ns();
    info->captured_realtime_ns = clock_realtime_ns();
    return frame;
}

static inline struct frame *make_frame(struct frame_pool *pool, uint64_t sequence) {
    return make_sized_frame(pool, sequence, TEST_FRAME_BYTES);
}

static inline void publish(struct topic *topic, struct frame_pool *pool, uint64_t sequence) {
    struct frame *frame = make_frame(pool, sequence);
    topic_publish(topic, &frame);
}

static inline struct frame_pool *make_pool(void) {
    struct frame_pool *pool = NULL;
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    return pool;
}

static inline struct topic *make_topic(unsigned ring_frames) {
    struct topic_settings settings = {
        .id = "door", .name = "Front door", .source = "test", .ring_frames = ring_frames, .on_demand = true};
    struct topic *topic = NULL;
    assert_int_equal(topic_create(&settings, NULL, &topic), ERR_OK);
    return topic;
}

static inline struct subscriber *subscribe(struct topic *topic, struct inbox *inbox) {
    struct subscriber_settings settings = {.remote = "127.0.0.1:52034", .route = "video_feed"};
    struct subscriber *subscriber = NULL;
    assert_int_equal(subscriber_create(topic, inbox, &settings, &subscriber), ERR_OK);
    return subscriber;
}

/* The sequence of what the subscriber takes; 0 if there is nothing. */
static inline uint64_t take_sequence(struct subscriber *subscriber) {
    struct frame *frame = NULL;
    if (subscriber_take(subscriber, &frame) != ERR_OK) {
        return 0;
    }
    uint64_t sequence = frame_info(frame)->sequence;
    frame_unref(&frame);
    return sequence;
}

/* What status would show of a topic's only subscriber. */
static inline struct subscriber_snapshot only_subscriber(struct topic *topic) {
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(topic, &snapshot), ERR_OK);
    assert_int_equal(snapshot.subscriber_count, 1);
    struct subscriber_snapshot subscriber = snapshot.subscribers[0];
    topic_snapshot_finish(&snapshot);
    return subscriber;
}

#endif
