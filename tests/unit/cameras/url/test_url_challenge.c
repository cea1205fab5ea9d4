#include "cameras/url/url_challenge.h"

#include "cameras/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void schemes_are_listed_once_with_their_algorithms(void **state) {
    (void)state;
    static const char *const lines[] = {
        "WWW-Authenticate: Digest realm=\"a\", nonce=\"b\", algorithm=SHA-256, qop=\"auth\"\r\n",
        "Content-Length: 0\r\n",
        "www-authenticate:digest realm=\"a\",algorithm=\"md5\"",
        "WWW-Authenticate: Digest realm=\"a\", algorithm=SHA-256\r\n",
        "WWW-Authenticate: Basic realm=\"algorithm=x\"\r\n",
        "WWW-Authenticate: NTLM",
    };
    char schemes[64] = "";
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        url_challenge_note(lines[i], schemes, sizeof schemes);
    }
    assert_string_equal(schemes, "Digest SHA-256, digest md5, Basic, NTLM");
}

static void long_and_odd_challenges_are_cut(void **state) {
    (void)state;
    char schemes[16] = "";
    for (int i = 0; i < 3; i++) {
        url_challenge_note("WWW-Authenticate: ", schemes, sizeof schemes);
        url_challenge_note("WWW-Authenticate: Digest algorithm=", schemes, sizeof schemes);
        url_challenge_note("WWW-Authenticate: Digest algorithm=\"", schemes, sizeof schemes);
        url_challenge_note("WWW-Authenticate: NegotiateAndMore", schemes, sizeof schemes);
        url_challenge_note("WWW-Authenticate: \x1b[31m\xff", schemes, sizeof schemes);
    }
    assert_string_equal(schemes, "Digest, Negotia");
}

static void challenge_that_repeats_a_secret_is_masked(void **state) {
    (void)state;
    char schemes[64] = "";
    struct secrets *secrets = NULL;
    assert_int_equal(secrets_create(&secrets), ERR_OK);
    assert_int_equal(secrets_add(secrets, "geheimnis", 9), ERR_OK);
    url_challenge_note("WWW-Authenticate: Digest algorithm=geheimnis", schemes, sizeof schemes);
    assert_string_equal(schemes, "Digest ***");
    secrets_destroy(&secrets);
}

static void last_digest_decides_for_ffmpeg(void **state) {
    (void)state;
    assert_true(url_challenge_exceeds_ffmpeg("Digest SHA-256"));
    assert_true(url_challenge_exceeds_ffmpeg("Digest MD5, Digest SHA-256, Basic"));
    assert_false(url_challenge_exceeds_ffmpeg("Digest SHA-256, Digest MD5"));
    assert_false(url_challenge_exceeds_ffmpeg("Digest, Basic"));
    assert_false(url_challenge_exceeds_ffmpeg(""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schemes_are_listed_once_with_their_algorithms),
        cmocka_unit_test(long_and_odd_challenges_are_cut),
        cmocka_unit_test(challenge_that_repeats_a_secret_is_masked),
        cmocka_unit_test(last_digest_decides_for_ffmpeg),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
