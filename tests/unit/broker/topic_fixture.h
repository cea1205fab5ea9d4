/* What the tests of a topic by itself start from, and how they look at it. */
#ifndef TESTS_TOPIC_FIXTURE_H
#define TESTS_TOPIC_FIXTURE_H

#include "tests/unit/support.h"

struct fixture {
    struct frame_pool *pool;
    struct topic *topic;
};

#define RING_FRAMES 3

static inline int set_up(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.pool = make_pool(), .topic = make_topic(RING_FRAMES)};
    *state = &fixture;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *fixture = *state;
    topic_unref(&fixture->topic);
    frame_pool_destroy(&fixture->pool);
    return 0;
}

static inline struct topic_snapshot look(struct topic *topic) {
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(topic, &snapshot), ERR_OK);
    topic_snapshot_finish(&snapshot);
    return snapshot;
}

/* The info of the newest frame; position 0 if there is none. */
static inline struct frame_info newest_info(struct topic *topic) {
    struct frame_info info = {0};
    struct frame *newest = topic_newest(topic);
    if (newest != NULL) {
        info = *frame_info(newest);
    }
    frame_unref(&newest);
    return info;
}

static inline void publish_placeholder(struct fixture *fixture, uint64_t change) {
    struct frame *frame = make_frame(fixture->pool, 999);
    topic_publish_placeholder(fixture->topic, &frame, change);
    assert_null(frame);
}

#endif
