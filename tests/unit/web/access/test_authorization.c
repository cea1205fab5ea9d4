/* What strangers get of a server that has accounts: every route that there is is tried. */
#include "access_fixture.h"
#include "broker/broker.h"
#include "broker/clock.h"
#include "web/gate.h"
#include "web/router.h"
#include "web/server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

static struct broker *broker;
static struct server *server;

static int set_up(void **state) {
    (void)state;
    struct account_settings user = make_user("anna", "hash");
    struct server_settings settings = {
        .listen = {.address = "127.0.0.1"}, .max_streams = 2, .senders = 1, .access = make_access(&user, 1, NULL)};
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

static bool is_open(enum route_target target) {
    return target == ROUTE_HEALTH || target == ROUTE_READY || target == ROUTE_LOGIN || target == ROUTE_LOGOUT;
}

static void every_route_but_a_few_refuses_strangers(void **state) {
    (void)state;
    static const struct {
        enum route_method method;
        const char *name;
    } methods[] = {{METHOD_GET, "GET"}, {METHOD_HEAD, "HEAD"}, {METHOD_POST, "POST"}, {METHOD_PUT, "PUT"}};
    for (size_t i = 0; i < route_path_count; i++) {
        const char *pattern = route_paths[i].pattern, *open = strchr(pattern, '{');
        char path[128];
        snprintf(path, sizeof path, "%.*s%s%s", open == NULL ? (int)strlen(pattern) : (int)(open - pattern), pattern,
                 open == NULL ? "" : "x", open == NULL ? "" : strchr(open, '}') + 1);
        for (size_t m = 0; m < COUNT_OF(methods); m++) {
            if ((route_paths[i].methods & methods[m].method) == 0) {
                continue;
            }
            int status = ask(methods[m].name, path);
            if ((status == 401) == is_open(route_paths[i].target)) {
                fail_msg("%s %s: %d", methods[m].name, path, status);
            }
        }
    }
}

static void answer_cannot_begin_once_its_session_has_ended(void **state) {
    (void)state;
    const struct account_settings user = make_user("anna", "hash");
    struct access *access = make_access(&user, 1, NULL);
    struct visitor visitor = {.access = access, .account = access_find_user(access, "anna"), .has_session = true};
    visitor.session = session_begin(visitor.account, clock_realtime_ns() / NS_PER_S);
    struct gate *gate = NULL;
    struct gate_answer answer;
    assert_int_equal(gate_create(&gate), ERR_OK);
    gate_set_access(gate, access);
    assert_true(gate_begin_answer(gate, &answer, &visitor, NULL, 0, -1));
    gate_end_answer(gate, &answer);
    gate_end_session(gate, &visitor.session);
    assert_false(gate_begin_answer(gate, &answer, &visitor, NULL, 0, -1));
    gate_destroy(&gate);
    access_unref(&access);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_cannot_begin_once_its_session_has_ended),
        cmocka_unit_test_setup_teardown(every_route_but_a_few_refuses_strangers, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
