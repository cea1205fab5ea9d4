#include "tests/unit/broker/inbox_fixture.h"

#include "broker/base/sync.h"

#include <poll.h>
#include <stdatomic.h>

#define WATCHERS 20

static bool is_readable(const struct inbox *inbox) {
    struct pollfd poller = {.fd = inbox_fd(inbox), .events = POLLIN};
    return poll(&poller, 1, 0) == 1;
}

/* How many a whole round names. */
static unsigned round_length(struct inbox *inbox) {
    unsigned count = 0;
    inbox_begin(inbox);
    while (inbox_next(inbox) != NULL) {
        count++;
    }
    return count;
}

/* Subscribes all, each with its own entry as user; none has news then. */
static void subscribe_all(struct fixture *fixture, struct subscriber *subscribers[WATCHERS]) {
    for (int i = 0; i < WATCHERS; i++) {
        struct subscriber_settings settings = {.remote = "", .route = "test", .user = &subscribers[i]};
        assert_int_equal(subscriber_create(fixture->topic, fixture->inbox, &settings, &subscribers[i]), ERR_OK);
    }
}

static void destroy_all(struct subscriber *subscribers[WATCHERS]) {
    for (int i = 0; i < WATCHERS; i++) {
        subscriber_destroy(&subscribers[i]);
    }
}

static void one_wake_names_each_subscriber_once(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscribers[WATCHERS];
    unsigned named[WATCHERS] = {0};
    subscribe_all(fixture, subscribers);
    assert_false(is_readable(fixture->inbox));
    publish_range(fixture, 1, 3);
    assert_true(is_readable(fixture->inbox));
    inbox_begin(fixture->inbox);
    assert_false(is_readable(fixture->inbox));
    for (struct subscriber *next; (next = inbox_next(fixture->inbox)) != NULL;) {
        named[(struct subscriber **)subscriber_user(next) - subscribers]++;
    }
    for (int i = 0; i < WATCHERS; i++) {
        assert_int_equal(named[i], 1);
    }
    assert_null(inbox_next(fixture->inbox));
    assert_int_equal(round_length(fixture->inbox), 0);
    destroy_all(subscribers);
}

static void only_subscribers_of_a_topic_with_news_are_named(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *quiet = subscribe(fixture->other, fixture->inbox);
    struct subscriber *busy = subscribe(fixture->topic, fixture->inbox);
    publish_range(fixture, 1, 1);
    inbox_begin(fixture->inbox);
    assert_ptr_equal(inbox_next(fixture->inbox), busy);
    assert_null(inbox_next(fixture->inbox));
    publish(fixture->other, fixture->pool, 1);
    inbox_begin(fixture->inbox);
    assert_ptr_equal(inbox_next(fixture->inbox), quiet);
    assert_null(inbox_next(fixture->inbox));
    subscriber_destroy(&busy);
    subscriber_destroy(&quiet);
}

static void news_during_a_round_begin_another(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscribers[WATCHERS];
    subscribe_all(fixture, subscribers);
    publish_range(fixture, 1, 1);
    inbox_begin(fixture->inbox);
    assert_non_null(inbox_next(fixture->inbox));
    publish_range(fixture, 2, 2);
    while (inbox_next(fixture->inbox) != NULL) {
    }
    assert_true(is_readable(fixture->inbox));
    assert_int_equal(round_length(fixture->inbox), WATCHERS);
    assert_false(is_readable(fixture->inbox));
    destroy_all(subscribers);
}

static void placeholders_and_closing_are_news(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    uint64_t change = topic_set_state(fixture->topic, STATE_OFFLINE, "unplugged");
    assert_int_equal(round_length(fixture->inbox), 0);
    struct frame *placeholder = make_frame(fixture->pool, 1);
    topic_publish_placeholder(fixture->topic, &placeholder, change);
    assert_true(is_readable(fixture->inbox));
    assert_int_equal(round_length(fixture->inbox), 1);
    topic_close(fixture->topic);
    assert_true(is_readable(fixture->inbox));
    assert_int_equal(round_length(fixture->inbox), 1);
    subscriber_destroy(&subscriber);
}

static void waking_an_inbox_returns_no_subscriber(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscriber = subscribe(fixture->topic, fixture->inbox);
    inbox_wake(fixture->inbox);
    inbox_wake(fixture->inbox);
    assert_true(is_readable(fixture->inbox));
    assert_int_equal(round_length(fixture->inbox), 0);
    assert_false(is_readable(fixture->inbox));
    subscriber_destroy(&subscriber);
}

