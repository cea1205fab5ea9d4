#include "broker/frame/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
    struct frame_pool *pool;
    struct mailbox mailbox;
    struct event arrival;
    uint64_t ticket;
};

static void begin(struct fixture *fixture) {
    assert_int_equal(frame_pool_create(&fixture->pool), ERR_OK);
    assert_int_equal(event_init(&fixture->arrival), ERR_OK);
    mailbox_init(&fixture->mailbox);
    assert_int_equal(mailbox_enter(&fixture->mailbox, &fixture->ticket), ERR_OK);
}

static void end(struct fixture *fixture) {
    mailbox_close(&fixture->mailbox);
    mailbox_finish(&fixture->mailbox);
    event_finish(&fixture->arrival);
    frame_pool_destroy(&fixture->pool);
}

static enum err put(struct fixture *fixture, uint64_t sequence) {
    struct frame *frame = NULL;
    assert_int_equal(frame_create(fixture->pool, 10, &frame), ERR_OK);
    frame_edit_info(frame)->sequence = sequence;
    enum err error = mailbox_put(&fixture->mailbox, fixture->ticket, &frame);
    assert_null(frame);
    return error;
}

static void newest_frame_is_taken_and_the_others_are_lost(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    mailbox_open(&fixture.mailbox, &fixture.arrival);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(put(&fixture, i), ERR_OK);
    }
    assert_true(event_wait_until(&fixture.arrival, 0));
    struct frame *frame = NULL;
    uint64_t lost = 0;
    assert_int_equal(mailbox_take(&fixture.mailbox, &frame, &lost), ERR_OK);
    assert_int_equal(frame_info(frame)->sequence, 3);
    assert_int_equal(lost, 2);
    frame_unref(&frame);
    assert_int_equal(mailbox_take(&fixture.mailbox, &frame, &lost), ERR_BUSY);
    assert_false(event_wait_until(&fixture.arrival, 0));
    end(&fixture);
}

static void closing_drops_what_waits(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    mailbox_open(&fixture.mailbox, &fixture.arrival);
    assert_int_equal(put(&fixture, 1), ERR_OK);
    mailbox_close(&fixture.mailbox);
    struct frame *frame = NULL;
    uint64_t lost = 0;
    assert_int_equal(mailbox_take(&fixture.mailbox, &frame, &lost), ERR_BUSY);
    assert_int_equal(lost, 0);
    end(&fixture);
}

static void frame_that_came_just_before_the_opening_is_taken(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_int_equal(put(&fixture, 1), ERR_OK);
    assert_int_equal(put(&fixture, 2), ERR_OK);
    mailbox_open(&fixture.mailbox, &fixture.arrival);
    assert_true(event_wait_until(&fixture.arrival, 0));
    struct frame *frame = NULL;
    uint64_t lost = 0;
    assert_int_equal(mailbox_take(&fixture.mailbox, &frame, &lost), ERR_OK);
    assert_int_equal(frame_info(frame)->sequence, 2);
    assert_int_equal(lost, 0);
    frame_unref(&frame);
    end(&fixture);
}

static void frame_that_came_long_before_the_opening_is_dropped(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_int_equal(put(&fixture, 1), ERR_OK);
    fixture.mailbox.put_ns -= MAILBOX_KEPT_NS;
    mailbox_open(&fixture.mailbox, &fixture.arrival);
    assert_false(event_wait_until(&fixture.arrival, 0));
    struct frame *frame = NULL;
    uint64_t lost = 0;
    assert_int_equal(mailbox_take(&fixture.mailbox, &frame, &lost), ERR_BUSY);
    end(&fixture);
}

static void second_pusher_replaces_the_first(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    uint64_t second = 0;
    mailbox_set_key(&fixture.mailbox, "key", true);
    assert_int_equal(mailbox_enter(&fixture.mailbox, &second), ERR_OK);
    assert_int_equal(put(&fixture, 1), ERR_GONE);
    mailbox_leave(&fixture.mailbox, fixture.ticket);
    fixture.ticket = second;
    assert_int_equal(put(&fixture, 1), ERR_OK);
    end(&fixture);
}

static void second_pusher_is_refused_until_the_first_has_left(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    uint64_t second = 0;
    assert_int_equal(mailbox_enter(&fixture.mailbox, &second), ERR_BUSY);
    mailbox_leave(&fixture.mailbox, fixture.ticket);
    assert_int_equal(mailbox_enter(&fixture.mailbox, &second), ERR_OK);
    end(&fixture);
}

static void evicted_pusher_has_to_enter_again(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    mailbox_evict(&fixture.mailbox);
    assert_int_equal(put(&fixture, 1), ERR_GONE);
    assert_int_equal(mailbox_enter(&fixture.mailbox, &fixture.ticket), ERR_OK);
    assert_int_equal(put(&fixture, 1), ERR_OK);
    end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_frame_is_taken_and_the_others_are_lost),
        cmocka_unit_test(closing_drops_what_waits),
        cmocka_unit_test(frame_that_came_just_before_the_opening_is_taken),
        cmocka_unit_test(frame_that_came_long_before_the_opening_is_dropped),
        cmocka_unit_test(second_pusher_replaces_the_first),
        cmocka_unit_test(second_pusher_is_refused_until_the_first_has_left),
        cmocka_unit_test(evicted_pusher_has_to_enter_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
