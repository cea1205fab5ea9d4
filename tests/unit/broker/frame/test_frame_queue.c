#include "broker/frame/frame_queue.h"
#include "tests/unit/support.h"

static struct frame *sealed(struct frame_pool *pool, uint64_t sequence) {
    struct frame *frame = make_frame(pool, sequence);
    frame_seal(frame, NULL, "door");
    return frame;
}

static void push(struct frame_queue *queue, struct frame_pool *pool, uint64_t sequence) {
    struct frame *frame = sealed(pool, sequence);
    frame_queue_push(queue, &frame);
    assert_null(frame);
}

/* The sequence of the oldest, which is taken out; 0: none. */
static uint64_t take(struct frame_queue *queue) {
    struct frame *frame = frame_queue_oldest(queue);
    uint64_t sequence = frame != NULL ? frame_info(frame)->sequence : 0;
    frame_queue_remove(queue, frame);
    frame_unref(&frame);
    return sequence;
}

static void frames_come_out_in_order(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame_budget budget = {.max_bytes = 1000000};
    struct frame_queue *queue = NULL;
    assert_int_equal(frame_queue_create(&budget, 1000000, &queue), ERR_OK);
    for (uint64_t i = 1; i <= 300; i++) { /* more than its first capacity, around its end */
        push(queue, pool, i);
        if (i == 50) {
            assert_int_equal(take(queue), 1);
        }
    }
    for (uint64_t i = 2; i <= 300; i++) {
        assert_int_equal(take(queue), i);
    }
    assert_int_equal(take(queue), 0);
    assert_int_equal(frame_queue_take_dropped(queue), 0);
    assert_int_equal(budget.bytes, 0);
    frame_queue_unref(&queue);
    frame_pool_destroy(&pool);
}

static void oldest_make_way_where_there_is_no_room(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame_budget budget = {.max_bytes = 5 * TEST_FRAME_BYTES};
    struct frame_queue *one = NULL, *other = NULL;
    assert_int_equal(frame_queue_create(&budget, 3 * TEST_FRAME_BYTES, &one), ERR_OK);
    assert_int_equal(frame_queue_create(&budget, 3 * TEST_FRAME_BYTES, &other), ERR_OK);
    for (uint64_t i = 1; i <= 4; i++) {
        push(one, pool, i);
        push(other, pool, i);
    }
    assert_true(budget.bytes <= 5 * TEST_FRAME_BYTES);
    assert_true(frame_queue_is_tight(one));
    assert_int_equal(take(one), 2); /* the queue's own bound */
    assert_int_equal(frame_queue_take_dropped(one), 1);
    assert_int_equal(take(other), 3); /* that of both */
    assert_int_equal(frame_queue_take_dropped(other), 2);
    assert_int_equal(frame_queue_take_dropped(other), 0);
    frame_queue_unref(&one);
    frame_queue_unref(&other);
    assert_int_equal(budget.bytes, 0);
    frame_pool_destroy(&pool);
}

static void frame_larger_than_the_queue_is_dropped(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame_budget budget = {.max_bytes = 1000000};
    struct frame_queue *queue = NULL;
    assert_int_equal(frame_queue_create(&budget, TEST_FRAME_BYTES - 1, &queue), ERR_OK);
    push(queue, pool, 1);
    assert_int_equal(take(queue), 0);
    assert_int_equal(frame_queue_take_dropped(queue), 1);
    frame_queue_unref(&queue);
    frame_pool_destroy(&pool);
}

static void topic_fills_it_with_live_frames_only(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct topic *topic = make_topic(2);
    struct frame_budget budget = {.max_bytes = 1000000};
    struct frame_queue *queue = NULL;
    assert_int_equal(frame_queue_create(&budget, 1000000, &queue), ERR_OK);
    publish(topic, pool, 1);
    topic_set_queue(topic, queue);
    for (uint64_t i = 2; i <= 6; i++) { /* more than its ring holds */
        publish(topic, pool, i);
    }
    uint64_t change = topic_set_state(topic, STATE_STALE, "no frames");
    struct frame *placeholder = make_frame(pool, 99);
    topic_publish_placeholder(topic, &placeholder, change);
    for (uint64_t i = 2; i <= 6; i++) {
        assert_int_equal(take(queue), i);
    }
    assert_int_equal(take(queue), 0);
    topic_set_queue(topic, NULL);
    publish(topic, pool, 7);
    assert_int_equal(take(queue), 0);
    frame_queue_unref(&queue);
    topic_unref(&topic);
    frame_pool_destroy(&pool);
}

static void what_may_be_shown_no_more_leaves_it(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct topic *topic = make_topic(2);
    struct frame_budget budget = {.max_bytes = 1000000};
    struct frame_queue *queue = NULL;
    assert_int_equal(frame_queue_create(&budget, 1000000, &queue), ERR_OK);
    topic_set_queue(topic, queue);
    publish(topic, pool, 1);
    publish(topic, pool, 2);
    assert_int_equal(topic_begin_generation(topic), 1);
    assert_int_equal(take(queue), 0);
    publish(topic, pool, 3); /* of the former generation */
    assert_int_equal(take(queue), 0);
    assert_null(topic_newest(topic));
    assert_int_equal(frame_queue_take_dropped(queue), 0);
    assert_int_equal(budget.bytes, 0);
    topic_set_queue(topic, NULL);
    frame_queue_unref(&queue);
    topic_unref(&topic);
    frame_pool_destroy(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_come_out_in_order),
        cmocka_unit_test(oldest_make_way_where_there_is_no_room),
        cmocka_unit_test(frame_larger_than_the_queue_is_dropped),
        cmocka_unit_test(topic_fills_it_with_live_frames_only),
        cmocka_unit_test(what_may_be_shown_no_more_leaves_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
