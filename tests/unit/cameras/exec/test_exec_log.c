#include "cameras/exec/exec_log.h"

#include "broker/base/clock.h"
#include "cameras/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char captured[64 << 10];
static FILE *capture;
static int standard_error;

/* What is logged goes to a file in place of standard error. */
static int begin_capture(void **state) {
    (void)state;
    capture = tmpfile();
    standard_error = dup(STDERR_FILENO);
    return capture != NULL && dup2(fileno(capture), STDERR_FILENO) >= 0 ? 0 : -1;
}

static int end_capture(void **state) {
    (void)state;
    int result = dup2(standard_error, STDERR_FILENO) >= 0 && close(standard_error) == 0 ? 0 : -1;
    return fclose(capture) == 0 ? result : -1;
}

static const char *read_capture(void) {
    ssize_t count = pread(fileno(capture), captured, sizeof captured - 1, 0);
    assert_true(count >= 0);
    captured[count] = '\0';
    return captured;
}

static size_t count_lines(const char *text) {
    size_t count = 0;
    for (const char *end = text; (end = strchr(end, '\n')) != NULL; end++) {
        count++;
    }
    return count;
}

static void take(struct exec_log *log, const char *text, int64_t now_ns) {
    exec_log_take(log, text, strlen(text), now_ns);
}

static void lines_are_logged_and_the_last_is_kept(void **state) {
    (void)state;
    struct exec_log log = {.camera_id = "a"};
    take(&log, "first li", NS_PER_S);
    take(&log, "ne\n\nframe 1\rframe 2\r\nno end", NS_PER_S);
    assert_int_equal(count_lines(read_capture()), 3);
    assert_non_null(strstr(captured, "info a: the program: first line\n"));
    assert_non_null(strstr(captured, "info a: the program: frame 2\n"));
    exec_log_end(&log, NS_PER_S);
    assert_string_equal(log.last, "no end");
}

static void a_flood_is_ten_lines_a_minute(void **state) {
    (void)state;
    struct exec_log log = {.camera_id = "a"};
    for (unsigned i = 0; i < 1000; i++) {
        take(&log, "line\n", NS_PER_S + i * NS_PER_MS);
    }
    assert_int_equal(count_lines(read_capture()), EXEC_LOG_LINES_PER_MINUTE);
    take(&log, "later\n", 62 * NS_PER_S);
    assert_int_equal(count_lines(read_capture()), EXEC_LOG_LINES_PER_MINUTE + 1);
    assert_non_null(strstr(captured, "the program: later (990 lines before it were left out)\n"));
}

static void what_is_secret_is_not_shown(void **state) {
    (void)state;
    struct exec_log log = {.camera_id = "a"};
    struct secrets *secrets;
    assert_int_equal(secrets_create(&secrets), ERR_OK);
    assert_int_equal(secrets_add(secrets, "s3cr3t-value", strlen("s3cr3t-value")), ERR_OK);
    take(&log, "rtsp://user:pass@host/x?key=1 s3cr3t-value\n", NS_PER_S);
    assert_string_equal(log.last, "rtsp://host/x ***");
    assert_null(strstr(read_capture(), "pass"));
    secrets_destroy(&secrets);
}

static void a_long_line_is_cut_at_a_word(void **state) {
    (void)state;
    struct exec_log log = {.camera_id = "a"};
    char line[2000];
    memset(line, 'x', sizeof line);
    snprintf(line + 700, sizeof line - 700, " rtsp://user:");
    memset(line + strlen(line), 'p', sizeof line - strlen(line));
    memcpy(line + sizeof line - 10, "@host/ y\n", 10);
    take(&log, line, NS_PER_S);
    assert_int_equal(strlen(log.last), 700);
    take(&log, "next\n", NS_PER_S);
    assert_string_equal(log.last, "next");
}

static void what_is_no_text_becomes_blank(void **state) {
    (void)state;
    struct exec_log log = {.camera_id = "a"};
    static const char line[] = "\x1b[31mr\xc3\xa9t\xff\0x\xe2\x82\n";
    exec_log_take(&log, line, sizeof line - 1, NS_PER_S);
    assert_string_equal(log.last, " [31mr\xc3\xa9t  x");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(lines_are_logged_and_the_last_is_kept, begin_capture, end_capture),
        cmocka_unit_test_setup_teardown(a_flood_is_ten_lines_a_minute, begin_capture, end_capture),
        cmocka_unit_test_setup_teardown(what_is_secret_is_not_shown, begin_capture, end_capture),
        cmocka_unit_test_setup_teardown(a_long_line_is_cut_at_a_word, begin_capture, end_capture),
        cmocka_unit_test_setup_teardown(what_is_no_text_becomes_blank, begin_capture, end_capture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
