#include "web/http/outbox.h"

#include "broker/base/clock.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define ROOM_BYTES ((size_t)16 << 20)
#define LARGE_BYTES ((size_t)8 << 20)
#define PATIENCE_MS 20000

static int set_up(void **state) {
    struct outbox *outbox = NULL;
    assert_int_equal(outbox_create(ROOM_BYTES, &outbox), ERR_OK);
    *state = outbox;
    return 0;
}

static int tear_down(void **state) {
    struct outbox *outbox = *state;
    outbox_destroy(&outbox);
    return 0;
}

/* Two ends of a connection: the server's goes to the outbox. */
static void make_connection(int *server, int *client) {
    int ends[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    *server = ends[0];
    *client = ends[1];
}

static char *make_bytes(size_t count) {
    char *bytes = malloc(count);
    assert_non_null(bytes);
    for (size_t i = 0; i < count; i++) {
        bytes[i] = (char)(i * 31 % 251);
    }
    return bytes;
}

static void assert_gets(int client, const char *expected, size_t count) {
    char *got = malloc(count + 1);
    assert_non_null(got);
    assert_int_equal(recv(client, got, count, MSG_WAITALL), count);
    assert_memory_equal(got, expected, count);
    assert_int_equal(recv(client, got, 1, 0), 0);
    free(got);
}

static void a_reply_that_fits_is_sent_and_closed_at_once(void **state) {
    int server, client;
    make_connection(&server, &client);
    outbox_send(*state, server, "reply", 5);
    assert_gets(client, "reply", 5);
    close(client);
}

static void a_slow_client_gets_all_of_a_large_reply(void **state) {
    int server, client;
    make_connection(&server, &client);
    char *bytes = make_bytes(LARGE_BYTES);
    outbox_send(*state, server, bytes, LARGE_BYTES); /* returns although nothing is read yet */
    assert_gets(client, bytes, LARGE_BYTES);
    free(bytes);
    close(client);
}

static void a_reply_outlives_what_its_client_still_sends(void **state) {
    int server, client;
    make_connection(&server, &client);
    assert_int_equal(send(client, "the rest of a body", 18, 0), 18);
    outbox_send(*state, server, "refused", 7);
    assert_gets(client, "refused", 7);
    close(client);
}

/* The reaper looks at a connection by a duplicate of its descriptor, which may be open a little longer. */
static void a_duplicate_of_a_descriptor_changes_nothing(void **state) {
    enum { COUNT = 20 };
    int server, client, duplicates[COUNT];
    for (int i = 0; i < COUNT; i++) {
        make_connection(&server, &client);
        duplicates[i] = dup(server);
        assert_int_equal(send(client, "the rest of a body", 18, 0), 18);
        outbox_send(*state, server, "refused", 7);
        char got[8];
        assert_int_equal(recv(client, got, 7, MSG_WAITALL), 7);
        assert_int_equal(recv(client, got, 1, 0), 0);
        close(client);
    }
    for (int i = 0; i < COUNT; i++) {
        close(duplicates[i]);
    }
}

static void a_reply_without_room_is_dropped(void **state) {
    int first_server, first_client, server, client;
    make_connection(&first_server, &first_client);
    make_connection(&server, &client);
    char *bytes = make_bytes(ROOM_BYTES);
    outbox_send(*state, first_server, bytes, ROOM_BYTES);
    outbox_send(*state, server, bytes, ROOM_BYTES);
    char *got = malloc(ROOM_BYTES);
    assert_non_null(got);
    ssize_t count = recv(client, got, ROOM_BYTES, MSG_WAITALL); /* ends early */
    assert_in_range(count, 0, ROOM_BYTES - 1);
    assert_gets(first_client, bytes, ROOM_BYTES); /* the other is not concerned */
    free(got);
    free(bytes);
    close(client);
    close(first_client);
}

/* The two ends of a connection from an address of this machine. */
static void make_connection_from(const char *address, int *server, int *client) {
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&own, &length), 0);
    struct sockaddr_in from = {.sin_family = AF_INET};
    assert_int_equal(inet_pton(AF_INET, address, &from.sin_addr), 1);
    *client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(*client, (struct sockaddr *)&from, sizeof from), 0);
    assert_int_equal(connect(*client, (struct sockaddr *)&own, sizeof own), 0);
    *server = accept(listener, NULL, NULL);
    close(listener);
}

