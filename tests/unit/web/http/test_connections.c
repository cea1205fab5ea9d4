#define _DEFAULT_SOURCE
#include "web/http/connections.h"

#include "tests/unit/web/http/tcp_info.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000

struct fixture {
    struct connections *connections;
    int listener;
    uint16_t port;
};

/* A listener on every address of this machine, as with 0.0.0.0. */
static int set_up(void **state) {
    static struct fixture fixture;
    struct sockaddr_in own = {.sin_family = AF_INET};
    socklen_t length = sizeof own;
    fixture.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fixture.listener, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(fixture.listener, 16), 0);
    assert_int_equal(getsockname(fixture.listener, (struct sockaddr *)&own, &length), 0);
    fixture.port = ntohs(own.sin_port);
    assert_int_equal(connections_create(100, &fixture.connections), ERR_OK);
    connections_set_ports(fixture.connections, fixture.port, 0);
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    connections_destroy(&fixture->connections);
    close(fixture->listener);
    return 0;
}

/* Connects from a port, or from a free one where it is 0, to an address of ours. */
static int connect_from(uint16_t *own_port, const char *address, uint16_t port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int on = 1;
    struct sockaddr_in own = {
        .sin_family = AF_INET, .sin_port = htons(*own_port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in other = {.sin_family = AF_INET, .sin_port = htons(port)};
    socklen_t length = sizeof own;
    assert_int_equal(inet_pton(AF_INET, address, &other.sin_addr), 1);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&other, sizeof other), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    *own_port = ntohs(own.sin_port);
    return fd;
}

static void write_all(int fd, const char *text) {
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void a_connection_is_found_among_others(void **state) {
    struct fixture *fixture = *state;
    enum { COUNT = 5 };
    uint16_t ports[COUNT] = {0};
    int clients[COUNT], accepted[COUNT];
    for (int i = 0; i < COUNT; i++) {
        clients[i] = connect_from(&ports[i], "127.0.0.1", fixture->port);
        accepted[i] = accept(fixture->listener, NULL, NULL);
    }
    for (int round = 0; round < 2; round++) { /* searched for, then known */
        for (int i = 0; i < COUNT; i++) {
            int fd = -1;
            uint64_t client = connections_client("127.0.0.1", ports[i]);
            assert_int_equal(connections_find(fixture->connections, client, fixture->port, 0, &fd), ERR_OK);
            assert_int_equal(fd, accepted[i]); /* and not the client's end, which has the ports the other way round */
        }
    }
    int fd;
    uint64_t stranger = connections_client("127.0.0.9", ports[0]);
    assert_int_equal(connections_find(fixture->connections, stranger, fixture->port, 0, &fd), ERR_GONE);
    assert_int_equal(connections_client("localhost", ports[0]), 0);
    assert_int_equal(connections_find(fixture->connections, 0, fixture->port, 0, &fd), ERR_INVALID);
    for (int i = 0; i < COUNT; i++) {
        close(clients[i]);
        close(accepted[i]);
    }
}

static void what_was_written_tells_two_connections_of_one_port_apart(void **state) {
    if (!has_tcp_info()) {
        skip();
    }
    struct fixture *fixture = *state;
    uint16_t port = 0;
    int one = connect_from(&port, "127.0.0.1", fixture->port);
    int accepted_one = accept(fixture->listener, NULL, NULL);
    int other = connect_from(&port, "127.0.0.2", fixture->port);
    int accepted_other = accept(fixture->listener, NULL, NULL);
    uint64_t client = connections_client("127.0.0.1", port);
    int fd;
    assert_int_equal(connections_find(fixture->connections, client, fixture->port, 0, &fd),
                     ERR_GONE); /* either might be it */
    write_all(accepted_one, "first");
    assert_int_equal(connections_find(fixture->connections, client, fixture->port, 5, &fd), ERR_OK);
    assert_int_equal(fd, accepted_one);
    write_all(accepted_other, "other");
    assert_int_equal(connections_find(fixture->connections, client, fixture->port, 5, &fd), ERR_GONE);
    close(one);
    close(other);
    close(accepted_one);
    close(accepted_other);
}

static void a_connection_that_was_reset_is_not_found(void **state) {
    struct fixture *fixture = *state;
    uint16_t port = 0;
    int client = connect_from(&port, "127.0.0.1", fixture->port);
    int accepted = accept(fixture->listener, NULL, NULL);
    struct linger hard = {.l_onoff = 1};
    assert_int_equal(setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof hard), 0);
    close(client);
    struct pollfd poller = {.fd = accepted, .events = POLLIN};
    assert_int_equal(poll(&poller, 1, PATIENCE_MS), 1);
    int fd;
    assert_int_equal(
        connections_find(fixture->connections, connections_client("127.0.0.1", port), fixture->port, 0, &fd), ERR_GONE);
    close(accepted);
}

static void a_detached_connection_outlives_its_descriptor(void **state) {
    struct fixture *fixture = *state;
    uint16_t port = 0;
    int client = connect_from(&port, "127.0.0.1", fixture->port);
    int accepted = accept(fixture->listener, NULL, NULL);
    int detached = -1;
    write_all(accepted, "head");
    assert_int_equal(connections_detach(fixture->connections, accepted, &detached), ERR_OK);
    assert_true(detached > accepted);
    char text[16] = "";
    assert_int_equal(recv(accepted, text, sizeof text, 0), -1); /* the stand-in: fails at once */
    shutdown(accepted, SHUT_RDWR);
    close(accepted);
    write_all(detached, "body");
    shutdown(detached, SHUT_WR);
    assert_int_equal(recv(client, text, 8, MSG_WAITALL), 8);
    assert_string_equal(text, "headbody");
    assert_int_equal(recv(client, text, sizeof text, 0), 0);
    int fd; /* not among those of civetweb any more */
    assert_int_equal(
        connections_find(fixture->connections, connections_client("127.0.0.1", port), fixture->port, 8, &fd), ERR_GONE);
    close(detached);
    close(client);
}

static void count_client(int fd, uint64_t client, void *user) {
    (void)fd;
    uint64_t *sum = user;
    *sum += client;
}

static void only_connections_of_the_port_that_are_not_detached_are_shown(void **state) {
    struct fixture *fixture = *state;
    uint16_t ports[2] = {0};
    int clients[2], accepted[2], detached;
    for (int i = 0; i < 2; i++) {
        clients[i] = connect_from(&ports[i], "127.0.0.1", fixture->port);
        accepted[i] = accept(fixture->listener, NULL, NULL);
    }
    uint64_t sum = 0;
    connections_each(fixture->connections, count_client, &sum);
    assert_int_equal(sum, connections_client("127.0.0.1", ports[0]) + connections_client("127.0.0.1", ports[1]));
    assert_int_equal(connections_detach(fixture->connections, accepted[0], &detached), ERR_OK);
    sum = 0;
    connections_each(fixture->connections, count_client, &sum);
    assert_int_equal(sum, connections_client("127.0.0.1", ports[1]));
    connections_shut(fixture->connections);
    char byte;
    assert_int_equal(recv(clients[1], &byte, 1, 0), 0);
    assert_int_equal(recv(clients[0], &byte, 1, MSG_DONTWAIT), -1);
    for (int i = 0; i < 2; i++) {
        close(clients[i]);
        close(accepted[i]);
    }
    close(detached);
}

static void more_than_the_limit_of_descriptors_is_refused(void **state) {
    (void)state;
    struct connections *connections = NULL;
    assert_int_equal(connections_create(UINT32_MAX, &connections), ERR_BUSY);
    assert_null(connections);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_connection_is_found_among_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_was_written_tells_two_connections_of_one_port_apart, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_connection_that_was_reset_is_not_found, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_detached_connection_outlives_its_descriptor, set_up, tear_down),
        cmocka_unit_test_setup_teardown(only_connections_of_the_port_that_are_not_detached_are_shown, set_up,
                                        tear_down),
        cmocka_unit_test(more_than_the_limit_of_descriptors_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
