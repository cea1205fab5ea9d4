#define _GNU_SOURCE /* POLLRDHUP */
#include "web/http/reaper.h"

#include "broker/base/clock.h"
#include "tests/unit/support.h"
#include "tests/unit/web/http/tcp_info.h"
#include "web/http/connections.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

/* A client and the connection that a worker would have with it. */
struct pair {
    int client, served;
};

struct fixture {
    int listener;
    int port;
    struct connections *connections;
    struct reaper *reaper;
};

static int port_of(int fd) {
    struct sockaddr_in own;
    socklen_t length = sizeof own;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&own, &length), 0);
    return ntohs(own.sin_port);
}

static struct fixture open_reaper(unsigned workers, unsigned spare) {
    struct fixture fixture = {.listener = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in any = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(bind(fixture.listener, (struct sockaddr *)&any, sizeof any), 0);
    assert_int_equal(listen(fixture.listener, 16), 0);
    fixture.port = port_of(fixture.listener);
    assert_int_equal(connections_create(0, &fixture.connections), ERR_OK);
    connections_set_ports(fixture.connections, (uint16_t)fixture.port, 0);
    assert_int_equal(reaper_create(workers, spare, fixture.connections, &fixture.reaper), ERR_OK);
    return fixture;
}

static void shut_reaper(struct fixture *fixture) {
    reaper_destroy(&fixture->reaper);
    connections_destroy(&fixture->connections);
    close(fixture->listener);
}

static struct pair come_in(const struct fixture *fixture, struct visit *visit) {
    struct pair pair = {.client = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)fixture->port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(pair.client, (struct sockaddr *)&to, sizeof to), 0);
    pair.served = accept(fixture->listener, NULL, NULL);
    assert_true(pair.served >= 0);
    visit_begin(visit);
    return pair;
}

static void serve(struct visit *visit, const struct pair *pair) {
    visit_serve(visit, connections_client("127.0.0.1", port_of(pair->client)));
}

static void leave(struct visit *visit, struct pair *pair) {
    visit_end(visit);
    close(pair->served);
    close(pair->client);
}

static void assert_is_ended(const struct pair *pair) {
    struct pollfd readable = {.fd = pair->served, .events = POLLIN};
    assert_int_equal(poll(&readable, 1, (int)(PATIENCE_NS / NS_PER_MS)), 1);
    char byte;
    assert_int_equal(recv(pair->served, &byte, 1, 0), 0);
}

