#include "broker/mailbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct fixture {
    struct frame_pool *pool;
    struct mailbox *mailbox;
    uint64_t ticket;
};

static struct fixture begin(bool replace) {
    struct fixture fixture = {NULL};
    assert_int_equal(frame_pool_create(&fixture.pool), ERR_OK);
    assert_int_equal(mailbox_create(replace, &fixture.mailbox), ERR_OK);
    assert_int_equal(mailbox_enter(fixture.mailbox, &fixture.ticket), ERR_OK);
    return fixture;
}

static void end(struct fixture *fixture) {
    mailbox_destroy(&fixture->mailbox);
    assert_null(fixture->mailbox);
    frame_pool_destroy(&fixture->pool);
}

static enum err put(struct fixture *fixture, uint64_t sequence) {
    struct frame *frame = NULL;
    assert_int_equal(frame_create(fixture->pool, 10, &frame), ERR_OK);
    frame_edit_info(frame)->sequence = sequence;
    enum err error = mailbox_put(fixture->mailbox, fixture->ticket, &frame);
    assert_null(frame);
    return error;
}

static void newest_frame_is_taken_and_the_others_are_lost(void **state) {
    (void)state;
    struct fixture fixture = begin(true);
    mailbox_open(fixture.mailbox);
    for (uint64_t i = 1; i <= 3; i++) {
        assert_int_equal(put(&fixture, i), ERR_OK);
    }
    assert_true(event_wait_until(mailbox_event(fixture.mailbox), 0));
    struct frame *frame = NULL;
    uint64_t lost = 0;
    assert_int_equal(mailbox_take(fixture.mailbox, &frame, &lost), ERR_OK);
    assert_int_equal(frame_info(frame)->sequence, 3);
    assert_int_equal(lost, 2);
    frame_unref(&frame);
    assert_int_equal(mailbox_take(fixture.mailbox, &frame, &lost), ERR_BUSY);
    assert_false(event_wait_until(mailbox_event(fixture.mailbox), 0));
    end(&fixture);
}

static void closed_mailbox_drops_frames(void **state) {
    (void)state;
    struct fixture fixture = begin(true);
    assert_int_equal(put(&fixture, 1), ERR_OK);
    mailbox_open(fixture.mailbox);
    struct frame *frame = NULL;
    uint64_t lost = 0;
    assert_int_equal(mailbox_take(fixture.mailbox, &frame, &lost), ERR_BUSY);
    assert_int_equal(put(&fixture, 2), ERR_OK);
    mailbox_close(fixture.mailbox);
    assert_int_equal(mailbox_take(fixture.mailbox, &frame, &lost), ERR_BUSY);
    assert_int_equal(lost, 0);
    end(&fixture);
}

static void second_pusher_replaces_the_first(void **state) {
    (void)state;
    struct fixture fixture = begin(true);
    uint64_t second = 0;
    assert_int_equal(mailbox_enter(fixture.mailbox, &second), ERR_OK);
    assert_int_equal(put(&fixture, 1), ERR_GONE);
    mailbox_leave(fixture.mailbox, fixture.ticket);
    fixture.ticket = second;
    assert_int_equal(put(&fixture, 1), ERR_OK);
    end(&fixture);
}

static void second_pusher_is_refused_until_the_first_has_left(void **state) {
    (void)state;
    struct fixture fixture = begin(false);
    uint64_t second = 0;
    assert_int_equal(mailbox_enter(fixture.mailbox, &second), ERR_BUSY);
    mailbox_leave(fixture.mailbox, fixture.ticket);
    assert_int_equal(mailbox_enter(fixture.mailbox, &second), ERR_OK);
    end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(newest_frame_is_taken_and_the_others_are_lost),
        cmocka_unit_test(closed_mailbox_drops_frames),
        cmocka_unit_test(second_pusher_replaces_the_first),
        cmocka_unit_test(second_pusher_is_refused_until_the_first_has_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
