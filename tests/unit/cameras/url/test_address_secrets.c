#include "cameras/url/address_secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void secrets_of_an_address_are_masked(void **state) {
    (void)state;
    static const struct {
        const char *address, *text, *masked;
    } cases[] = {
        {"rtsp://viewer:geh%27eim@host/a", "geh%27eim or geh'eim of viewer", "*** or *** of ***"},
        {"rtsp://viewer:geheim@host/a", "Basic dmlld2VyOmdlaGVpbQ==", "Basic ***=="},
        {"rtsp://viewer@host/a", "viewer", "***"},
        {"srt://host:1?passphrase=pa geheim&mode=caller", "passphrase=pa geheim, caller", "passphrase=***, caller"},
        {"http://host/x?pw=geheim&width=1280", "geheim 1280", "*** 1280"},
        {"http://host/x?access_token=geheim#rest", "geheim rest", "*** rest"},
        {"rtsp://host/user=admin_password=tlJwpbo6_channel=1_stream=0.sdp", "admin tlJwpbo6 1 0.sdp",
         "*** *** 1 0.sdp"},
        {"rtsp://host/user=admin&password=ge_heim&channel=1", "ge_heim 1", "*** 1"},
        {"rtsp://host/a?password=", "rtsp", "rtsp"},
        {"/var/password=geheim.mp4", "geheim.mp4", "geheim.mp4"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct secrets *secrets;
        assert_int_equal(secrets_create(&secrets), ERR_OK);
        assert_int_equal(address_add_secrets(cases[i].address, secrets), ERR_OK);
        char text[200];
        snprintf(text, sizeof text, "%s", cases[i].text);
        secrets_mask(text);
        assert_string_equal(text, cases[i].masked);
        secrets_destroy(&secrets);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(secrets_of_an_address_are_masked)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
