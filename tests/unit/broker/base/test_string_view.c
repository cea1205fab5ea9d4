#include "broker/base/string_view.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static bool is_id(const char *text) { return string_view_is_id(string_view_of(text), 8); }

static bool is_camera_id(const char *text) { return string_view_is_camera_id(string_view_of(text), 8); }

static void id_of_a_local_camera_has_no_dot(void **state) {
    (void)state;
    static const char *const ids[] = {"a", "1", "a-b", "a_b", "front-1x"};
    static const char *const others[] = {"", "-a", "_a", "A", "a.b", "a b", "front-1xy"};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        assert_true(is_id(ids[i]) && is_camera_id(ids[i]));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(is_id(others[i]));
    }
}

static void id_of_another_node_s_camera_has_one_dot(void **state) {
    (void)state;
    static const char *const ids[] = {"a.b", "1.2", "site.cam", "a-.b_"};
    static const char *const others[] = {"",     ".",    "a.",  ".a",  "a..b",     "a.b.c",
                                         "a.-b", "_a.b", "A.b", "a.B", "site.came"};
    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        assert_true(is_camera_id(ids[i]));
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(is_camera_id(others[i]));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_of_a_local_camera_has_no_dot),
        cmocka_unit_test(id_of_another_node_s_camera_has_one_dot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
