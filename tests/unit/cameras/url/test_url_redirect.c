#include "cameras/url/url_redirect.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct event cancel;
    struct url_settings own;
    struct source_settings source;
    struct driver_context context;
    struct url_link link;
};

static void prepare(struct fixture *fixture, const char *url) {
    *fixture = (struct fixture){.own = {.url = url, .redirects = true}};
    assert_int_equal(event_init(&fixture->cancel), ERR_OK);
    fixture->source.own = &fixture->own;
    fixture->context = (struct driver_context){.settings = &fixture->source, .cancel = &fixture->cancel};
    fixture->link.context = &fixture->context;
}

static enum err init_link(struct fixture *fixture) {
    struct reason reason;
    return url_link_init(&fixture->link, &fixture->context, clock_monotonic_ns() + 20 * NS_PER_S, &reason);
}

static void finish(struct fixture *fixture) {
    url_link_finish(&fixture->link);
    event_finish(&fixture->cancel);
}

static void camera_of_the_network_leads_to_no_loopback(void **state) {
    (void)state;
    static const char *const loopbacks[] = {
        "http://127.0.0.1/", "http://127.1:8080/",          "http://0.0.0.0/",           "http://2130706433/",
        "rtsp://[::1]/",     "http://[::ffff:127.0.0.1]/a", "http://a@b:c@127.0.0.1:9/", "http://localhost/",
    };
    struct fixture fixture;
    prepare(&fixture, "http://192.0.2.1/");
    assert_int_equal(init_link(&fixture), ERR_OK);
    for (size_t i = 0; i < sizeof loopbacks / sizeof loopbacks[0]; i++) {
        struct reason reason = {""};
        assert_int_equal(url_redirect_check(&fixture.link, loopbacks[i], NULL, &reason), ERR_DENIED);
        assert_non_null(strstr(reason.text, "refused a redirect to this machine"));
    }
    assert_int_equal(url_redirect_check(&fixture.link, "http://192.0.2.2/", NULL, NULL), ERR_OK);
    finish(&fixture);
}

static void camera_of_this_machine_leads_to_loopback(void **state) {
    (void)state;
    struct fixture fixture;
    prepare(&fixture, "http://127.0.0.1:81/");
    assert_int_equal(init_link(&fixture), ERR_OK);
    assert_int_equal(url_redirect_check(&fixture.link, "http://localhost:82/", NULL, NULL), ERR_OK);
    finish(&fixture);
}

static void addresses_to_connect_to_are_those_that_were_checked(void **state) {
    (void)state;
    struct fixture fixture;
    struct url_addresses addresses;
    prepare(&fixture, "http://localhost:81/");
    assert_int_equal(init_link(&fixture), ERR_OK);
    assert_non_null(strstr(fixture.link.addresses.text, "127.0.0.1"));
    assert_int_equal(url_redirect_check(&fixture.link, "http://LOCALHOST:82/", &addresses, NULL), ERR_OK);
    assert_string_equal(addresses.text, fixture.link.addresses.text);
    assert_int_equal(url_redirect_check(&fixture.link, "http://[::1]/", &addresses, NULL), ERR_OK);
    assert_string_equal(addresses.text, ""); /* a number */
    finish(&fixture);
}

static void login_follows_to_the_configured_origin_alone(void **state) {
    (void)state;
    static const struct {
        const char *url, *location;
    } cases[] = {
        {"http://192.0.2.1:80/b", "http://viewer:geheim@192.0.2.1:80/b"},
        {"http://192.0.2.1:81/b", "http://192.0.2.1:81/b"},
        {"https://192.0.2.1/b", "https://192.0.2.1/b"},
        {"http://192.0.2.2/b", "http://192.0.2.2/b"},
    };
    struct fixture fixture;
    prepare(&fixture, "http://viewer:geheim@192.0.2.1/a");
    assert_int_equal(init_link(&fixture), ERR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *location = NULL;
        assert_int_equal(url_redirect_follow(&fixture.link, cases[i].url, &location, NULL, NULL), ERR_OK);
        assert_string_equal(location, cases[i].location);
        free(location);
    }
    finish(&fixture);
}

static void lookup_ends_when_it_is_cancelled(void **state) {
    (void)state;
    struct fixture fixture;
    prepare(&fixture, "http://no-such-host.invalid/");
    event_set(&fixture.cancel);
    const int64_t began_ns = clock_monotonic_ns();
    assert_int_equal(init_link(&fixture), ERR_INTERRUPTED);
    assert_true(clock_monotonic_ns() - began_ns < NS_PER_S);
    finish(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(camera_of_the_network_leads_to_no_loopback),
        cmocka_unit_test(camera_of_this_machine_leads_to_loopback),
        cmocka_unit_test(addresses_to_connect_to_are_those_that_were_checked),
        cmocka_unit_test(login_follows_to_the_configured_origin_alone),
        cmocka_unit_test(lookup_ends_when_it_is_cancelled),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
