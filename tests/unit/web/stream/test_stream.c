#include "web/stream/stream.h"

#include "tests/unit/support.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* More than a socket of SMALL_BUFFER_BYTES takes at once. */
#define LARGE_BYTES ((size_t)300000)
#define SMALL_BUFFER_BYTES 8192
#define RECEIVED_MAX_BYTES ((size_t)2 << 20)

/* A stream, with nobody but the test in place of its sender, and the client at the other end. */
struct fixture {
    struct frame_pool *pool;
    struct topic *topic;
    struct stream stream;
    int client;
    uint8_t *received;
    size_t received_bytes;
};

static int set_up(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.pool = make_pool(), .topic = make_topic(4)};
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    int buffer_bytes = SMALL_BUFFER_BYTES;
    assert_int_equal(setsockopt(pair[0], SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes), 0);
    struct stream_settings settings = {.topics = &fixture.topic, .topic_count = 1, .fd = pair[0]};
    assert_int_equal(stream_init(&fixture.stream, &settings), ERR_OK);
    fixture.stream.state_since_ns = clock_monotonic_ns();
    fixture.stream.channels[0].subscriber = subscribe(fixture.topic, NULL);
    fixture.client = pair[1];
    fixture.received = malloc(RECEIVED_MAX_BYTES);
    assert_non_null(fixture.received);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    subscriber_destroy(&fixture->stream.channels[0].subscriber);
    stream_finish(&fixture->stream);
    topic_unref(&fixture->topic);
    frame_pool_destroy(&fixture->pool);
    close(fixture->stream.settings.fd);
    if (fixture->client >= 0) {
        close(fixture->client);
    }
    free(fixture->received);
    return 0;
}

static void publish_large(struct fixture *fixture, uint64_t sequence) {
    struct frame *frame = make_sized_frame(fixture->pool, sequence, LARGE_BYTES);
    topic_publish(fixture->topic, &frame);
}

/* A frame as if captured so long after the first. */
static void publish_at(struct fixture *fixture, uint64_t sequence, int64_t captured_ns) {
    struct frame *frame = make_frame(fixture->pool, sequence);
    frame_edit_info(frame)->captured_monotonic_ns = captured_ns;
    topic_publish(fixture->topic, &frame);
}

/* As a sender does that has no other news. */
static enum stream_verdict stream_on_news(struct channel *channel) {
    stream_note_news(channel);
    return stream_send_news(channel->stream);
}

static void assert_goes_on(enum stream_verdict verdict) { assert_int_equal(verdict, STREAM_GOES_ON); }

/* The client reads what has come. */
static void receive(struct fixture *fixture) {
    ssize_t got;
    while ((got = recv(fixture->client, fixture->received + fixture->received_bytes,
                       RECEIVED_MAX_BYTES - fixture->received_bytes, MSG_DONTWAIT)) > 0) {
        fixture->received_bytes += (size_t)got;
    }
    assert_true(got < 0 && errno == EAGAIN);
}

/* The client reads until the stream has nothing left to send. */
static void receive_all(struct fixture *fixture) {
    receive(fixture);
    while (fixture->stream.state == STREAM_BLOCKED) {
        assert_goes_on(stream_on_writable(&fixture->stream));
        receive(fixture);
    }
}

/* Whether all that was received are whole parts, each of `part_bytes`, of frames with these sequences. */
static void assert_received(const struct fixture *fixture, const char *sequences, size_t part_bytes) {
    size_t count = strlen(sequences);
    assert_int_equal(fixture->received_bytes, count * part_bytes);
    for (size_t i = 0; i < fixture->received_bytes; i++) {
        if (fixture->received[i] != sequences[i / part_bytes] - '0') {
            fail_msg("byte %zu is of frame %d, not of %c", i, fixture->received[i], sequences[i / part_bytes]);
        }
    }
}

static struct subscriber_snapshot counts(const struct fixture *fixture) { return only_subscriber(fixture->topic); }

/* ---- Sending ---- */

static void news_send_the_newest_frame_whole(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 1);
    publish(fixture->topic, fixture->pool, 2);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    receive(fixture);
    assert_received(fixture, "2", TEST_FRAME_BYTES);
    assert_int_equal(counts(fixture).sent, 1);
    assert_int_equal(counts(fixture).skipped, 1);
    assert_int_equal(counts(fixture).bytes, TEST_FRAME_BYTES);
}

