#include "web/access/event_id.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

static const unsigned char key[EVENT_ID_KEY_BYTES] = "0123456789abcde";
static const struct event_id_codec codec = {.run = 0xabc, .key = key};

static int init_library(void **state) {
    (void)state;
    return sodium_init() < 0 ? -1 : 0;
}

static void id_leads_back_to_its_number(void **state) {
    (void)state;
    static const uint64_t numbers[] = {0, 1, 2, 1000, UINT32_MAX, ((uint64_t)1 << 40) - 1};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        char id[EVENT_ID_BYTES];
        uint64_t number = 7;
        event_id_write(&codec, numbers[i], id);
        assert_true(event_id_read(&codec, id, &number));
        assert_int_equal(number, numbers[i]);
    }
}

static void ids_of_one_number_differ(void **state) {
    (void)state;
    char first[EVENT_ID_BYTES], second[EVENT_ID_BYTES];
    event_id_write(&codec, 5, first);
    do { /* equal once in 2^24 times */
        event_id_write(&codec, 5, second);
    } while (strcmp(first, second) == 0);
}

/* Differences of consecutive ids say nothing: they are not the same, and go up and down. */
static void ids_do_not_count(void **state) {
    (void)state;
    int rises = 0;
    unsigned long long last = 0;
    for (uint64_t number = 1; number <= 200; number++) {
        char id[EVENT_ID_BYTES];
        event_id_write(&codec, number, id);
        unsigned long long block = strtoull(strchr(id, '-') + 1, NULL, 10);
        rises += block > last;
        last = block;
    }
    assert_in_range(rises, 50, 150);
}

static void foreign_ids_are_not_valid(void **state) {
    (void)state;
    static const char *const ids[] = {
        "", "-", "x", "abc-", "abc-x", "abc-01", "1-5", "abc-5 ", "abc-99999999999999999999"};
    uint64_t number;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        assert_false(event_id_read(&codec, ids[i], &number));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_leads_back_to_its_number),
        cmocka_unit_test(ids_of_one_number_differ),
        cmocka_unit_test(ids_do_not_count),
        cmocka_unit_test(foreign_ids_are_not_valid),
    };
    return cmocka_run_group_tests(tests, init_library, NULL);
}
