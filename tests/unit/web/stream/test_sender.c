#define _DEFAULT_SOURCE /* syscall */
#include "web/stream/sender.h"

#include "broker/base/sync.h"
#include "tests/system_clock.h"
#include "tests/unit/support.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LARGE_BYTES ((size_t)300000)

/* The program's clock, which a test can put forward: this definition stands in for that of the C library. */
static _Atomic int64_t jumped_ns;
int clock_gettime(clockid_t id, struct timespec *now) {
    int result = system_clock(id, now);
    now->tv_sec += atomic_load(&jumped_ns) / NS_PER_S;
    return result;
}

struct fixture {
    struct frame_pool *pool;
    struct topic *topic;
    struct senders *senders;
};

static int set_up(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.pool = make_pool(), .topic = make_topic(4)};
    assert_int_equal(senders_create(2, &fixture.senders), ERR_OK);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    senders_destroy(&fixture->senders);
    assert_null(fixture->senders);
    topic_unref(&fixture->topic);
    frame_pool_destroy(&fixture->pool);
    return 0;
}

/* A client and its stream. */
struct client {
    struct stream_settings settings;
    int fd; /* -1: it has left */
    struct event served;
    enum err result; /* once it is served */
};

static void note_end(void *user, enum err result) {
    struct client *client = user;
    client->result = result;
    event_set(&client->served);
}

/* kind: SOCK_SEQPACKET shows the client what was sent with one call as one message. */
static void client_start_with(struct client *client, struct fixture *fixture, struct stream_settings settings,
                              int kind) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, kind | SOCK_CLOEXEC, 0, pair), 0);
    settings.fd = pair[0];
    settings.remote = "127.0.0.1:52034";
    settings.route = "video_feed";
    settings.ended = note_end;
    settings.user = client;
    *client = (struct client){.settings = settings, .fd = pair[1]};
    assert_int_equal(event_init(&client->served), ERR_OK);
    enum err error = senders_begin(fixture->senders, &client->settings);
    if (error != ERR_OK) {
        note_end(client, error);
    }
}

/* Of the fixture's topic. */
static void client_start(struct client *client, struct fixture *fixture, struct stream_settings settings) {
    settings.topics = &fixture->topic;
    settings.topic_count = 1;
    client_start_with(client, fixture, settings, SOCK_STREAM);
}

static void client_leave(struct client *client) {
    close(client->fd);
    client->fd = -1;
}

/* Waits for the end of its stream, which must come by itself; returns its result. */
static enum err client_end(struct client *client) {
    assert_true(event_wait_until(&client->served, clock_monotonic_ns() + PATIENCE_NS));
    event_clear(&client->served); /* reading orders this thread after the writer, which waiting alone does not */
    event_finish(&client->served);
    close(client->settings.fd);
    if (client->fd >= 0) {
        client_leave(client);
    }
    return client->result;
}

/* Reads exactly so many bytes. False at the end of the stream. */
static bool client_read(struct client *client, uint8_t *bytes, size_t count) {
    size_t got = 0;
    while (got < count) {
        struct pollfd poller = {.fd = client->fd, .events = POLLIN};
        assert_int_equal(poll(&poller, 1, (int)(PATIENCE_NS / NS_PER_MS)), 1);
        ssize_t now = recv(client->fd, bytes + got, count - got, 0);
        if (now <= 0) {
            return false;
        }
        got += (size_t)now;
    }
    return true;
}

/* Reads one whole part; returns the sequence of its frame. */
static unsigned client_read_part(struct client *client, size_t part_bytes) {
    uint8_t *part = malloc(part_bytes);
    assert_non_null(part);
    assert_true(client_read(client, part, part_bytes));
    unsigned sequence = part[0];
    for (size_t i = 0; i < part_bytes; i++) {
        if (part[i] != sequence) {
            fail_msg("frame %d begins within frame %u, at byte %zu", part[i], sequence, i);
        }
    }
    free(part);
    return sequence;
}

static void assert_next(struct client *client, unsigned sequence) {
    assert_int_equal(client_read_part(client, TEST_FRAME_BYTES), sequence);
}

static void publish_large(struct fixture *fixture, uint64_t sequence) {
    struct frame *frame = make_sized_frame(fixture->pool, sequence, LARGE_BYTES);
    topic_publish(fixture->topic, &frame);
}

static const struct stream_settings plain = {.fps = 0};

