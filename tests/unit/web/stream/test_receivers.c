#include "web/stream/receivers.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "tests/unit/support.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static int set_up(void **state) {
    struct receivers *receivers = NULL;
    assert_int_equal(receivers_create(&receivers), ERR_OK);
    *state = receivers;
    return 0;
}

static int tear_down(void **state) {
    struct receivers *receivers = *state;
    receivers_destroy(&receivers);
    return 0;
}

/* A client and what has been received of its body. */
struct client {
    int server_fd, fd; /* fd -1: it has left */
    char text[64];     /* by the receivers' thread, until it has ended */
    size_t count;
    size_t enough; /* so many bytes are all that is needed; 0: never */
    _Atomic int64_t deadline_ns;
    struct event ended;
    enum err result; /* once it has ended */
};

static enum err take_text(void *user, const uint8_t *bytes, size_t count) {
    struct client *client = user;
    if (count > sizeof client->text - 1 - client->count) {
        return ERR_UNSUPPORTED;
    }
    memcpy(client->text + client->count, bytes, count);
    client->count += count;
    return client->enough != 0 && client->count >= client->enough ? ERR_CLOSED : ERR_OK;
}

static int64_t deadline_of(void *user) {
    struct client *client = user;
    return atomic_load(&client->deadline_ns);
}

static void note_end(void *user, enum err result) {
    struct client *client = user;
    client->result = result;
    event_set(&client->ended);
}

/* first: what had been read before. */
static void client_start(struct client *client, struct receivers *receivers, enum http_body_kind kind, uint64_t length,
                         const char *first) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    client->server_fd = ends[0];
    client->fd = ends[1];
    atomic_store(&client->deadline_ns, CLOCK_NEVER);
    assert_int_equal(event_init(&client->ended), ERR_OK);
    struct http_body body = {.kind = kind, .length = length, .fd = ends[0], .first_count = strlen(first)};
    memcpy(body.first, first, body.first_count);
    const struct receiver_settings settings = {
        .body = &body, .take = take_text, .deadline_ns = deadline_of, .ended = note_end, .user = client};
    assert_int_equal(receivers_begin(receivers, &settings), ERR_OK);
}

static void client_send(struct client *client, const char *text) {
    assert_int_equal(send(client->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void client_leave(struct client *client) {
    close(client->fd);
    client->fd = -1;
}

static void assert_ends(struct client *client, enum err result, const char *text) {
    assert_true(event_wait_until(&client->ended, clock_monotonic_ns() + PATIENCE_NS));
    event_clear(&client->ended); /* a read, which orders what the thread wrote before */
    assert_int_equal(client->result, result);
    assert_string_equal(client->text, text);
    event_finish(&client->ended);
    close(client->server_fd);
    if (client->fd >= 0) {
        close(client->fd);
    }
}

static void a_sized_body_ends_by_itself(void **state) {
    struct client client = {.count = 0};
    client_start(&client, *state, HTTP_BODY_SIZED, 10, "");
    client_send(&client, "01234");
    client_send(&client, "56789 and more");
    assert_ends(&client, ERR_OK, "0123456789");
}

static void what_was_read_before_comes_first(void **state) {
    struct client sized = {.count = 0}, whole = {.count = 0}, empty = {.count = 0}, chunked = {.count = 0};
    client_start(&sized, *state, HTTP_BODY_SIZED, 6, "abc");
    client_send(&sized, "def");
    assert_ends(&sized, ERR_OK, "abcdef");
    client_start(&whole, *state, HTTP_BODY_SIZED, 3, "abc");
    assert_ends(&whole, ERR_OK, "abc");
    client_start(&empty, *state, HTTP_BODY_SIZED, 0, "");
    assert_ends(&empty, ERR_OK, "");
    client_start(&chunked, *state, HTTP_BODY_CHUNKED, 0, "3\r\nab");
    client_send(&chunked, "c\r\n1\r\nd\r\n0\r\n\r\n");
    assert_ends(&chunked, ERR_OK, "abcd");
}

static void a_client_that_leaves_early_is_noticed(void **state) {
    struct client client = {.count = 0};
    client_start(&client, *state, HTTP_BODY_SIZED, 10, "");
    client_send(&client, "abc");
    client_leave(&client);
    assert_ends(&client, ERR_GONE, "abc");
}

static void a_malformed_body_ends(void **state) {
    struct client client = {.count = 0};
    client_start(&client, *state, HTTP_BODY_CHUNKED, 0, "");
    client_send(&client, "x\r\n");
    assert_ends(&client, ERR_INVALID, "");
}

static void a_taker_ends_its_body(void **state) {
    struct client content = {.enough = 3}, full = {.count = 0};
    client_start(&content, *state, HTTP_BODY_SIZED, 100, "");
    client_send(&content, "abcd");
    assert_ends(&content, ERR_OK, "abcd");
    client_start(&full, *state, HTTP_BODY_SIZED, 1000, "");
    client_send(&full, "0123456789012345678901234567890123456789012345678901234567890123456789");
    assert_ends(&full, ERR_UNSUPPORTED, "");
}

static void a_body_that_is_late_ends(void **state) {
    struct client client = {.count = 0}, other = {.count = 0};
    client_start(&client, *state, HTTP_BODY_SIZED, 10, "abc");
    client_start(&other, *state, HTTP_BODY_SIZED, 2, "");
    atomic_store(&client.deadline_ns, 1);
    assert_ends(&client, ERR_TIMEOUT, "abc");
    client_send(&other, "ok");
    assert_ends(&other, ERR_OK, "ok");
}

static void stopping_ends_all_bodies_and_every_later_one(void **state) {
    struct client client = {.count = 0};
    client_start(&client, *state, HTTP_BODY_SIZED, 10, "");
    receivers_stop(*state);
    assert_ends(&client, ERR_INTERRUPTED, "");
    struct http_body body = {.fd = -1};
    const struct receiver_settings settings = {.body = &body};
    assert_int_equal(receivers_begin(*state, &settings), ERR_CLOSED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_sized_body_ends_by_itself),
        TEST(what_was_read_before_comes_first),
        TEST(a_client_that_leaves_early_is_noticed),
        TEST(a_malformed_body_ends),
        TEST(a_taker_ends_its_body),
        TEST(a_body_that_is_late_ends),
        TEST(stopping_ends_all_bodies_and_every_later_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
