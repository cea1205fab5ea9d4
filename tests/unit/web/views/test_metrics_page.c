#include "web/views/metrics_page.h"

#include "broker/base/clock.h"

#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct metric gauge = {"speed", "How fast.", METRIC_GAUGE};

static void assert_page(FILE *page, char **text, const char *expected) {
    assert_int_equal(fclose(page), 0);
    assert_string_equal(*text, expected);
    free(*text);
}

static void assert_number(double value, const char *expected) {
    char *text, line[64];
    size_t bytes;
    FILE *page = open_memstream(&text, &bytes);
    metrics_page_sample(page, &gauge, NULL, 0, value);
    snprintf(line, sizeof line, "speed %s\n", expected);
    assert_page(page, &text, line);
}

static void numbers_are_written_in_any_locale(void **state) {
    (void)state;
    /* One with a comma, where the machine has it; the text must not depend on it. */
    static const char *const locales[] = {"C", "de_DE.UTF-8", "fr_FR.UTF-8"};
    for (size_t i = 0; i < sizeof locales / sizeof locales[0]; i++) {
        setlocale(LC_ALL, locales[i]);
        assert_number(0, "0");
        assert_number(29.97, "29.97");
        assert_number(-0.5, "-0.5");
        assert_number(1e-9, "0.000000001");
        assert_number(100, "100");
        assert_number(9007199254740991.0, "9007199254740991");
        assert_number(1e300, "+Inf");
        assert_number(-HUGE_VAL, "-Inf");
        assert_number(NAN, "NaN");
    }
    setlocale(LC_ALL, "C");
}

static void labels_are_escaped(void **state) {
    (void)state;
    char *text;
    size_t bytes;
    FILE *page = open_memstream(&text, &bytes);
    const struct metric_label labels[] = {{"camera", "a"}, {"name", "\"T\xc3\xbcr\" \\ 1\n\xff"}};
    metrics_page_head(page, &gauge);
    metrics_page_sample(page, &gauge, labels, 2, 1);
    assert_page(page, &text,
                "# HELP speed How fast.\n# TYPE speed gauge\n"
                "speed{camera=\"a\",name=\"\\\"T\xc3\xbcr\\\" \\\\ 1\\n?\"} 1\n");
}

static void long_labels_are_cut(void **state) {
    (void)state;
    char value[1000], *text;
    memset(value, 'x', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    size_t bytes;
    FILE *page = open_memstream(&text, &bytes);
    metrics_page_sample(page, &gauge, &(struct metric_label){"name", value}, 1, 1);
    fclose(page);
    assert_in_range(bytes, 100, 300);
    free(text);
}

static void buckets_of_a_histogram_add_up(void **state) {
    (void)state;
    static const struct metric delay = {"delay_seconds", "How late.", METRIC_HISTOGRAM};
    struct histogram histogram = {0};
    histogram_observe(&histogram, NS_PER_MS / 10);
    histogram_observe(&histogram, 2 * NS_PER_MS);
    histogram_observe(&histogram, 60 * NS_PER_S);
    struct histogram_snapshot snapshot;
    histogram_read(&histogram, &snapshot);
    char *text;
    size_t bytes;
    FILE *page = open_memstream(&text, &bytes);
    metrics_page_histogram(page, &delay, &snapshot);
    fclose(page);
    assert_non_null(strstr(text, "delay_seconds_bucket{le=\"0.00025\"} 1\n"));
    assert_non_null(strstr(text, "delay_seconds_bucket{le=\"0.001\"} 1\n"));
    assert_non_null(strstr(text, "delay_seconds_bucket{le=\"0.0025\"} 2\n"));
    assert_non_null(strstr(text, "delay_seconds_bucket{le=\"5\"} 2\n"));
    assert_non_null(
        strstr(text, "delay_seconds_bucket{le=\"+Inf\"} 3\ndelay_seconds_sum 60.0021\ndelay_seconds_count 3\n"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_written_in_any_locale),
        cmocka_unit_test(labels_are_escaped),
        cmocka_unit_test(long_labels_are_cut),
        cmocka_unit_test(buckets_of_a_histogram_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
