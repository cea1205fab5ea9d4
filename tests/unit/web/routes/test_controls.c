/* /api/cameras/N/controls, asked of the real server by a plain socket. */
#include "tests/unit/web/routes/controls_fixture.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static char reply[16384];

static int set_up(void **state) {
    (void)state;
    return controls_fixture_start("127.0.0.1") == ERR_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    controls_fixture_stop();
    return 0;
}

/* Sends the beginning of a request; returns the connection. */
static int begin_request(const char *text) {
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(server_port(server))};
    inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
    return fd;
}

/* Reads the whole reply; returns its status. */
static int finish_request(int fd) {
    size_t used = 0;
    ssize_t got;
    while ((got = recv(fd, reply + used, sizeof reply - 1 - used, 0)) > 0) {
        used += (size_t)got;
    }
    reply[used] = '\0';
    close(fd);
    int status = 0;
    sscanf(reply, "HTTP/1.1 %d", &status);
    return status;
}

static int ask(const char *format, ...) PRINTF_LIKE(1, 2);
static int ask(const char *format, ...) {
    char request[8192];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(request, sizeof request, format, arguments);
    va_end(arguments);
    return finish_request(begin_request(request));
}

static int get(const char *path) { return ask("GET %s HTTP/1.1\r\nHost: localhost\r\n\r\n", path); }

static int put(const char *body) {
    return ask("PUT /api/cameras/a/controls HTTP/1.1\r\nHost: localhost\r\nContent-Length: %zu\r\n\r\n%s", strlen(body),
               body);
}

static void assert_replied(const char *part) {
    if (strstr(reply, part) == NULL) {
        fail_msg("%s\nis not in\n%s", part, reply);
    }
}

static void controls_are_listed(void **state) {
    (void)state;
    brightness = 100;
    assert_int_equal(get("/api/cameras/a/controls"), 200);
    assert_replied(
        "{\"controls\":[{\"name\":\"brightness\",\"label\":\"Brightness\",\"type\":\"integer\",\"value\":100,"
        "\"default\":128,\"writable\":true,\"min\":0,\"max\":255,\"step\":1}");
    assert_replied("\"type\":\"boolean\",\"value\":false,\"default\":true,\"writable\":false}");
    assert_replied("\"menu\":[{\"value\":1,\"label\":\"Day \\\"1\\\"\"},{\"value\":2,\"label\":\"Dusk\"}]");
    assert_int_equal(get("/api/cameras/1/controls"), 200);
}

static void controls_are_set(void **state) {
    (void)state;
    assert_int_equal(put("{\"brightness\": 7}"), 200);
    assert_int_equal(brightness, 7);
    assert_replied("\"value\":7,");
    assert_int_equal(put("{\"brightness\": true}"), 200);
    assert_int_equal(brightness, 1);
    assert_int_equal(put("{\"brightness\": \"word\"}"), 200);
    assert_int_equal(brightness, -1);
    assert_int_equal(put("{}"), 200);
}

static void each_refusal_is_told_and_the_others_are_set(void **state) {
    (void)state;
    assert_int_equal(put("{\"hue\": 1, \"brightness\": 9, \"gamma\": 2}"), 400);
    assert_int_equal(brightness, 9);
    assert_replied("{\"error\":{\"code\":\"control_refused\",\"message\":\"hue: the camera has no such control\"},"
                   "\"errors\":{\"hue\":\"hue: the camera has no such control\",\"gamma\":\"gamma: the camera has no "
                   "such control\"},\"controls\":[");
}

static void bodies_without_controls_are_refused(void **state) {
    (void)state;
    static const char *const bodies[] = {"",
                                         "x",
                                         "[]",
                                         "7",
                                         "{\"brightness\": 1",
                                         "{\"brightness\": null}",
                                         "{\"brightness\": 1.5}",
                                         "{\"a\": 1, \"a\": 2}",
                                         "{\"a\": {}}"};
    brightness = 100;
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        assert_int_equal(put(bodies[i]), 400);
        assert_replied("\"code\":\"bad_body\"");
    }
    assert_int_equal(brightness, 100);
}

static void bodies_without_length_or_too_long_are_refused(void **state) {
    (void)state;
    assert_int_equal(ask("PUT /api/cameras/a/controls HTTP/1.1\r\nHost: localhost\r\n\r\n"), 411);
    assert_int_equal(ask("PUT /api/cameras/a/controls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4097\r\n\r\n"),
                     413);
    static char body[4097];
    memset(body, ' ', 4096);
    memcpy(body, "{}", 2);
    assert_int_equal(put(body), 200);
}

static void deeply_nested_bodies_are_refused(void **state) {
    (void)state;
    static char body[4097];
    memset(body, '[', 4096);
    assert_int_equal(put(body), 400);
    assert_replied("\"code\":\"bad_body\"");
    assert_int_equal(get("/api/cameras/a/controls"), 200);
}

static void requests_that_wait_are_bounded(void **state) {
    (void)state;
    enum { MOST = 8, ENOUGH = 30 };
    int waiting[ENOUGH];
    int count = 0;
    do { /* a body that is still to come; more of them than places, if the question between takes one's place */
        assert_true(count < ENOUGH);
        waiting[count++] =
            begin_request("PUT /api/cameras/a/controls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{");
    } while (get("/api/cameras/a/controls") == 200 || count < MOST); /* the question before may still have a place */
    assert_replied("HTTP/1.1 503 ");
    assert_replied("Retry-After: 1\r\n");
    assert_replied("\"code\":\"too_many_requests\"");
    assert_int_equal(get("/api/cameras"), 200);
    int served = 0;
    for (int i = 0; i < count; i++) {
        (void)!send(waiting[i], "}", 1, MSG_NOSIGNAL);
        served += finish_request(waiting[i]) == 200;
    }
    /* The question before may still have had a place, which it gives back after its reply. */
    assert_in_range(served, MOST - 2, MOST);
    assert_int_equal(get("/api/cameras/a/controls"), 200);
}

static void cameras_without_controls_say_so(void **state) {
    (void)state;
    assert_int_equal(get("/api/cameras/plain/controls"), 404);
    assert_replied("\"code\":\"no_controls\"");
    assert_int_equal(get("/api/cameras/none/controls"), 404);
    assert_replied("\"code\":\"no_such_camera\"");
}

static void camera_that_is_not_open_says_so(void **state) {
    (void)state;
    control_port_close(topic_controls(camera));
    assert_int_equal(get("/api/cameras/a/controls"), 503);
    assert_replied("Retry-After: 1\r\n");
    assert_replied("\"code\":\"camera_not_open\"");
}

static void other_methods_are_not_allowed(void **state) {
    (void)state;
    assert_int_equal(ask("POST /api/cameras/a/controls HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"),
                     405);
    assert_replied("Allow: GET, HEAD, PUT\r\n");
    assert_int_equal(ask("PUT /api/cameras/a HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"), 405);
    assert_replied("Allow: GET, HEAD\r\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(controls_are_listed),
        TEST(controls_are_set),
        TEST(each_refusal_is_told_and_the_others_are_set),
        TEST(bodies_without_controls_are_refused),
        TEST(bodies_without_length_or_too_long_are_refused),
        TEST(deeply_nested_bodies_are_refused),
        TEST(requests_that_wait_are_bounded),
        TEST(cameras_without_controls_say_so),
        TEST(camera_that_is_not_open_says_so),
        TEST(other_methods_are_not_allowed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
