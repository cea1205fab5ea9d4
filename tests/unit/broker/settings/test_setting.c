#include "broker/settings/setting.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct sample {
    bool on;
    unsigned count, limit;
    double rate;
    int64_t delay_ns;
    const char *text;
    const char *const *words;
    size_t word_count;
    unsigned mode;
};

#define FIELD(field) .offset = offsetof(struct sample, field)

static const char *const modes[] = {"one", "two", NULL};
static const struct setting rows[] = {
    {.name = "on", .type = SETTING_BOOLEAN, FIELD(on), .fallback = true},
    {.name = "count", .type = SETTING_INTEGER, FIELD(count), .max = 9, .fallback = 3, .change = SETTING_RESTART},
    {.name = "limit", .type = SETTING_INTEGER, FIELD(limit), .max = 9, .change = SETTING_RESTART_RAISED},
    {.name = "rate", .type = SETTING_NUMBER, FIELD(rate), .max = 9, .fallback = 0.5},
    {.name = "delay_s", .type = SETTING_DURATION, FIELD(delay_ns), .max = 9, .unit_ns = 1000000000, .fallback = 2},
    {.name = "text", .type = SETTING_TEXT, FIELD(text), .scope = 2},
    {.name = "words",
     .type = SETTING_TEXTS,
     FIELD(words),
     .count_offset = offsetof(struct sample, word_count),
     .max = 9},
    {.name = "mode", .type = SETTING_CHOICE, FIELD(mode), .min = 1, .fallback = 2, .choices = modes},
};
static const struct setting_table table = {.rows = rows, .count = sizeof rows / sizeof rows[0], .scope = 2};
static const struct setting_table without_text = {.rows = rows, .count = sizeof rows / sizeof rows[0], .scope = 1};

static bool equal(const struct setting_table *settings, const struct sample *a, const struct sample *b) {
    return settings_equal(settings, (const void *const[]){a}, (const void *const[]){b});
}

static struct sample defaults(void) {
    struct sample sample = {.count = 7, .mode = 7};
    settings_set_defaults(&table, (void *const[]){&sample});
    return sample;
}

static void defaults_are_those_of_the_rows(void **state) {
    (void)state;
    struct sample sample = defaults();
    assert_true(sample.on && sample.rate == 0.5);
    assert_int_equal(sample.count, 3);
    assert_int_equal(sample.delay_ns, 2000000000);
    assert_int_equal(sample.mode, 2);
}

static void texts_and_lists_are_compared_by_their_contents(void **state) {
    (void)state;
    char first[] = "a", second[] = "a";
    const char *one[] = {first, "b"}, *other[] = {second, "b"};
    struct sample a = defaults(), b = defaults();
    a.text = first;
    b.text = second;
    a.words = one;
    b.words = other;
    a.word_count = b.word_count = 2;
    assert_true(equal(&table, &a, &b));
    second[0] = 'c';
    assert_false(equal(&table, &a, &b));
    b.text = other[0] = first;
    assert_true(equal(&table, &a, &b));
    b.word_count = 1;
    assert_false(equal(&table, &a, &b));
}

static void rows_of_another_scope_do_not_count(void **state) {
    (void)state;
    struct sample a = defaults(), b = defaults();
    a.text = "a";
    assert_false(equal(&table, &a, &b));
    assert_true(equal(&without_text, &a, &b));
    assert_non_null(setting_find(&table, "text"));
    assert_null(setting_find(&without_text, "text"));
}

static void restarts_are_needed_where_the_row_says(void **state) {
    (void)state;
    struct sample running = defaults(), wanted = defaults();
    const void *const old[] = {&running}, *const new[] = {&wanted};
    running.limit = 5;
    wanted.limit = 4;
    wanted.rate = 9;
    for (size_t i = 0; i < table.count; i++) {
        assert_false(setting_needs_restart(&rows[i], old, new));
    }
    wanted.limit = 6;
    wanted.count = 1;
    assert_true(setting_needs_restart(setting_find(&table, "limit"), old, new));
    assert_true(setting_needs_restart(setting_find(&table, "count"), old, new));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_rows),
        cmocka_unit_test(texts_and_lists_are_compared_by_their_contents),
        cmocka_unit_test(rows_of_another_scope_do_not_count),
        cmocka_unit_test(restarts_are_needed_where_the_row_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
