#include "broker/base/arena.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void memory_is_zeroed_and_lives_until_the_last_reference(void **state) {
    (void)state;
    struct arena *arena, *other;
    assert_int_equal(arena_create(&arena), ERR_OK);
    other = arena_ref(arena);
    uint64_t *numbers = arena_alloc(arena, 3, sizeof *numbers);
    assert_non_null(numbers);
    assert_true(numbers[0] == 0 && numbers[1] == 0 && numbers[2] == 0);
    const char *text = arena_format(arena, "%s %d", "door", 7);
    arena_unref(&arena);
    assert_null(arena);
    assert_string_equal(text, "door 7");
    numbers[2] = 1;
    arena_unref(&other);
    arena_unref(&other); /* NULL does no harm */
    assert_null(arena_ref(NULL));
}

static void running_out_of_memory_is_remembered(void **state) {
    (void)state;
    struct arena *arena;
    assert_int_equal(arena_create(&arena), ERR_OK);
    assert_false(arena_exhausted(arena));
    assert_null(arena_alloc(arena, SIZE_MAX, 8));
    assert_true(arena_exhausted(arena));
    assert_non_null(arena_alloc(arena, 1, 8));
    assert_true(arena_exhausted(arena));
    arena_unref(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_is_zeroed_and_lives_until_the_last_reference),
        cmocka_unit_test(running_out_of_memory_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