static bool is_open(const struct pair *pair) {
    char byte;
    return recv(pair->served, &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

static void a_client_that_says_nothing_goes_when_workers_run_short(void **state) {
    (void)state;
    struct fixture fixture = open_reaper(3, 2);
    struct visit *visits[] = {reaper_place(fixture.reaper), reaper_place(fixture.reaper)};
    struct pair first = come_in(&fixture, visits[0]);
    struct pair second = come_in(&fixture, visits[1]); /* one worker is left */
    assert_is_ended(&first);
    assert_is_ended(&second);
    assert_int_equal(reaper_ended_count(fixture.reaper), 2);
    leave(visits[0], &first);
    leave(visits[1], &second);
    shut_reaper(&fixture);
}

static void nobody_goes_while_workers_are_left(void **state) {
    (void)state;
    struct fixture fixture = open_reaper(3, 1);
    struct visit *visits[] = {reaper_place(fixture.reaper), reaper_place(fixture.reaper), reaper_place(fixture.reaper)};
    struct pair first = come_in(&fixture, visits[0]);
    struct pair second = come_in(&fixture, visits[1]);
    assert_true(is_open(&first) && is_open(&second));
    assert_int_equal(reaper_ended_count(fixture.reaper), 0);
    struct pair third =
        come_in(&fixture, visits[2]); /* now none is left, and the two go: they are seen to have stayed */
    assert_is_ended(&first);
    leave(visits[0], &first);
    leave(visits[1], &second);
    leave(visits[2], &third);
    shut_reaper(&fixture);
}

/* As when the queue is full and the workers have its last ones: each has to be remembered from scan to scan. */
static void all_that_say_nothing_go_however_many_wait_in_the_queue(void **state) {
    (void)state;
    enum { QUEUED = REAPER_QUEUE_MAX };
    struct fixture fixture = open_reaper(2, 2);
    struct visit *visits[] = {reaper_place(fixture.reaper), reaper_place(fixture.reaper)};
    struct pair first = come_in(&fixture, visits[0]);
    struct pair queued[QUEUED];
    for (int i = 0; i < QUEUED; i++) {
        queued[i] = come_in(&fixture, NULL);
    }
    struct pair last = come_in(&fixture, visits[1]);
    assert_is_ended(&first);
    assert_is_ended(&last);
    for (int i = 0; i < QUEUED; i++) {
        assert_is_ended(&queued[i]);
        leave(NULL, &queued[i]);
    }
    leave(visits[0], &first);
    leave(visits[1], &last);
    shut_reaper(&fixture);
}

static void a_client_that_is_served_stays(void **state) {
    (void)state;
    struct fixture fixture = open_reaper(2, 2);
    struct visit *visits[] = {reaper_place(fixture.reaper), reaper_place(fixture.reaper)};
    struct pair served = come_in(&fixture, visits[0]);
    serve(visits[0], &served);
    struct pair silent = come_in(&fixture, visits[1]);
    assert_is_ended(&silent);
    assert_true(is_open(&served));
    leave(visits[0], &served);
    leave(visits[1], &silent);
    shut_reaper(&fixture);
}

static void a_client_that_does_not_take_its_reply_goes_too(void **state) {
    (void)state;
    struct fixture fixture = open_reaper(1, 1);
    struct visit *visit = reaper_place(fixture.reaper);
    struct pair pair = come_in(&fixture, visit);
    serve(visit, &pair);
    visit_wait(visit);
    assert_is_ended(&pair);
    leave(visit, &pair);
    shut_reaper(&fixture);
}

static void a_client_whose_request_nobody_has_read_yet_stays(void **state) {
    (void)state;
    static const char request[] = "GET / HTTP/1.1\r\n\r\n";
    struct fixture fixture = open_reaper(2, 2);
    struct visit *visits[] = {reaper_place(fixture.reaper), reaper_place(fixture.reaper)};
    struct pair queued = come_in(&fixture, visits[0]);
    assert_int_equal(send(queued.client, request, sizeof request - 1, 0), sizeof request - 1);
    struct pair silent = come_in(&fixture, visits[1]);
    assert_is_ended(&silent);
    char reply[sizeof request];
    assert_int_equal(recv(queued.served, reply, sizeof reply, 0), sizeof request - 1);
    assert_true(is_open(&queued));
    leave(visits[0], &queued);
    leave(visits[1], &silent);
    shut_reaper(&fixture);
}

/* Whether a client that has sent part of a head is ended before one that came earlier and is silent, both beyond the
 * share of their address. */
static bool part_of_a_head_is_ended_first(void) {
    struct fixture fixture = open_reaper(3, 1);
    struct visit *visits[] = {reaper_place(fixture.reaper), reaper_place(fixture.reaper), reaper_place(fixture.reaper)};
    struct pair within_share = come_in(&fixture, visits[0]);
    struct pair silent = come_in(&fixture, visits[1]);
    struct pair trickling = {.client = socket(AF_INET, SOCK_STREAM, 0)};
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)fixture.port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    assert_int_equal(connect(trickling.client, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(send(trickling.client, "GET", 3, 0), 3);
    trickling.served = accept(fixture.listener, NULL, NULL);
    visit_begin(visits[2]); /* workers run short */
    struct pollfd ended = {.fd = trickling.served, .events = POLLRDHUP};
    assert_int_equal(poll(&ended, 1, (int)(PATIENCE_NS / NS_PER_MS)), 1);
    bool is_first = is_open(&silent);
    leave(visits[0], &within_share);
    leave(visits[1], &silent);
    leave(visits[2], &trickling);
    shut_reaper(&fixture);
    return is_first;
}

/* On a busy machine, a worker that has read a head gets a processor later than a silent client may be waited for. */
static void a_head_that_was_read_stays_while_its_worker_is_not_asleep(void **state) {
    (void)state;
    if (!has_tcp_info()) {
        skip();
    }
    struct fixture fixture = open_reaper(1, 1);
    struct visit *visit = reaper_place(fixture.reaper);
    struct pair pair = come_in(&fixture, visit);
    char head[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    assert_int_equal(send(pair.client, head, sizeof head - 1, 0), sizeof head - 1);
    assert_int_equal(recv(pair.served, head, sizeof head - 1, MSG_WAITALL), sizeof head - 1);
    const int64_t until_ns = clock_monotonic_ns() + 300 * NS_PER_MS;
    while (clock_monotonic_ns() < until_ns) {
    }
    assert_true(is_open(&pair));
    assert_is_ended(&pair); /* as this waits */
    leave(visit, &pair);
    shut_reaper(&fixture);
}

/* A busy machine may show the end of the first only after that of the second. */
static void part_of_a_head_beyond_the_share_is_ended_at_once(void **state) {
    (void)state;
    bool is_first = false;
    for (int i = 0; i < 100 && !is_first; i++) {
        is_first = part_of_a_head_is_ended_first();
    }
    assert_true(is_first);
}

static void a_place_serves_one_client_after_the_other(void **state) {
    (void)state;
    struct fixture fixture = open_reaper(1, 1);
    struct visit *visit = reaper_place(fixture.reaper);
    for (int i = 0; i < 3; i++) {
        struct pair pair = come_in(&fixture, visit);
        assert_is_ended(&pair);
        leave(visit, &pair);
    }
    shut_reaper(&fixture);
}

static void there_is_a_place_for_each_worker_and_no_more(void **state) {
    (void)state;
    struct fixture fixture = open_reaper(2, 0);
    assert_non_null(reaper_place(fixture.reaper));
    assert_non_null(reaper_place(fixture.reaper));
    assert_null(reaper_place(fixture.reaper));
    visit_begin(NULL); /* a worker without one is let be */
    visit_end(NULL);
    shut_reaper(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_client_that_says_nothing_goes_when_workers_run_short),
        cmocka_unit_test(nobody_goes_while_workers_are_left),
        cmocka_unit_test(all_that_say_nothing_go_however_many_wait_in_the_queue),
        cmocka_unit_test(a_client_that_is_served_stays),
        cmocka_unit_test(a_client_that_does_not_take_its_reply_goes_too),
        cmocka_unit_test(a_client_whose_request_nobody_has_read_yet_stays),
        cmocka_unit_test(a_head_that_was_read_stays_while_its_worker_is_not_asleep),
        cmocka_unit_test(part_of_a_head_beyond_the_share_is_ended_at_once),
        cmocka_unit_test(a_place_serves_one_client_after_the_other),
        cmocka_unit_test(there_is_a_place_for_each_worker_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
