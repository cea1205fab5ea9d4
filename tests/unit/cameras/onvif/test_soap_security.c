#include "cameras/onvif/soap_security.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The example of ONVIF's Application Programmer's Guide, on WS-Security. */
static void digest_is_that_of_the_example(void **state) {
    (void)state;
    static const uint8_t nonce[] = {0x2c, 0xaa, 0x88, 0xe8, 0x6f, 0xc0, 0x8a, 0x42,
                                    0x82, 0x42, 0xb3, 0x74, 0xce, 0xa6, 0x45, 0x96};
    char digest[SOAP_DIGEST_TEXT_BYTES];
    assert_int_equal(soap_digest(nonce, sizeof nonce, "2010-09-16T07:50:45Z", "userpassword", digest), ERR_OK);
    assert_string_equal(digest, "tuOSpGlFlIXsozq4HFNeeGeFLEI=");
}

static void header_has_the_name_escaped_and_no_password(void **state) {
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    const struct onvif_login login = {.username = "a<&\">", .password = "secret-4711"};
    assert_non_null(out);
    assert_int_equal(soap_write_security(out, &login, INT64_C(1284623445000000000)), ERR_OK);
    assert_int_equal(fclose(out), 0);
    assert_non_null(strstr(text, "<Username>a&lt;&amp;&quot;&gt;</Username>"));
    assert_non_null(strstr(text, ">2010-09-16T07:50:45Z</Created>"));
    assert_null(strstr(text, "4711"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_is_that_of_the_example),
        cmocka_unit_test(header_has_the_name_escaped_and_no_password),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
