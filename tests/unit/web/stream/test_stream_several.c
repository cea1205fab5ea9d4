/* Streams of several topics: whose frame comes when, and how many go out with one system call. */
#include "web/stream/stream.h"

#include "tests/unit/support.h"
#include "tests/unit/web/http/tcp_info.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define TOPICS 20
#define SMALL_BUFFER_BYTES 8192
#define RECEIVED_MAX_BYTES ((size_t)1 << 20)

/* A stream of many topics, with nobody but the test in place of its sender, and the client at the other end. */
struct fixture {
    struct frame_pool *pool;
    struct topic *topics[TOPICS];
    struct stream stream;
    int client;
    uint8_t *received;
};

static void set_up_between(struct fixture *fixture, const int pair[2], int buffer_bytes) {
    *fixture = (struct fixture){.pool = make_pool()};
    for (size_t i = 0; i < TOPICS; i++) {
        fixture->topics[i] = make_topic(4);
    }
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes), 0);
    struct stream_settings settings = {.topics = fixture->topics, .topic_count = TOPICS, .fd = pair[0]};
    assert_int_equal(stream_init(&fixture->stream, &settings), ERR_OK);
    fixture->stream.on_probation = 0;
    for (size_t i = 0; i < TOPICS; i++) {
        fixture->stream.channels[i].subscriber = subscribe(fixture->topics[i], NULL);
    }
    fixture->client = pair[1];
    fixture->received = malloc(RECEIVED_MAX_BYTES);
    assert_non_null(fixture->received);
}

/* kind: SOCK_SEQPACKET shows the client what was sent with one call as one message. */
static void set_up_with(struct fixture *fixture, int kind, int buffer_bytes) {
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, kind | SOCK_CLOEXEC, 0, pair), 0);
    set_up_between(fixture, pair, buffer_bytes);
}

static int set_up(void **state) {
    static struct fixture fixture;
    set_up_with(&fixture, SOCK_SEQPACKET, (int)RECEIVED_MAX_BYTES);
    *state = &fixture;
    return 0;
}

/* The socket takes a part of what it is given, like a network's. */
static int set_up_small(void **state) {
    static struct fixture fixture;
    set_up_with(&fixture, SOCK_STREAM, SMALL_BUFFER_BYTES);
    *state = &fixture;
    return 0;
}

/* A client that has just come over TCP: its kernel takes 64 KiB, and more only once it reads. */
static int set_up_tcp(void **state) {
    static struct fixture fixture;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&address, length), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
    assert_int_equal(connect(client, (struct sockaddr *)&address, length), 0);
    const int pair[2] = {accept(listener, NULL, NULL), client};
    close(listener);
    set_up_between(&fixture, pair, (int)RECEIVED_MAX_BYTES);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < TOPICS; i++) {
        subscriber_destroy(&fixture->stream.channels[i].subscriber);
        topic_unref(&fixture->topics[i]);
    }
    close(fixture->stream.settings.fd);
    stream_finish(&fixture->stream);
    frame_pool_destroy(&fixture->pool);
    close(fixture->client);
    free(fixture->received);
    return 0;
}

static void note(struct fixture *fixture, size_t topic, uint64_t sequence, size_t bytes) {
    struct frame *frame = make_sized_frame(fixture->pool, sequence, bytes);
    topic_publish(fixture->topics[topic], &frame);
    stream_note_news(&fixture->stream.channels[topic]);
}

/* One frame of each of the first `count` topics, with sequences from 1. */
static void note_each(struct fixture *fixture, size_t count, size_t bytes) {
    for (size_t i = 0; i < count; i++) {
        note(fixture, i, i + 1, bytes);
    }
}

static void send_news(struct fixture *fixture) { assert_int_equal(stream_send_news(&fixture->stream), STREAM_GOES_ON); }

/* How many bytes there are to read at once. */
static size_t receive(struct fixture *fixture) {
    ssize_t got = recv(fixture->client, fixture->received, RECEIVED_MAX_BYTES, MSG_DONTWAIT);
    return got > 0 ? (size_t)got : 0;
}

/* Whether these are whole parts of frames with sequences from `first`. */
static void assert_parts(const uint8_t *bytes, uint64_t first, size_t count, size_t part_bytes) {
    for (size_t i = 0; i < count * part_bytes; i++) {
        assert_int_equal(bytes[i], first + i / part_bytes);
    }
}

static void assert_message(struct fixture *fixture, uint64_t first, size_t count, size_t part_bytes) {
    assert_int_equal(receive(fixture), count * part_bytes);
    assert_parts(fixture->received, first, count, part_bytes);
}

static void frames_that_wait_go_out_with_one_call(void **state) {
    struct fixture *fixture = *state;
    note_each(fixture, 5, TEST_FRAME_BYTES);
    send_news(fixture);
    assert_message(fixture, 1, 5, TEST_FRAME_BYTES);
    assert_int_equal(receive(fixture), 0);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(only_subscriber(fixture->topics[i]).sent, 1);
        assert_int_equal(only_subscriber(fixture->topics[i]).bytes, TEST_FRAME_BYTES);
    }
}

static void one_call_sends_sixteen_frames_at_most(void **state) {
    struct fixture *fixture = *state;
    note_each(fixture, TOPICS, TEST_FRAME_BYTES);
    send_news(fixture);
    assert_message(fixture, 1, 16, TEST_FRAME_BYTES);
    assert_message(fixture, 17, TOPICS - 16, TEST_FRAME_BYTES);
}

static void one_call_sends_no_frame_beyond_64_kib(void **state) {
    struct fixture *fixture = *state;
    note_each(fixture, 5, 30000);
    send_news(fixture);
    assert_message(fixture, 1, 3, 30000);
    assert_message(fixture, 4, 2, 30000);
}