static void each_frame_reaches_every_client(void **state) {
    struct fixture *fixture = *state;
    enum { COUNT = 20 };
    struct client clients[COUNT];
    publish(fixture->topic, fixture->pool, 1);
    for (int i = 0; i < COUNT; i++) {
        client_start(&clients[i], fixture, plain);
    }
    for (unsigned sequence = 1; sequence <= 50; sequence++) {
        if (sequence > 1) {
            publish(fixture->topic, fixture->pool, sequence);
        }
        for (int i = 0; i < COUNT; i++) {
            assert_next(&clients[i], sequence);
        }
    }
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(fixture->topic, &snapshot), ERR_OK);
    assert_int_equal(snapshot.subscriber_count, COUNT);
    for (int i = 0; i < COUNT; i++) {
        assert_string_equal(snapshot.subscribers[i].route, "video_feed");
        assert_int_equal(snapshot.subscribers[i].skipped, 0);
    }
    topic_snapshot_finish(&snapshot);
    topic_close(fixture->topic);
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(client_end(&clients[i]), ERR_OK);
    }
}

static bool has_bytes(const struct client *client) {
    struct pollfd poller = {.fd = client->fd, .events = POLLIN};
    return poll(&poller, 1, 0) == 1;
}

/* A frame that both topics have is sent once. */
static void a_closed_topic_is_continued_by_the_next_one(void **state) {
    struct fixture *fixture = *state;
    struct topic *next = make_topic(4);
    struct client client;
    client_start(&client, fixture, (struct stream_settings){.next_topics = &next});
    publish(fixture->topic, fixture->pool, 1);
    assert_next(&client, 1);
    struct frame *frame = topic_newest(fixture->topic);
    struct frame *same = make_frame(fixture->pool, 1);
    frame_edit_info(same)->captured_realtime_ns = frame_info(frame)->captured_realtime_ns;
    frame_unref(&frame);
    topic_publish(next, &same);
    topic_close(fixture->topic);
    publish(next, fixture->pool, 2);
    assert_next(&client, 2);
    publish(next, fixture->pool, 3);
    assert_next(&client, 3);
    topic_close(next);
    assert_int_equal(client_end(&client), ERR_OK);
    topic_unref(&next);
}

/* Unless the sender happens to be at work itself. */
static void a_lone_clients_frames_are_sent_before_their_publication_returns(void **state) {
    struct fixture *fixture = *state;
    struct client client;
    bool at_once = false;
    client_start(&client, fixture, plain);
    for (unsigned i = 0; i < 1000 && !at_once; i++) {
        publish(fixture->topic, fixture->pool, i + 1);
        at_once = has_bytes(&client);
        assert_next(&client, (i + 1) & 0xff);
    }
    assert_true(at_once);
    client_leave(&client);
    assert_int_equal(client_end(&client), ERR_OK);
}

static void a_slow_client_gets_whole_parts_and_the_newest_at_last(void **state) {
    struct fixture *fixture = *state;
    struct client slow;
    publish_large(fixture, 1);
    client_start(&slow, fixture, plain);
    assert_int_equal(client_read_part(&slow, LARGE_BYTES), 1);
    for (unsigned sequence = 2; sequence <= 100; sequence++) {
        publish_large(fixture, sequence);
    }
    unsigned parts = 1;
    for (unsigned last = 1; last < 100; parts++) {
        unsigned sequence = client_read_part(&slow, LARGE_BYTES);
        assert_true(sequence > last);
        last = sequence;
    }
    assert_in_range(parts, 2, 20); /* not a backlog of old ones */
    client_leave(&slow);
    assert_int_equal(client_end(&slow), ERR_OK);
}

static void a_client_that_reads_nothing_costs_the_others_nothing(void **state) {
    struct fixture *fixture = *state;
    struct client stuck[4];
    struct client quick;
    publish_large(fixture, 1);
    for (int i = 0; i < 4; i++) {
        client_start(&stuck[i], fixture, plain);
    }
    client_start(&quick, fixture, plain);
    assert_int_equal(client_read_part(&quick, LARGE_BYTES), 1);
    for (unsigned sequence = 2; sequence <= 50; sequence++) {
        publish_large(fixture, sequence);
        assert_int_equal(client_read_part(&quick, LARGE_BYTES), sequence);
    }
    senders_stop(fixture->senders);
    assert_int_equal(client_end(&quick), ERR_OK);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(client_end(&stuck[i]), ERR_OK);
    }
}