static void each_inbox_of_a_topic_is_woken(void **state) {
    struct fixture *fixture = *state;
    struct inbox *second = NULL;
    assert_int_equal(inbox_create(&second), ERR_OK);
    struct subscriber *one = subscribe(fixture->topic, fixture->inbox);
    struct subscriber *two = subscribe(fixture->topic, second);
    publish_range(fixture, 1, 1);
    assert_int_equal(round_length(fixture->inbox), 1);
    assert_int_equal(round_length(second), 1);
    subscriber_destroy(&one);
    publish_range(fixture, 2, 2);
    assert_false(is_readable(fixture->inbox));
    assert_true(is_readable(second));
    subscriber_destroy(&two);
    inbox_destroy(&second);
}

static void who_is_named_may_be_destroyed(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscribers[WATCHERS];
    subscribe_all(fixture, subscribers);
    publish_range(fixture, 1, 1);
    inbox_begin(fixture->inbox);
    unsigned named = 0;
    for (struct subscriber *next; (next = inbox_next(fixture->inbox)) != NULL; named++) {
        subscriber_destroy(subscriber_user(next));
    }
    assert_int_equal(named, WATCHERS);
    publish_range(fixture, 2, 2);
    assert_int_equal(round_length(fixture->inbox), 0);
}

static void who_was_destroyed_in_a_round_is_not_named(void **state) {
    struct fixture *fixture = *state;
    /* Which others the first one that is named takes along: all that come next, or came before. */
    for (int others = 1; others < WATCHERS; others++) {
        struct subscriber *subscribers[WATCHERS];
        bool named[WATCHERS] = {false};
        subscribe_all(fixture, subscribers);
        publish(fixture->topic, fixture->pool, (uint64_t)others);
        inbox_begin(fixture->inbox);
        struct subscriber *next = inbox_next(fixture->inbox);
        size_t first = (size_t)((struct subscriber **)subscriber_user(next) - subscribers);
        for (size_t i = 1; i <= (size_t)others; i++) {
            subscriber_destroy(&subscribers[(first + WATCHERS - i) % WATCHERS]);
        }
        unsigned count = 1;
        while ((next = inbox_next(fixture->inbox)) != NULL) {
            struct subscriber **place = subscriber_user(next);
            assert_ptr_equal(*place, next);
            assert_false(named[place - subscribers]);
            named[place - subscribers] = true;
            count++;
        }
        assert_int_equal(count, WATCHERS - others);
        destroy_all(subscribers);
    }
}

static void a_topics_last_subscriber_may_go_before_its_turn(void **state) {
    struct fixture *fixture = *state;
    struct topic *topics[2] = {fixture->topic, fixture->other};
    for (int i = 0; i < 2; i++) { /* whichever of the two is named first, the other's watch vanishes */
        struct subscriber *pair[2] = {subscribe(topics[i], fixture->inbox), subscribe(topics[1 - i], fixture->inbox)};
        publish(topics[i], fixture->pool, (uint64_t)i + 1);
        publish(topics[1 - i], fixture->pool, (uint64_t)i + 1);
        inbox_begin(fixture->inbox);
        struct subscriber *named = inbox_next(fixture->inbox);
        subscriber_destroy(named == pair[0] ? &pair[1] : &pair[0]);
        assert_null(inbox_next(fixture->inbox));
        subscriber_destroy(&pair[0]);
        subscriber_destroy(&pair[1]);
        assert_null(inbox_next(fixture->inbox));
    }
}

static void who_subscribes_in_a_round_does_not_disturb_it(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *subscribers[WATCHERS];
    subscribe_all(fixture, subscribers);
    publish_range(fixture, 1, 1);
    inbox_begin(fixture->inbox);
    assert_non_null(inbox_next(fixture->inbox));
    struct subscriber *same_topic = subscribe(fixture->topic, fixture->inbox);
    struct subscriber *new_topic = subscribe(fixture->other, fixture->inbox);
    unsigned count = 1;
    while (inbox_next(fixture->inbox) != NULL) {
        count++;
    }
    assert_int_equal(count, WATCHERS);
    assert_int_equal(take_sequence(same_topic), 1); /* not named, but has what there is */
    publish(fixture->other, fixture->pool, 1);
    assert_int_equal(round_length(fixture->inbox), 1);
    publish_range(fixture, 2, 2);
    assert_int_equal(round_length(fixture->inbox), WATCHERS + 1);
    subscriber_destroy(&same_topic);
    subscriber_destroy(&new_topic);
    destroy_all(subscribers);
}

