#include "web/mqtt/mqtt_address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mqtt_address address;
static struct reason reason;

static void accept(const char *url, const char *label) {
    assert_int_equal(mqtt_address_parse(url, &address, &reason), ERR_OK);
    assert_string_equal(address.label, label);
}

static void refuse(const char *url) {
    reason = (struct reason){""};
    assert_int_equal(mqtt_address_parse(url, &address, &reason), ERR_INVALID);
    assert_string_not_equal(reason.text, "");
    assert_null(strstr(reason.text, "secret"));
}

static void ports_follow_the_scheme(void **state) {
    (void)state;
    accept("mqtt://broker", "mqtt://broker:1883");
    assert_false(address.has_tls || address.has_username || address.has_password);
    accept("MQTTS://Broker.example.org/", "mqtts://broker.example.org:8883");
    assert_true(address.has_tls);
    accept("mqtt://[2001:db8::1]:2883", "mqtt://[2001:db8::1]:2883");
    assert_string_equal(address.host, "2001:db8::1");
    assert_int_equal(address.port, 2883);
}

static void logins_are_decoded(void **state) {
    (void)state;
    accept("mqtt://anna:a%40b%2Fc+d@h:1", "mqtt://h:1");
    assert_string_equal(address.username, "anna");
    assert_string_equal(address.password, "a@b/c+d");
    accept("mqtt://anna:p@ss/w:d@h", "mqtt://h:1883");
    assert_string_equal(address.password, "p@ss/w:d");
    accept("mqtt://anna@h", "mqtt://h:1883");
    assert_true(address.has_username);
    assert_false(address.has_password);
}

static void others_are_refused_without_showing_them(void **state) {
    (void)state;
    static const char *const urls[] = {"",
                                       "secret",
                                       "http://secret",
                                       "mqtt://",
                                       "mqtt://secret@",
                                       "mqtt://host/secret",
                                       "mqtt://host:0",
                                       "mqtt://host:65536",
                                       "mqtt://host:secret",
                                       "mqtt://secret%zz@host",
                                       "mqtt://a:secret%00@host",
                                       "mqtt://a:secret%4@host",
                                       "mqtt://secret host"};
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        refuse(urls[i]);
    }
    char *longest = calloc(1, 5000 + sizeof "mqtt://a:@h");
    assert_non_null(longest);
    strcpy(longest, "mqtt://a:");
    memset(longest + 9, 'x', 5000);
    strcat(longest, "@h");
    refuse(longest);
    free(longest);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_follow_the_scheme),
        cmocka_unit_test(logins_are_decoded),
        cmocka_unit_test(others_are_refused_without_showing_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