/* Each gets one of these, and looks at the clock then. */
static void wake_senders(struct fixture *fixture) {
    struct client passers[2];
    for (int i = 0; i < 2; i++) {
        client_start(&passers[i], fixture, plain);
    }
    for (int i = 0; i < 2; i++) {
        client_leave(&passers[i]);
        assert_int_equal(client_end(&passers[i]), ERR_OK);
    }
}

static void a_client_that_takes_nothing_for_ten_seconds_is_dropped(void **state) {
    struct fixture *fixture = *state;
    struct client stuck;
    struct client quick;
    publish_large(fixture, 1);
    client_start(&stuck, fixture, plain);
    client_start(&quick, fixture, plain);
    assert_int_equal(client_read_part(&quick, LARGE_BYTES), 1);
    bool dropped = false;
    for (unsigned sequence = 2; !dropped && sequence < 200; sequence++) {
        atomic_fetch_add(&jumped_ns, 4 * NS_PER_S);
        publish_large(fixture, sequence);
        assert_int_equal(client_read_part(&quick, LARGE_BYTES), sequence);
        wake_senders(fixture);
        dropped = event_wait_until(&stuck.served, clock_monotonic_ns() + 10 * NS_PER_MS);
    }
    assert_true(dropped);
    assert_int_equal(client_end(&stuck), ERR_OK);
    client_leave(&quick);
    assert_int_equal(client_end(&quick), ERR_OK);
}

static void a_client_that_leaves_is_noticed_without_any_frame(void **state) {
    struct fixture *fixture = *state;
    struct client before_first_frame;
    client_start(&before_first_frame, fixture, plain);
    client_leave(&before_first_frame);
    assert_int_equal(client_end(&before_first_frame), ERR_OK);

    struct client after_a_frame;
    publish(fixture->topic, fixture->pool, 1);
    client_start(&after_a_frame, fixture, plain);
    assert_next(&after_a_frame, 1);
    client_leave(&after_a_frame);
    assert_int_equal(client_end(&after_a_frame), ERR_OK);
}

static void a_closed_topic_ends_its_streams_and_takes_no_more(void **state) {
    struct fixture *fixture = *state;
    struct client client;
    publish(fixture->topic, fixture->pool, 1);
    client_start(&client, fixture, plain);
    assert_next(&client, 1);
    topic_close(fixture->topic);
    assert_int_equal(client_end(&client), ERR_OK);
    client_start(&client, fixture, plain);
    assert_int_equal(client_end(&client), ERR_CLOSED);
}

static void stopping_ends_all_streams_and_every_later_one(void **state) {
    struct fixture *fixture = *state;
    enum { COUNT = 10 };
    struct client clients[COUNT];
    for (int i = 0; i < COUNT; i++) {
        client_start(&clients[i], fixture, plain);
    }
    senders_stop(fixture->senders);
    senders_stop(fixture->senders);
    for (int i = 0; i < COUNT; i++) { /* those that had not begun yet are refused */
        enum err result = client_end(&clients[i]);
        assert_true(result == ERR_OK || result == ERR_CLOSED);
    }
    struct client late;
    client_start(&late, fixture, plain);
    assert_int_equal(client_end(&late), ERR_CLOSED);
}

static void a_frame_is_repeated_for_display_when_no_other_follows(void **state) {
    struct fixture *fixture = *state;
    struct client client;
    int64_t before_ns = clock_monotonic_ns();
    publish(fixture->topic, fixture->pool, 1);
    client_start(&client, fixture, (struct stream_settings){.repeat_for_display = true});
    assert_next(&client, 1);
    assert_next(&client, 1);
    assert_true(clock_monotonic_ns() >= before_ns + 100 * NS_PER_MS);
    assert_int_equal(only_subscriber(fixture->topic).sent, 1);
    publish(fixture->topic, fixture->pool, 2);
    assert_next(&client, 2);
    client_leave(&client);
    assert_int_equal(client_end(&client), ERR_OK);
}