static void wait_for_bytes(int fd) {
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
}

static void one_address_leaves_room_to_others(void **state) {
    enum { COUNT = 4 };
    int server, client, greedy[COUNT];
    char *bytes = make_bytes(ROOM_BYTES);
    for (int i = 0; i < COUNT; i++) {
        make_connection_from("127.0.0.1", &server, &greedy[i]);
        outbox_send(*state, server, bytes, LARGE_BYTES);
    }
    make_connection_from("127.0.0.2", &server, &client);
    outbox_send(*state, server, bytes, LARGE_BYTES);
    assert_gets(client, bytes, LARGE_BYTES);
    assert_gets(greedy[0], bytes, LARGE_BYTES); /* its first reply is kept, however large */
    for (int i = 0; i < COUNT; i++) {
        close(greedy[i]);
    }
    close(client);
    free(bytes);
}

/* Each has a short reply, and has not read the rest of what it sent: so its connection is kept for a while. */
static void one_address_leaves_connections_to_others(void **state) {
    enum { COUNT = 300, SHARE = 256 };
    int server, greedy[COUNT], other, closed = 0;
    for (int i = 0; i < COUNT; i++) {
        make_connection_from("127.0.0.1", &server, &greedy[i]);
        assert_int_equal(send(greedy[i], "the rest of a body", 18, 0), 18);
        wait_for_bytes(server);
        outbox_send(*state, server, "refused", 7);
        char got[7];
        assert_int_equal(recv(greedy[i], got, sizeof got, MSG_WAITALL), sizeof got);
        closed += recv(greedy[i], got, 1, 0) < 0; /* reset: it was not kept */
    }
    assert_int_equal(closed, COUNT - SHARE);
    make_connection_from("127.0.0.2", &server, &other);
    assert_int_equal(send(other, "the rest of a body", 18, 0), 18);
    wait_for_bytes(server);
    outbox_send(*state, server, "refused", 7);
    assert_gets(other, "refused", 7);
    for (int i = 0; i < COUNT; i++) {
        close(greedy[i]);
    }
    close(other);
}

static void clients_that_leave_make_room(void **state) {
    char *bytes = make_bytes(ROOM_BYTES);
    for (int i = 0; i < 5; i++) {
        int server, client;
        make_connection(&server, &client);
        outbox_send(*state, server, bytes, ROOM_BYTES);
        /* Its room is free once its end is closed: until then the next one is refused, which shows as an early end. */
        close(client);
        int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_MS * NS_PER_MS;
        bool has_room = false;
        while (!has_room && clock_monotonic_ns() < deadline_ns) {
            make_connection(&server, &client);
            outbox_send(*state, server, bytes, ROOM_BYTES);
            char *got = malloc(ROOM_BYTES);
            assert_non_null(got);
            has_room = recv(client, got, ROOM_BYTES, MSG_WAITALL) == (ssize_t)ROOM_BYTES;
            free(got);
            close(client);
        }
        assert_true(has_room);
    }
    free(bytes);
}

static void destroying_drops_what_is_under_way(void **state) {
    (void)state;
    struct outbox *outbox = NULL;
    int server, client;
    assert_int_equal(outbox_create(ROOM_BYTES, &outbox), ERR_OK);
    make_connection(&server, &client);
    char *bytes = make_bytes(LARGE_BYTES);
    outbox_send(outbox, server, bytes, LARGE_BYTES);
    outbox_destroy(&outbox);
    assert_null(outbox);
    assert_in_range(recv(client, bytes, LARGE_BYTES, MSG_WAITALL), 0, LARGE_BYTES - 1);
    free(bytes);
    close(client);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_reply_that_fits_is_sent_and_closed_at_once, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_slow_client_gets_all_of_a_large_reply, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reply_outlives_what_its_client_still_sends, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_duplicate_of_a_descriptor_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reply_without_room_is_dropped, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_address_leaves_room_to_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_address_leaves_connections_to_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(clients_that_leave_make_room, set_up, tear_down),
        cmocka_unit_test(destroying_drops_what_is_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
