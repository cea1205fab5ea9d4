#define _DEFAULT_SOURCE /* TCP_NOTSENT_LOWAT */
#include "web/http/socket.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_MS 20000

/* A listener on loopback, and connections that it accepted. */
static int listen_on_free_port(uint16_t *port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof own;
    assert_int_equal(bind(fd, (struct sockaddr *)&own, sizeof own), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    *port = ntohs(own.sin_port);
    return fd;
}

static int connect_to(uint16_t port, uint16_t *own_port) {
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof address;
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    *own_port = ntohs(address.sin_port);
    return fd;
}

static int option_of(int fd, int level, int name) {
    int value = 0;
    socklen_t length = sizeof value;
    assert_int_equal(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

static void only_numeric_addresses_are_addresses(void **state) {
    (void)state;
    static const char *const ipv4[] = {"127.0.0.1", "0.0.0.0"};
    static const char *const ipv6[] = {"::1", "::", "2001:db8::1", "fe80::1%lo"};
    static const char *const refused[] = {"",           "localhost", "[::1]",     "127.0.0.256", "127.0.0",
                                          "127.0.0.1 ", "::g",       "fe80::1%x", "::1 "};
    for (size_t i = 0; i < sizeof ipv4 / sizeof ipv4[0]; i++) {
        assert_true(socket_is_address(ipv4[i]) && !socket_is_ipv6(ipv4[i]));
    }
    for (size_t i = 0; i < sizeof ipv6 / sizeof ipv6[0]; i++) {
        assert_true(socket_is_address(ipv6[i]) && socket_is_ipv6(ipv6[i]));
    }
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        assert_false(socket_is_address(refused[i]));
    }
    assert_true(socket_is_loopback("::1") && socket_is_loopback("127.8.9.10"));
    assert_false(socket_is_loopback("::") || socket_is_loopback("::ffff:127.0.0.1") || socket_is_loopback("0.0.0.0"));
}

static void addresses_have_one_spelling(void **state) {
    (void)state;
    char address[64] = "2001:0DB8:0:0::01", authority[SOCKET_AUTHORITY_BYTES];
    assert_true(socket_normalize(address, sizeof address));
    assert_string_equal(address, "2001:db8::1");
    socket_format_authority(address, 80, authority);
    assert_string_equal(authority, "[2001:db8::1]:80");
    socket_format_authority("192.0.2.1", 8080, authority);
    assert_string_equal(authority, "192.0.2.1:8080");
    snprintf(address, sizeof address, "localhost");
    assert_false(socket_normalize(address, sizeof address));
}

static void a_listener_is_found_by_its_port(void **state) {
    (void)state;
    uint16_t port;
    uint16_t other_port;
    uint16_t client_port;
    int other = listen_on_free_port(&other_port);
    int listener = listen_on_free_port(&port);
    int client = connect_to(port, &client_port);
    int accepted = accept(listener, NULL, NULL);
    int fd = -1;
    assert_int_equal(socket_find_listener(port, &fd), ERR_OK);
    assert_int_equal(fd, listener);
    close(listener);
    assert_int_equal(socket_find_listener(port, &fd), ERR_NOT_FOUND); /* what it accepted is none */
    close(accepted);
    close(client);
    close(other);
}

static void what_is_accepted_inherits_the_listeners_options(void **state) {
    (void)state;
    uint16_t port;
    uint16_t client_port;
    int listener = listen_on_free_port(&port);
    socket_prepare_listener(listener);
    int client = connect_to(port, &client_port);
    int accepted = accept(listener, NULL, NULL);
    assert_int_equal(option_of(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_in_range(option_of(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 1, 60);
    assert_in_range(option_of(accepted, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 1, 128 << 10);
    close(client);
    close(accepted);
    close(listener);
}

static void a_client_that_reads_nothing_holds_little(void **state) {
    (void)state;
    uint16_t port;
    uint16_t client_port;
    int listener = listen_on_free_port(&port);
    socket_prepare_listener(listener);
    int client = connect_to(port, &client_port);
    int accepted = accept(listener, NULL, NULL);
    static char block[4096];
    struct pollfd poller = {.fd = accepted, .events = POLLOUT};
    long held = 0;
    /* The kernel moves on while we look: a pause without room is the end. */
    while (held < (64 << 20) && poll(&poller, 1, 100) == 1) {
        ssize_t sent = send(accepted, block, sizeof block, MSG_DONTWAIT);
        held += sent > 0 ? sent : 0;
    }
    int not_read = option_of(client, SOL_SOCKET, SO_RCVBUF);
    assert_in_range(held, 1, 4 * not_read + (256 << 10));
    close(client);
    close(accepted);
    close(listener);
}

static void a_port_that_is_taken_is_told(void **state) {
    (void)state;
    uint16_t port;
    struct reason reason = {""};
    int listener = listen_on_free_port(&port);
    assert_int_equal(socket_try_listen("127.0.0.1", port, &reason), ERR_BUSY);
    assert_non_null(strstr(reason.text, "Address already in use"));
    assert_non_null(strstr(reason.text, "--listen"));
    close(listener);
    assert_int_equal(socket_try_listen("127.0.0.1", port, &reason), ERR_OK);
    assert_int_equal(socket_try_listen("127.0.0.1", 0, &reason), ERR_OK);
}

static void an_address_that_is_not_ours_is_told(void **state) {
    (void)state;
    struct reason reason = {""};
    assert_int_not_equal(socket_try_listen("192.0.2.1", 0, &reason), ERR_OK); /* RFC 5737: nobody's */
    assert_non_null(strstr(reason.text, "192.0.2.1"));
    assert_int_equal(socket_try_listen("localhost", 0, &reason), ERR_INVALID);
    assert_int_equal(socket_try_listen("localhost", 0, NULL), ERR_INVALID);
}

static unsigned count_descriptors(void) {
    unsigned count = 0;
    for (int fd = 0; fd < 256; fd++) {
        count += fcntl(fd, F_GETFD) != -1;
    }
    return count;
}

static void nothing_is_left_open(void **state) {
    (void)state;
    uint16_t port;
    int fd;
    int listener = listen_on_free_port(&port);
    unsigned before = count_descriptors();
    for (int i = 0; i < 10; i++) {
        assert_int_equal(socket_try_listen("127.0.0.1", port, NULL), ERR_BUSY);
        assert_int_equal(socket_try_listen("127.0.0.1", 0, NULL), ERR_OK);
        assert_int_equal(socket_find_listener(port, &fd), ERR_OK);
        socket_nudge_listener("127.0.0.1", port);
        socket_nudge_listener("nowhere", port);
    }
    assert_int_equal(count_descriptors(), before);
    close(listener);
}

static void a_nudge_wakes_the_listener(void **state) {
    (void)state;
    uint16_t port;
    int listener = listen_on_free_port(&port);
    struct pollfd poller = {.fd = listener, .events = POLLIN};
    assert_int_equal(poll(&poller, 1, 0), 0);
    socket_nudge_listener("127.0.0.1", port);
    assert_int_equal(poll(&poller, 1, PATIENCE_MS), 1);
    close(listener);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_numeric_addresses_are_addresses),
        cmocka_unit_test(addresses_have_one_spelling),
        cmocka_unit_test(a_listener_is_found_by_its_port),
        cmocka_unit_test(what_is_accepted_inherits_the_listeners_options),
        cmocka_unit_test(a_client_that_reads_nothing_holds_little),
        cmocka_unit_test(a_port_that_is_taken_is_told),
        cmocka_unit_test(an_address_that_is_not_ours_is_told),
        cmocka_unit_test(nothing_is_left_open),
        cmocka_unit_test(a_nudge_wakes_the_listener),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