static void a_capped_client_gets_every_third_of_thirty(void **state) {
    struct fixture *fixture = *state;
    struct client capped;
    struct client uncapped;
    client_start(&capped, fixture, (struct stream_settings){.fps = 10});
    client_start(&uncapped, fixture, plain);
    int64_t start_ns = clock_monotonic_ns();
    for (unsigned i = 0; i < 30; i++) {
        struct frame *frame = make_frame(fixture->pool, i + 1);
        frame_edit_info(frame)->captured_monotonic_ns = start_ns + i * NS_PER_S / 30;
        topic_publish(fixture->topic, &frame);
        assert_next(&uncapped, i + 1);
        if (i % 3 == 0) {
            assert_next(&capped, i + 1);
        }
    }
    topic_close(fixture->topic);
    assert_int_equal(client_end(&capped), ERR_OK);
    assert_int_equal(client_end(&uncapped), ERR_OK);
}

/* Publishes a frame of each topic and reads until each has come; returns how many came at once at most. */
static size_t most_at_once(struct fixture *fixture, struct client *client, struct topic **topics, size_t count) {
    uint8_t message[16 * TEST_FRAME_BYTES];
    size_t received = 0;
    size_t most = 0;
    for (size_t i = 0; i < count; i++) {
        publish(topics[i], fixture->pool, 1);
    }
    while (received < count) {
        struct pollfd poller = {.fd = client->fd, .events = POLLIN};
        assert_int_equal(poll(&poller, 1, (int)(PATIENCE_NS / NS_PER_MS)), 1);
        ssize_t got = recv(client->fd, message, sizeof message, 0);
        assert_true(got > 0 && got % TEST_FRAME_BYTES == 0);
        size_t parts = (size_t)got / TEST_FRAME_BYTES;
        received += parts;
        most = parts > most ? parts : most;
    }
    assert_int_equal(received, count);
    return most;
}

static void topics_of_one_stream_share_a_call(void **state) {
    struct fixture *fixture = *state;
    struct topic *topics[8];
    for (int i = 0; i < 8; i++) {
        topics[i] = make_topic(4);
    }
    struct client client;
    client_start_with(&client, fixture, (struct stream_settings){.topics = topics, .topic_count = 8}, SOCK_SEQPACKET);
    /* Not before the client's probation is over; and the sender may be faster than a test that has to wait. */
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    while (most_at_once(fixture, &client, topics, 8) < 7) {
        assert_true(clock_monotonic_ns() < deadline_ns);
    }
    client_leave(&client);
    assert_int_equal(client_end(&client), ERR_OK);
    for (int i = 0; i < 8; i++) {
        topic_unref(&topics[i]);
    }
}

static void clients_may_come_and_go_while_frames_are_published(void **state) {
    struct fixture *fixture = *state;
    enum { AT_ONCE = 8, ROUNDS = 40 };
    uint64_t sequence = 0;
    for (int round = 0; round < ROUNDS; round++) {
        struct client clients[AT_ONCE];
        publish(fixture->topic, fixture->pool, ++sequence);
        for (int i = 0; i < AT_ONCE; i++) {
            client_start(&clients[i], fixture, plain);
            publish(fixture->topic, fixture->pool, ++sequence);
        }
        for (int i = 0; i < AT_ONCE; i++) {
            client_read_part(&clients[i], TEST_FRAME_BYTES);
            client_leave(&clients[i]);
            publish(fixture->topic, fixture->pool, ++sequence);
        }
        for (int i = 0; i < AT_ONCE; i++) {
            assert_int_equal(client_end(&clients[i]), ERR_OK);
        }
    }
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(fixture->topic, &snapshot), ERR_OK);
    assert_int_equal(snapshot.subscriber_count, 0);
    topic_snapshot_finish(&snapshot);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(each_frame_reaches_every_client),
        TEST(a_lone_clients_frames_are_sent_before_their_publication_returns),
        TEST(a_slow_client_gets_whole_parts_and_the_newest_at_last),
        TEST(a_client_that_reads_nothing_costs_the_others_nothing),
        TEST(a_client_that_takes_nothing_for_ten_seconds_is_dropped),
        TEST(a_client_that_leaves_is_noticed_without_any_frame),
        TEST(a_closed_topic_ends_its_streams_and_takes_no_more),
        TEST(a_closed_topic_is_continued_by_the_next_one),
        TEST(stopping_ends_all_streams_and_every_later_one),
        TEST(a_frame_is_repeated_for_display_when_no_other_follows),
        TEST(a_capped_client_gets_every_third_of_thirty),
        TEST(topics_of_one_stream_share_a_call),
        TEST(clients_may_come_and_go_while_frames_are_published),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