static void without_news_nothing_is_sent(void **state) {
    struct fixture *fixture = *state;
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    publish(fixture->topic, fixture->pool, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_goes_on(stream_on_writable(&fixture->stream));
    receive(fixture);
    assert_received(fixture, "1", TEST_FRAME_BYTES);
    assert_int_equal(counts(fixture).sent, 1);
}

static void a_slow_client_gets_the_part_that_was_begun_and_then_the_newest(void **state) {
    struct fixture *fixture = *state;
    publish_large(fixture, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_true(fixture->stream.state == STREAM_BLOCKED);
    for (uint64_t sequence = 2; sequence <= 5; sequence++) {
        publish_large(fixture, sequence);
        assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    }
    assert_int_equal(counts(fixture).sent, 0);
    receive_all(fixture);
    assert_received(fixture, "15", LARGE_BYTES);
    assert_int_equal(counts(fixture).sent, 2);
    assert_int_equal(counts(fixture).skipped, 3);
    assert_int_equal(counts(fixture).bytes, 2 * LARGE_BYTES);
}

/* Fills the socket with what the test then takes out again. */
static void block_socket(struct fixture *fixture) {
    static const uint8_t junk[512];
    while (send(fixture->stream.settings.fd, junk, sizeof junk, MSG_DONTWAIT) > 0) {
    }
}

static void a_frame_that_was_not_begun_gives_way_to_a_newer_one(void **state) {
    struct fixture *fixture = *state;
    block_socket(fixture);
    publish(fixture->topic, fixture->pool, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_true(fixture->stream.state == STREAM_BLOCKED);
    publish(fixture->topic, fixture->pool, 2);
    receive(fixture);
    fixture->received_bytes = 0;
    assert_goes_on(stream_on_writable(&fixture->stream));
    receive(fixture);
    assert_received(fixture, "2", TEST_FRAME_BYTES);
    assert_int_equal(counts(fixture).sent, 1);
    assert_int_equal(counts(fixture).skipped, 1); /* it had been taken, and was not sent after all */
}

static void a_frame_that_was_not_begun_is_sent_if_no_newer_one_comes(void **state) {
    struct fixture *fixture = *state;
    block_socket(fixture);
    publish(fixture->topic, fixture->pool, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    receive(fixture);
    fixture->received_bytes = 0;
    assert_goes_on(stream_on_writable(&fixture->stream));
    receive(fixture);
    assert_received(fixture, "1", TEST_FRAME_BYTES);
    assert_int_equal(counts(fixture).skipped, 0);
}

/* ---- Ending ---- */

static void a_client_that_has_gone_ends_its_stream(void **state) {
    struct fixture *fixture = *state;
    close(fixture->client);
    fixture->client = -1;
    publish(fixture->topic, fixture->pool, 1);
    assert_int_equal(stream_on_news(&fixture->stream.channels[0]), STREAM_ENDS);
}

static void a_closed_topic_ends_the_stream(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    topic_close(fixture->topic);
    assert_int_equal(stream_on_news(&fixture->stream.channels[0]), STREAM_ENDS);
}

static void a_part_that_was_begun_is_finished_before_the_end(void **state) {
    struct fixture *fixture = *state;
    publish_large(fixture, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    topic_close(fixture->topic);
    enum stream_verdict verdict = stream_on_news(&fixture->stream.channels[0]);
    while (verdict == STREAM_GOES_ON) {
        receive(fixture);
        verdict = stream_on_writable(&fixture->stream);
    }
    receive(fixture);
    assert_received(fixture, "1", LARGE_BYTES);
}

static void a_client_that_takes_nothing_for_ten_seconds_is_dropped(void **state) {
    struct fixture *fixture = *state;
    int64_t before_ns = clock_monotonic_ns();
    publish_large(fixture, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    int64_t timer_ns = fixture->stream.timer_ns;
    assert_true(timer_ns >= before_ns + 10 * NS_PER_S && timer_ns <= clock_monotonic_ns() + 10 * NS_PER_S);
    publish_large(fixture, 2); /* news are no progress */
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_goes_on(stream_on_writable(&fixture->stream)); /* nor is an attempt in vain */
    assert_int_equal(fixture->stream.timer_ns, timer_ns);
    assert_int_equal(stream_on_timer(&fixture->stream, timer_ns), STREAM_ENDS);
}

static void a_client_that_takes_a_little_has_ten_seconds_more(void **state) {
    struct fixture *fixture = *state;
    publish_large(fixture, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    int64_t timer_ns = fixture->stream.timer_ns;
    receive(fixture);
    int64_t before_ns = clock_monotonic_ns();
    assert_goes_on(stream_on_writable(&fixture->stream));
    assert_true(fixture->stream.state == STREAM_BLOCKED);
    assert_true(fixture->stream.timer_ns > timer_ns);
    assert_true(fixture->stream.timer_ns >= before_ns + 10 * NS_PER_S);
}

/* ---- Repeating ---- */

static void expire_timer(struct fixture *fixture) {
    assert_goes_on(stream_on_timer(&fixture->stream, fixture->stream.timer_ns));
}

static int64_t timer_wait_ns(const struct fixture *fixture) {
    return fixture->stream.timer_ns - fixture->stream.state_since_ns;
}

static void a_frame_is_repeated_once_for_display(void **state) {
    struct fixture *fixture = *state;
    fixture->stream.settings.repeat_for_display = true;
    publish(fixture->topic, fixture->pool, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_int_equal(timer_wait_ns(fixture), 100 * NS_PER_MS);
    expire_timer(fixture);
    receive(fixture);
    assert_received(fixture, "11", TEST_FRAME_BYTES);
    assert_int_equal(timer_wait_ns(fixture), 15 * NS_PER_S);
    assert_int_equal(counts(fixture).sent, 1);
    assert_int_equal(counts(fixture).bytes, 2 * TEST_FRAME_BYTES);
}

static void each_new_frame_is_repeated_for_display_again(void **state) {
    struct fixture *fixture = *state;
    fixture->stream.settings.repeat_for_display = true;
    for (uint64_t sequence = 1; sequence <= 3; sequence++) {
        publish(fixture->topic, fixture->pool, sequence);
        assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
        assert_int_equal(timer_wait_ns(fixture), 100 * NS_PER_MS);
        expire_timer(fixture);
    }
    receive(fixture);
    assert_received(fixture, "112233", TEST_FRAME_BYTES);
    assert_int_equal(counts(fixture).sent, 3);
    assert_int_equal(counts(fixture).skipped, 0);
}

static void others_get_no_repetition_before_the_keep_alive(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_int_equal(timer_wait_ns(fixture), 15 * NS_PER_S);
    expire_timer(fixture);
    expire_timer(fixture);
    receive(fixture);
    assert_received(fixture, "111", TEST_FRAME_BYTES);
    assert_int_equal(counts(fixture).sent, 1); /* a repetition is none */
    assert_int_equal(counts(fixture).skipped, 0);
}

static void a_repetition_that_was_not_begun_gives_way_without_a_skip(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    block_socket(fixture);
    expire_timer(fixture);
    assert_true(fixture->stream.state == STREAM_BLOCKED);
    publish(fixture->topic, fixture->pool, 2);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    receive(fixture);
    fixture->received_bytes = 0;
    assert_goes_on(stream_on_writable(&fixture->stream));
    receive(fixture);
    assert_received(fixture, "2", TEST_FRAME_BYTES);
    assert_int_equal(counts(fixture).sent, 2);
    assert_int_equal(counts(fixture).skipped, 0);
}

static void before_the_first_frame_there_is_nothing_to_repeat(void **state) {
    struct fixture *fixture = *state;
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    int64_t timer_ns = fixture->stream.timer_ns;
    expire_timer(fixture);
    assert_true(fixture->stream.timer_ns > timer_ns); /* else the sender would spin */
    receive(fixture);
    assert_int_equal(fixture->received_bytes, 0);
}

/* ---- Thinning ---- */

#define CAPTURED_FROM_NS (100 * NS_PER_S)

static int64_t captured_at_30_hz(uint64_t i) { return CAPTURED_FROM_NS + (int64_t)i * NS_PER_S / 30; }

static void a_capped_rate_thins_evenly_and_counts_no_skips(void **state) {
    struct fixture *fixture = *state;
    fixture->stream.channels[0].limiter.interval_ns = NS_PER_S / 10;
    for (uint64_t i = 0; i < 9; i++) {
        publish_at(fixture, i + 1, captured_at_30_hz(i));
        assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    }
    receive(fixture);
    assert_received(fixture, "147", TEST_FRAME_BYTES);
    assert_int_equal(counts(fixture).sent, 3);
    assert_int_equal(counts(fixture).skipped, 0);
}

static void a_capped_client_that_is_slow_skips_only_what_it_was_due(void **state) {
    struct fixture *fixture = *state;
    fixture->stream.channels[0].limiter.interval_ns = NS_PER_S / 10;
    publish_at(fixture, 1, captured_at_30_hz(0));
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    for (uint64_t i = 1; i <= 9; i++) { /* due were those at 100, 200 and 300 ms */
        publish_at(fixture, i + 1, captured_at_30_hz(i));
    }
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_int_equal(counts(fixture).sent, 2);
    assert_int_equal(counts(fixture).skipped, 2);
}

static void frames_that_came_before_the_next_was_due_are_no_skips(void **state) {
    struct fixture *fixture = *state;
    fixture->stream.channels[0].limiter.interval_ns = NS_PER_S;
    publish_at(fixture, 1, captured_at_30_hz(0));
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    for (uint64_t i = 1; i <= 9; i++) {
        publish_at(fixture, i + 1, captured_at_30_hz(i));
    }
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_int_equal(counts(fixture).sent, 1);
    assert_int_equal(counts(fixture).skipped, 0);
}

static void a_placeholder_is_not_thinned_out(void **state) {
    struct fixture *fixture = *state;
    fixture->stream.channels[0].limiter.interval_ns = 10 * NS_PER_S;
    publish(fixture->topic, fixture->pool, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    struct frame *placeholder = make_frame(fixture->pool, 9);
    topic_publish_placeholder(fixture->topic, &placeholder,
                              topic_set_state(fixture->topic, STATE_OFFLINE, "unplugged"));
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    receive(fixture);
    assert_received(fixture, "19", TEST_FRAME_BYTES);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

/* ---- The end of its life ---- */

static void a_stream_ends_when_its_time_is_over(void **state) {
    struct fixture *fixture = *state;
    publish(fixture->topic, fixture->pool, 1);
    fixture->stream.settings.until_ns = clock_monotonic_ns() + NS_PER_S;
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_int_equal(fixture->stream.timer_ns, fixture->stream.settings.until_ns);
    assert_int_equal(stream_on_timer(&fixture->stream, fixture->stream.settings.until_ns), STREAM_ENDS);
    fixture->stream.settings.until_ns = clock_monotonic_ns();
    publish(fixture->topic, fixture->pool, 2);
    assert_int_equal(stream_on_news(&fixture->stream.channels[0]), STREAM_ENDS);
    receive(fixture);
    assert_received(fixture, "1", TEST_FRAME_BYTES);
}

static void a_part_that_was_begun_is_sent_whole_before_the_end(void **state) {
    struct fixture *fixture = *state;
    publish_large(fixture, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    assert_true(fixture->stream.state == STREAM_BLOCKED);
    fixture->stream.settings.until_ns = clock_monotonic_ns();
    enum stream_verdict verdict = STREAM_GOES_ON;
    while (verdict == STREAM_GOES_ON) {
        receive(fixture);
        verdict = stream_on_writable(&fixture->stream);
    }
    receive(fixture);
    assert_received(fixture, "1", LARGE_BYTES);
}

static void a_part_that_is_taken_too_slowly_is_cut_off_ten_seconds_after_the_end(void **state) {
    struct fixture *fixture = *state;
    publish_large(fixture, 1);
    assert_goes_on(stream_on_news(&fixture->stream.channels[0]));
    fixture->stream.settings.until_ns = clock_monotonic_ns() - 5 * NS_PER_S;
    receive(fixture);
    assert_goes_on(stream_on_writable(&fixture->stream));
    assert_true(fixture->stream.offset > 0);
    assert_int_equal(fixture->stream.timer_ns, fixture->stream.settings.until_ns + 10 * NS_PER_S);
    fixture->stream.settings.until_ns -= 5 * NS_PER_S;
    receive(fixture);
    assert_int_equal(stream_on_writable(&fixture->stream), STREAM_ENDS);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(news_send_the_newest_frame_whole),
        TEST(without_news_nothing_is_sent),
        TEST(a_slow_client_gets_the_part_that_was_begun_and_then_the_newest),
        TEST(a_frame_that_was_not_begun_gives_way_to_a_newer_one),
        TEST(a_frame_that_was_not_begun_is_sent_if_no_newer_one_comes),
        TEST(a_client_that_has_gone_ends_its_stream),
        TEST(a_closed_topic_ends_the_stream),
        TEST(a_part_that_was_begun_is_finished_before_the_end),
        TEST(a_client_that_takes_nothing_for_ten_seconds_is_dropped),
        TEST(a_client_that_takes_a_little_has_ten_seconds_more),
        TEST(a_frame_is_repeated_once_for_display),
        TEST(each_new_frame_is_repeated_for_display_again),
        TEST(others_get_no_repetition_before_the_keep_alive),
        TEST(a_repetition_that_was_not_begun_gives_way_without_a_skip),
        TEST(before_the_first_frame_there_is_nothing_to_repeat),
        TEST(a_capped_rate_thins_evenly_and_counts_no_skips),
        TEST(a_capped_client_that_is_slow_skips_only_what_it_was_due),
        TEST(frames_that_came_before_the_next_was_due_are_no_skips),
        TEST(a_placeholder_is_not_thinned_out),
        TEST(a_stream_ends_when_its_time_is_over),
        TEST(a_part_that_was_begun_is_sent_whole_before_the_end),
        TEST(a_part_that_is_taken_too_slowly_is_cut_off_ten_seconds_after_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