static void on_probation_frames_go_one_by_one(void **state) {
    struct fixture *fixture = *state;
    fixture->stream.on_probation = 30;
    note_each(fixture, 3, TEST_FRAME_BYTES);
    send_news(fixture);
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
        assert_message(fixture, sequence, 1, TEST_FRAME_BYTES);
    }
}

static void first_frames_do_not_wait_for_room(void **state) {
    struct fixture *fixture = *state;
    enum { BYTES = 20000 };
    if (!has_tcp_info()) {
        skip();
    }
    fixture->stream.on_probation = 30;
    note_each(fixture, TOPICS, BYTES);
    send_news(fixture);
    assert_true(fixture->stream.state == STREAM_QUIET);
    for (size_t i = 0; i < TOPICS; i++) {
        assert_int_equal(only_subscriber(fixture->topics[i]).sent, 1);
    }
    note(fixture, 0, 100, BYTES);
    send_news(fixture);
    assert_true(fixture->stream.state == STREAM_AWAITS_ROOM);
    assert_int_equal(only_subscriber(fixture->topics[0]).sent, 1);
}

static void a_quiet_stream_repeats_the_last_frame_alone(void **state) {
    struct fixture *fixture = *state;
    note_each(fixture, 5, TEST_FRAME_BYTES);
    send_news(fixture);
    receive(fixture);
    assert_int_equal(stream_on_timer(&fixture->stream, fixture->stream.timer_ns), STREAM_GOES_ON);
    assert_message(fixture, 5, 1, TEST_FRAME_BYTES);
    assert_int_equal(only_subscriber(fixture->topics[4]).sent, 1);
}

/* Reads until the stream has nothing left to send; returns how many bytes that were. */
static size_t receive_all(struct fixture *fixture) {
    size_t count = 0;
    ssize_t got;
    do {
        got = recv(fixture->client, fixture->received + count, RECEIVED_MAX_BYTES - count, MSG_DONTWAIT);
        count += got > 0 ? (size_t)got : 0;
        assert_int_equal(stream_on_writable(&fixture->stream), STREAM_GOES_ON);
    } while (got > 0);
    return count;
}

static void frames_behind_a_begun_one_give_way_to_newer_ones(void **state) {
    struct fixture *fixture = *state;
    enum { BYTES = 20000 };
    note_each(fixture, 3, BYTES);
    send_news(fixture);
    assert_true(fixture->stream.state == STREAM_BLOCKED);
    note(fixture, 0, 4, BYTES);
    note(fixture, 1, 2 + 100, BYTES);
    note(fixture, 2, 3 + 100, BYTES);
    send_news(fixture);
    assert_int_equal(receive_all(fixture), 4 * BYTES);
    assert_parts(fixture->received, 1, 1, BYTES);
    assert_parts(fixture->received + BYTES, 102, 2, BYTES);
    assert_parts(fixture->received + (size_t)3 * BYTES, 4, 1, BYTES); /* the first one's turn comes again last */
    assert_int_equal(only_subscriber(fixture->topics[1]).sent, 1);
    assert_int_equal(only_subscriber(fixture->topics[1]).skipped, 1);
}

static void a_closed_topic_leaves_the_others(void **state) {
    struct fixture *fixture = *state;
    struct stream *stream = &fixture->stream;
    for (size_t i = 0; i < TOPICS; i++) {
        assert_int_equal(stream->open_channels, TOPICS - i);
        topic_close(fixture->topics[i]);
        stream_note_news(&stream->channels[i]);
        enum stream_verdict verdict = stream_send_news(stream);
        assert_int_equal(verdict, i + 1 < TOPICS ? STREAM_GOES_ON : STREAM_ENDS);
        assert_null(stream->channels[i].subscriber);
    }
}

static void topics_take_turns_with_their_newest_frames(void **state) {
    struct fixture *fixture = *state;
    static const uint8_t junk[512];
    while (send(fixture->stream.settings.fd, junk, sizeof junk, MSG_DONTWAIT) > 0) {
    }
    static const struct {
        size_t topic;
        uint64_t sequence;
    } frames[] = {{0, 3}, {1, 4}, {0, 5}, {0, 6}, {1, 7}};
    for (size_t i = 0; i < 5; i++) {
        note(fixture, frames[i].topic, frames[i].sequence, TEST_FRAME_BYTES);
        send_news(fixture);
    }
    while (receive(fixture) > 0) {
    }
    assert_int_equal(receive_all(fixture), 0); /* reads nothing yet, and sends */
    assert_int_equal(receive_all(fixture), 2 * TEST_FRAME_BYTES);
    assert_parts(fixture->received, 6, 2, TEST_FRAME_BYTES); /* the first keeps its turn, however often it has news */
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(only_subscriber(fixture->topics[i]).sent, 1);
        assert_int_equal(only_subscriber(fixture->topics[i]).skipped, i == 0 ? 2 : 1);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
#define TEST_TCP(name) cmocka_unit_test_setup_teardown(name, set_up_tcp, tear_down)
#define TEST_SMALL(name) cmocka_unit_test_setup_teardown(name, set_up_small, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(frames_that_wait_go_out_with_one_call),
        TEST(one_call_sends_sixteen_frames_at_most),
        TEST(one_call_sends_no_frame_beyond_64_kib),
        TEST(on_probation_frames_go_one_by_one),
        TEST_TCP(first_frames_do_not_wait_for_room),
        TEST(a_quiet_stream_repeats_the_last_frame_alone),
        TEST(a_closed_topic_leaves_the_others),
        TEST_SMALL(frames_behind_a_begun_one_give_way_to_newer_ones),
        TEST_SMALL(topics_take_turns_with_their_newest_frames),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
