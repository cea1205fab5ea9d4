/* Inboxes that publishers serve. */
#include "broker/base/sync.h"
#include "tests/unit/broker/inbox_fixture.h"

#include <poll.h>
#include <stdatomic.h>

#define PUBLICATIONS 100000

/* Guarded by the dispatch lock. */
struct owner {
    struct fixture *fixture;
    struct subscriber *subscriber;
    bool declines;
    unsigned calls;
    uint64_t taken; /* the newest sequence */
    unsigned frames;
};

static void take_news(struct owner *owner) {
    struct subscriber *subscriber;
    while ((subscriber = inbox_next(owner->fixture->inbox)) != NULL) {
        assert_ptr_equal(subscriber, owner->subscriber);
        uint64_t sequence = take_sequence(subscriber);
        owner->frames += sequence > owner->taken;
        owner->taken = sequence > owner->taken ? sequence : owner->taken;
    }
}

static bool serve(void *user) {
    struct owner *owner = user;
    owner->calls++;
    if (owner->declines) {
        return false;
    }
    take_news(owner);
    return true;
}

static void owner_begin(struct owner *owner, struct fixture *fixture) {
    *owner = (struct owner){.fixture = fixture, .subscriber = subscribe(fixture->topic, fixture->inbox)};
    inbox_let_publishers_dispatch(fixture->inbox, serve, owner);
}

static void owner_end(struct owner *owner) {
    inbox_let_publishers_dispatch(owner->fixture->inbox, NULL, NULL);
    subscriber_destroy(&owner->subscriber);
}

static bool is_woken(const struct fixture *fixture) {
    struct pollfd poller = {.fd = inbox_fd(fixture->inbox), .events = POLLIN};
    return poll(&poller, 1, 0) == 1;
}

static void a_publisher_serves_and_the_owner_sleeps_on(void **state) {
    struct fixture *fixture = *state;
    struct owner owner;
    owner_begin(&owner, fixture);
    publish_range(fixture, 1, 3);
    assert_int_equal(owner.frames, 3);
    assert_int_equal(owner.taken, 3);
    assert_false(is_woken(fixture));
    owner_end(&owner);
}

static void what_a_publisher_leaves_wakes_the_owner(void **state) {
    struct fixture *fixture = *state;
    struct owner owner;
    owner_begin(&owner, fixture);
    owner.declines = true;
    publish_range(fixture, 1, 1);
    assert_int_equal(owner.calls, 1);
    assert_true(is_woken(fixture));
    inbox_begin(fixture->inbox);
    take_news(&owner);
    assert_int_equal(owner.taken, 1);
    owner_end(&owner);
}

static void the_owners_turn_keeps_publishers_away(void **state) {
    struct fixture *fixture = *state;
    struct owner owner;
    owner_begin(&owner, fixture);
    inbox_lock_dispatch(fixture->inbox);
    publish_range(fixture, 1, 1);
    assert_int_equal(owner.calls, 0);
    assert_true(is_woken(fixture));
    inbox_unlock_dispatch(fixture->inbox);
    inbox_begin(fixture->inbox);
    take_news(&owner);
    assert_int_equal(owner.taken, 1);
    owner_end(&owner);
}

static void only_frames_are_served(void **state) {
    struct fixture *fixture = *state;
    struct owner owner;
    owner_begin(&owner, fixture);
    inbox_wake(fixture->inbox);
    topic_close(fixture->topic);
    assert_int_equal(owner.calls, 0);
    assert_true(is_woken(fixture));
    owner_end(&owner);
}

static void nothing_is_dispatched_after_the_end(void **state) {
    struct fixture *fixture = *state;
    struct owner owner;
    owner_begin(&owner, fixture);
    inbox_let_publishers_dispatch(fixture->inbox, NULL, NULL);
    publish_range(fixture, 1, 1);
    assert_int_equal(owner.calls, 0);
    assert_true(is_woken(fixture));
    owner_end(&owner);
}

static void *publish_all(void *argument) {
    publish_range(argument, 1, PUBLICATIONS);
    return NULL;
}

/* The owner looks on its own besides, as it does for other reasons. What `owner` holds is guarded by the dispatch lock
 * alone. */
static void no_frame_is_lost_between_owner_and_publisher(void **state) {
    struct fixture *fixture = *state;
    struct owner owner;
    owner_begin(&owner, fixture);
    pthread_t publisher;
    assert_int_equal(thread_start(&publisher, "publisher", 0, publish_all, fixture), ERR_OK);
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    for (uint64_t taken = 0; taken < PUBLICATIONS;) {
        assert_true(clock_monotonic_ns() < deadline_ns); /* otherwise the last frame reached neither */
        inbox_lock_dispatch(fixture->inbox);
        inbox_begin(fixture->inbox);
        take_news(&owner);
        taken = owner.taken;
        inbox_unlock_dispatch(fixture->inbox);
    }
    pthread_join(publisher, NULL);
    struct subscriber_snapshot seen = only_subscriber(fixture->topic);
    assert_int_equal(owner.frames + seen.skipped, PUBLICATIONS);
    owner_end(&owner);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_publisher_serves_and_the_owner_sleeps_on), TEST(what_a_publisher_leaves_wakes_the_owner),
        TEST(the_owners_turn_keeps_publishers_away),      TEST(only_frames_are_served),
        TEST(nothing_is_dispatched_after_the_end),        TEST(no_frame_is_lost_between_owner_and_publisher),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
