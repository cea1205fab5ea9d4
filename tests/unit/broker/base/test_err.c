#include "broker/base/err.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void each_error_has_words_of_its_own(void **state) {
    (void)state;
    for (enum err one = ERR_OK; one <= ERR_IO; one++) {
        assert_true(strlen(err_text(one)) > 0);
        for (enum err other = ERR_OK; other < one; other++) {
            assert_string_not_equal(err_text(one), err_text(other));
        }
    }
}

static void a_number_that_is_no_error_has_words_too(void **state) {
    (void)state;
    assert_string_equal(err_text((enum err)99), "unknown error");
}

static void system_errors_are_translated(void **state) {
    (void)state;
    static const struct {
        int number;
        enum err expected;
    } cases[] = {
        {0, ERR_OK},
        {ENOMEM, ERR_MEMORY},
        {ETIMEDOUT, ERR_TIMEOUT},
        {EINTR, ERR_INTERRUPTED},
        {EPIPE, ERR_CLOSED},
        {ECONNRESET, ERR_CLOSED},
        {EINVAL, ERR_INVALID},
        {ENOTTY, ERR_UNSUPPORTED},
        {ENOENT, ERR_NOT_FOUND},
        {ENOTDIR, ERR_NOT_FOUND},
        {EACCES, ERR_DENIED},
        {EPERM, ERR_DENIED},
        {EBUSY, ERR_BUSY},
        {EADDRINUSE, ERR_BUSY},
        {EAGAIN, ERR_BUSY},
        {ENODEV, ERR_GONE},
        {ENXIO, ERR_GONE},
        {EIO, ERR_IO},
        {ENOSPC, ERR_IO},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        assert_int_equal(err_from_errno(cases[i].number), cases[i].expected);
    }
}

static void a_reason_is_formatted(void **state) {
    (void)state;
    struct reason reason;
    reason_set(&reason, "%s has %d frames", "front-door", 3);
    assert_string_equal(reason.text, "front-door has 3 frames");
}

static void a_long_reason_is_cut_to_fit(void **state) {
    (void)state;
    struct reason reason;
    char text[2 * sizeof reason.text];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    reason_set(&reason, "%s", text);
    assert_int_equal(strlen(reason.text), sizeof reason.text - 1);
}

static void nothing_is_formatted_without_a_reason(void **state) {
    (void)state;
    int formatted = -1;
    reason_set(NULL, "%n", &formatted);
    assert_int_equal(formatted, -1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_error_has_words_of_its_own), cmocka_unit_test(a_number_that_is_no_error_has_words_too),
        cmocka_unit_test(system_errors_are_translated),    cmocka_unit_test(a_reason_is_formatted),
        cmocka_unit_test(a_long_reason_is_cut_to_fit),     cmocka_unit_test(nothing_is_formatted_without_a_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
