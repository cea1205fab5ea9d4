/* What the tests of subscribers and their inbox start from: two topics, one inbox. */
#ifndef TESTS_INBOX_FIXTURE_H
#define TESTS_INBOX_FIXTURE_H

#include "tests/unit/support.h"

struct fixture {
    struct frame_pool *pool;
    struct topic *topic, *other;
    struct inbox *inbox;
};

static inline int set_up(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.pool = make_pool(), .topic = make_topic(4), .other = make_topic(4)};
    assert_int_equal(inbox_create(&fixture.inbox), ERR_OK);
    *state = &fixture;
    return 0;
}

static inline int tear_down(void **state) {
    struct fixture *fixture = *state;
    inbox_destroy(&fixture->inbox);
    topic_unref(&fixture->topic);
    topic_unref(&fixture->other);
    frame_pool_destroy(&fixture->pool);
    return 0;
}

static inline void publish_range(struct fixture *fixture, uint64_t first, uint64_t last) {
    for (uint64_t sequence = first; sequence <= last; sequence++) {
        publish(fixture->topic, fixture->pool, sequence);
    }
}

#endif