/* ---- Under load ---- */

#define PUBLICATIONS 200000
#define READERS 8
#define WAKES 200000

static void *publish_all(void *argument) {
    struct fixture *fixture = argument;
    for (uint64_t sequence = 1; sequence <= PUBLICATIONS; sequence++) {
        struct frame *frame = NULL;
        if (frame_create(fixture->pool, 0, &frame) == ERR_OK) {
            frame_edit_info(frame)->sequence = sequence;
            topic_publish(fixture->topic, &frame);
        }
    }
    return NULL;
}

static void no_wake_is_lost(void **state) {
    struct fixture *fixture = *state;
    struct subscriber *readers[READERS];
    uint64_t last[READERS] = {0};
    uint64_t taken = 0;
    for (int i = 0; i < READERS; i++) {
        struct subscriber_settings settings = {.remote = "", .route = "test", .user = &last[i]};
        assert_int_equal(subscriber_create(fixture->topic, fixture->inbox, &settings, &readers[i]), ERR_OK);
    }
    pthread_t publisher;
    assert_int_equal(thread_start(&publisher, "publisher", 0, publish_all, fixture), ERR_OK);
    unsigned at_the_end = 0;
    while (at_the_end < READERS) {
        struct pollfd poller = {.fd = inbox_fd(fixture->inbox), .events = POLLIN};
        assert_int_equal(poll(&poller, 1, (int)(PATIENCE_NS / NS_PER_MS)), 1); /* otherwise a wake was lost */
        inbox_begin(fixture->inbox);
        for (struct subscriber *reader; (reader = inbox_next(fixture->inbox)) != NULL;) {
            struct frame *frame = NULL;
            if (subscriber_take(reader, &frame) == ERR_OK) {
                uint64_t *before = subscriber_user(reader);
                assert_true(frame_info(frame)->position > *before);
                *before = frame_info(frame)->position;
                at_the_end += *before == PUBLICATIONS;
                taken++;
                frame_unref(&frame);
            }
        }
    }
    pthread_join(publisher, NULL);
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(fixture->topic, &snapshot), ERR_OK);
    uint64_t skipped = 0;
    for (size_t i = 0; i < snapshot.subscriber_count; i++) {
        skipped += snapshot.subscribers[i].skipped;
    }
    topic_snapshot_finish(&snapshot);
    assert_int_equal(taken + skipped, (uint64_t)READERS * PUBLICATIONS);
    for (int i = 0; i < READERS; i++) {
        subscriber_destroy(&readers[i]);
    }
}

struct waker {
    struct inbox *inbox;
    atomic_uint orders; /* the news of an inbox's owner */
};

static void *wake_often(void *argument) {
    struct waker *waker = argument;
    for (unsigned i = 0; i < WAKES; i++) {
        atomic_fetch_add(&waker->orders, 1);
        inbox_wake(waker->inbox);
    }
    return NULL;
}

static void no_wake_of_the_owners_own_is_lost(void **state) {
    struct fixture *fixture = *state;
    struct waker waker = {.inbox = fixture->inbox};
    pthread_t threads[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(thread_start(&threads[i], "waker", 0, wake_often, &waker), ERR_OK);
    }
    for (unsigned orders = 0; orders < 2 * WAKES; orders = atomic_load(&waker.orders)) {
        struct pollfd poller = {.fd = inbox_fd(fixture->inbox), .events = POLLIN};
        assert_int_equal(poll(&poller, 1, (int)(PATIENCE_NS / NS_PER_MS)), 1);
        inbox_begin(fixture->inbox);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_wake_names_each_subscriber_once),
        TEST(only_subscribers_of_a_topic_with_news_are_named),
        TEST(news_during_a_round_begin_another),
        TEST(placeholders_and_closing_are_news),
        TEST(waking_an_inbox_returns_no_subscriber),
        TEST(each_inbox_of_a_topic_is_woken),
        TEST(who_is_named_may_be_destroyed),
        TEST(who_was_destroyed_in_a_round_is_not_named),
        TEST(a_topics_last_subscriber_may_go_before_its_turn),
        TEST(who_subscribes_in_a_round_does_not_disturb_it),
        TEST(no_wake_is_lost),
        TEST(no_wake_of_the_owners_own_is_lost),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
