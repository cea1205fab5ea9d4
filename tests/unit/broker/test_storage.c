#include "broker/storage.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_and_lives_until_the_last_reference(void **state) {
    (void)state;
    struct storage *storage, *other;
    assert_int_equal(storage_create(&storage), ERR_OK);
    other = storage_ref(storage);
    uint64_t *numbers = storage_alloc(storage, 3, sizeof *numbers);
    assert_non_null(numbers);
    assert_true(numbers[0] == 0 && numbers[1] == 0 && numbers[2] == 0);
    const char *text = storage_format(storage, "%s %d", "door", 7);
    storage_unref(&storage);
    assert_null(storage);
    assert_string_equal(text, "door 7");
    numbers[2] = 1;
    storage_unref(&other);
    storage_unref(&other); /* NULL does no harm */
    assert_null(storage_ref(NULL));
}

static void running_out_of_memory_is_remembered(void **state) {
    (void)state;
    struct storage *storage;
    assert_int_equal(storage_create(&storage), ERR_OK);
    assert_false(storage_exhausted(storage));
    assert_null(storage_alloc(storage, SIZE_MAX, 8));
    assert_true(storage_exhausted(storage));
    assert_non_null(storage_alloc(storage, 1, 8));
    assert_true(storage_exhausted(storage));
    storage_unref(&storage);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_lives_until_the_last_reference),
        cmocka_unit_test(running_out_of_memory_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
