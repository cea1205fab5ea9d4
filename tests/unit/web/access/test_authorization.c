/* What strangers get of a server that has accounts: every route that there is is tried. */
#include "broker/base/clock.h"
#include "broker/broker.h"
#include "tests/unit/web/access/access_fixture.h"
#include "tests/unit/web/example_path.h"
#include "web/access/authorization.h"
#include "web/routes/route_table.h"
#include "web/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static struct broker *broker;
static struct server *server;

static int set_up(void **state) {
    (void)state;
    struct account_settings user = make_user("anna", "hash");
    struct server_settings settings = {.listen = {.address = "127.0.0.1"},
                                       .max_streams = 2,
                                       .max_event_streams = 4,
                                       .request_threads = 32,
                                       .senders = 1,
                                       .access = make_access(&user, 1, NULL)};
    struct reason reason = {""};
    if (broker_create(&(struct broker_settings){.workers = 1}, &broker) != ERR_OK ||
        server_start(&settings, broker, &server, &reason) != ERR_OK) {
        return -1;
    }
    access_unref(&settings.access); /* the server has its own reference */
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    broker_close(broker);
    server_stop(&server);
    broker_destroy(&broker);
    return 0;
}

static int ask(const char *method, const char *path) {
    char text[512];
    int fd = socket(AF_INET, SOCK_STREAM, 0), status = 0;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server_port(server))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    int count =
        snprintf(text, sizeof text, "%s %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n", method, path);
    assert_int_equal(send(fd, text, (size_t)count, MSG_NOSIGNAL), count);
    ssize_t got = recv(fd, text, sizeof text - 1, MSG_WAITALL);
    assert_true(got > 0);
    text[got] = '\0';
    sscanf(text, "HTTP/1.1 %d", &status);
    close(fd);
    return status;
}

static bool is_open(const struct route_row *row) {
    static const char *const patterns[] = {"/healthz", "/readyz", "/login", "/logout"};
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        if (strcmp(patterns[i], row->pattern) == 0) {
            return true;
        }
    }
    return false;
}

static void every_route_but_a_few_refuses_strangers(void **state) {
    (void)state;
    for (size_t i = 0; i < route_table.count; i++) {
        const struct route_row *row = route_table.rows[i];
        char path[128];
        write_example_path(row->pattern, path, sizeof path);
        for (size_t m = 0; m < METHOD_COUNT; m++) {
            if ((row->methods & method_names[m].method) == 0) {
                continue;
            }
            int status = ask(method_names[m].name, path);
            if ((status == 401) == is_open(row)) {
                fail_msg("%s %s: %d", method_names[m].name, path, status);
            }
        }
    }
}

static void answer_cannot_begin_once_its_session_has_ended(void **state) {
    (void)state;
    const struct account_settings user = make_user("anna", "hash");
    struct access *access = make_access(&user, 1, NULL);
    struct principal principal = {.access = access, .account = access_find_user(access, "anna"), .has_session = true};
    principal.session = session_begin(principal.account, clock_realtime_ns() / NS_PER_S);
    struct authorization *authorization = NULL;
    struct long_response response;
    assert_int_equal(authorization_create(&authorization), ERR_OK);
    authorization_set_access(authorization, access);
    assert_true(authorization_register_response(authorization, &response, &principal, NULL, 0, -1));
    authorization_unregister_response(authorization, &response);
    authorization_end_session(authorization, &principal.session);
    assert_false(authorization_register_response(authorization, &response, &principal, NULL, 0, -1));
    authorization_destroy(&authorization);
    access_unref(&access);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_cannot_begin_once_its_session_has_ended),
        cmocka_unit_test_setup_teardown(every_route_but_a_few_refuses_strangers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
