#include "cameras/url/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void secrets_are_never_shown(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"rtsp://user:secret@host:554/a/b", "rtsp://host:554/a/b"},
        {"rtsp://user:se@cr:et@host/a", "rtsp://host/a"},
        {"http://secret@host", "http://host"},
        {"http://host/a?user=u&password=secret#secret", "http://host/a"},
        {"rtsp://[::1]:554/a", "rtsp://[::1]:554/a"},
        {"/var/a.mp4", "/var/a.mp4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char shown[ADDRESS_SHOWN_BYTES];
        address_show(cases[i][0], shown);
        assert_string_equal(shown, cases[i][1]);
    }
}

static void long_address_is_cut_without_its_secrets(void **state) {
    (void)state;
    char address[1000] = "rtsp://user:";
    memset(address + strlen(address), 's', 500);
    strcat(address, "@host/a");
    char shown[ADDRESS_SHOWN_BYTES];
    address_show(address, shown);
    assert_null(strstr(shown, "ss"));
}

static void secrets_within_a_text_are_removed(void **state) {
    (void)state;
    char text[] = "Opening 'http://u:secret@a/x?p=secret' for rtsp://u:secret@b:1, then tcp://c";
    address_hide_secrets(text);
    assert_string_equal(text, "Opening 'http://a/x' for rtsp://b:1, then tcp://c");
    char plain[] = "nothing to hide: a@b?c";
    address_hide_secrets(plain);
    assert_string_equal(plain, "nothing to hide: a@b?c");
}

static void address_is_shared_without_secrets(void **state) {
    (void)state;
    static const struct {
        const char *address, *shared, *variable;
    } cases[] = {
        {"rtsp://u:p@host:554/a", "rtsp://host:554/a", NULL},
        {"http://host/?action=snapshot&0123", "http://host/?action=snapshot&0123", NULL},
        {"http://u:p@host/a?Channel=1&subtype=0#x", "http://host/a?Channel=1&subtype=0", NULL},
        {"http://host/a?channel=1&loginpas=secret", "http://host/a?${CAM_QUERY}", "CAM_QUERY"},
        {"http://host/a?secret", "http://host/a?${CAM_QUERY}", "CAM_QUERY"},
        {"rtsp://host/b/user=a&password=secret&channel=1?x", "rtsp://host/b/${CAM_PATH}", "CAM_PATH"},
        {"/var/a=b.mp4", "/var/a=b.mp4", NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *shared = NULL;
        const char *variable;
        assert_int_equal(address_share(cases[i].address, &shared, &variable), ERR_OK);
        assert_string_equal(shared, cases[i].shared);
        assert_string_equal(variable != NULL ? variable : "", cases[i].variable != NULL ? cases[i].variable : "");
        free(shared);
    }
    assert_true(address_has_login("rtsp://u@host/"));
    assert_false(address_has_login("rtsp://host/a@b"));
    assert_false(address_has_login("a@b.mp4"));
}

static void login_replaces_the_one_of_the_address(void **state) {
    (void)state;
    static const struct {
        const char *address, *username, *password, *result;
    } cases[] = {
        {"rtsp://host/a", "u", "p@s/s:%", "rtsp://u:p%40s%2Fs%3A%25@host/a"},
        {"rtsp://old:older@host:1/a?b=@", "u", "", "rtsp://u:@host:1/a?b=@"},
        {"rtsp://u:p@host", NULL, NULL, "rtsp://u:p@host"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *result = NULL;
        assert_int_equal(address_with_login(cases[i].address, cases[i].username, cases[i].password, &result), ERR_OK);
        assert_string_equal(result, cases[i].result);
        free(result);
    }
}

static void login_moves_to_another_address(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"rtsp://u:p%40@host/a", "rtsp://host/b?c", "rtsp://u:p%40@host/b?c"},
        {"rtsp://u:p@host/a", "rtsp://old:older@host/b", "rtsp://u:p@host/b"},
        {"rtsp://host/a", "rtsp://old:older@host", "rtsp://host"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *result = NULL;
        assert_int_equal(address_move_login(cases[i][0], cases[i][1], &result), ERR_OK);
        assert_string_equal(result, cases[i][2]);
        free(result);
    }
}

static void origin_is_scheme_host_and_port(void **state) {
    (void)state;
    static const char *const same[][2] = {{"rtsp://u:p@Host/a", "RTSP://host:554/b?c"},
                                          {"http://host:80", "http://host/"},
                                          {"https://[::1]:443/", "https://[::1]/"},
                                          {"srt://host:9000?x", "srt://host:9000"}};
    static const char *const others[][2] = {
        {"rtsp://host/a", "rtsp://host:8554/a"}, {"rtsp://host/a", "rtsps://host/a"},
        {"rtsp://host/a", "rtsp://host.evil/a"}, {"http://host:80", "http://host:8080"},
        {"rtsp://host@evil/", "rtsp://host/"},   {"/a", "/a"}};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_true(address_same_origin(same[i][0], same[i][1]));
    }
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_false(address_same_origin(others[i][0], others[i][1]));
    }
}

static void host_is_found(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"rtsp://u:p@host:554/a", "host"}, {"http://host?x", "host"}, {"rtsp://u@[::1]:554/", "[::1]"}};
    char host[ADDRESS_HOST_BYTES];
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_true(address_find_host(cases[i][0], host));
        assert_string_equal(host, cases[i][1]);
    }
    assert_false(address_find_host("/a/path", host));
    assert_false(address_find_host("rtsp://[::1", host));
}

static void addresses_that_can_be_opened_pass(void **state) {
    (void)state;
    static const char *const good[] = {"rtsp://h/a", "RTSP://u:p@h", "http://h:80?x", "rtmp://h/live", "udp://h:1"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(address_check(good[i], NULL), ERR_OK);
    }
}

static void addresses_that_lead_astray_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"file:///etc/passwd", "concat://a",        "rtsp://",           "rtsp://:554/a",
                                      "rtsp://u:p@/a",      "rtsp://u:p/w@host", "rtsp://u:p?w@host", "ftp://host/a"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct reason reason = {""};
        assert_int_not_equal(address_check(bad[i], &reason), ERR_OK);
        assert_true(reason.text[0] != '\0');
        assert_null(strstr(reason.text, bad[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_are_never_shown),
        cmocka_unit_test(long_address_is_cut_without_its_secrets),
        cmocka_unit_test(secrets_within_a_text_are_removed),
        cmocka_unit_test(address_is_shared_without_secrets),
        cmocka_unit_test(login_replaces_the_one_of_the_address),
        cmocka_unit_test(login_moves_to_another_address),
        cmocka_unit_test(origin_is_scheme_host_and_port),
        cmocka_unit_test(host_is_found),
        cmocka_unit_test(addresses_that_can_be_opened_pass),
        cmocka_unit_test(addresses_that_lead_astray_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
