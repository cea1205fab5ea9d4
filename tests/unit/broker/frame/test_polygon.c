#include "broker/frame/polygon.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define POLYGON(...)                                                                                                   \
    (struct polygon) {                                                                                                 \
        .points = (const struct polygon_point[]){__VA_ARGS__},                                                         \
        .count = sizeof((const struct polygon_point[]){__VA_ARGS__}) / sizeof(struct polygon_point)                    \
    }

static void assert_refused(struct polygon polygon, const char *words) {
    struct reason reason = {""};
    assert_int_equal(polygon_check(&polygon, &reason), ERR_INVALID);
    if (strstr(reason.text, words) == NULL) {
        fail_msg("\"%s\" lacks \"%s\"", reason.text, words);
    }
}

static void assert_accepted(struct polygon polygon) {
    struct reason reason = {""};
    assert_int_equal(polygon_check(&polygon, &reason), ERR_OK);
}

static void plain_shapes_are_accepted(void **state) {
    (void)state;
    assert_accepted(POLYGON({0, 0}, {1, 0}, {0.5, 1}));
    assert_accepted(POLYGON({0, 0}, {0.2, 0}, {0.2, 0.1}, {0, 0.1}));
    assert_accepted(POLYGON({0, 0}, {1, 0}, {1, 1}, {0.5, 0.5}, {0, 1})); /* a notch */
    assert_accepted(POLYGON({0, 0}, {0.5, 0}, {1, 0}, {1, 1}, {0, 1}));   /* three points in a line */
}

static void two_points_are_refused(void **state) {
    (void)state;
    assert_refused(POLYGON({0, 0}, {1, 1}), "must have between 3 and 32 points (got 2)");
}

static void points_outside_are_refused(void **state) {
    (void)state;
    assert_refused(POLYGON({0, 0}, {1, 0}, {0.5, 1.01}), "point 3 lies outside");
    assert_refused(POLYGON({-0.1, 0}, {1, 0}, {0.5, 1}), "point 1 lies outside");
}

static void shapes_that_cross_themselves_are_refused(void **state) {
    (void)state;
    assert_refused(POLYGON({0, 0}, {1, 1}, {1, 0}, {0, 1}), "must not cross itself: the side from point 1 meets");
    /* It touches itself: a point on another side, and a corner that two parts share. */
    assert_refused(POLYGON({0, 0}, {1, 0}, {1, 1}, {0.5, 0}, {0, 1}), "must not cross itself");
    assert_refused(POLYGON({0, 0}, {0.5, 0.5}, {1, 0}, {1, 1}, {0.5, 0.5}, {0, 1}), "must not cross itself");
    /* It runs back on itself, and has no inside. */
    assert_refused(POLYGON({0, 0}, {1, 0}, {0.5, 0}), "must not cross itself");
    assert_refused(POLYGON({0, 0}, {0, 0}, {1, 1}), "points 1 and 2 are the same");
    assert_refused(POLYGON({0, 0}, {1, 1}, {0, 1}, {0, 0}), "points 4 and 1 are the same");
}

static void inside_and_outside_are_told_apart(void **state) {
    (void)state;
    const struct polygon notch = POLYGON({0, 0}, {1, 0}, {1, 1}, {0.5, 0.5}, {0, 1});
    assert_true(polygon_has(&notch, 0.5, 0.25));
    assert_true(polygon_has(&notch, 0.1, 0.8));
    assert_false(polygon_has(&notch, 0.5, 0.75));
    assert_false(polygon_has(&notch, 1.5, 0.5));
    const struct polygon none = {0};
    assert_false(polygon_has(&none, 0.5, 0.5));
}

static void points_on_a_shared_edge_are_in_one_of_two(void **state) {
    (void)state;
    const struct polygon left = POLYGON({0, 0}, {0.5, 0}, {0.5, 1}, {0, 1});
    const struct polygon right = POLYGON({0.5, 0}, {1, 0}, {1, 1}, {0.5, 1});
    assert_true(polygon_has(&left, 0.5, 0.5) != polygon_has(&right, 0.5, 0.5));
}

static void polygons_are_compared_by_points(void **state) {
    (void)state;
    const struct polygon a = POLYGON({0, 0}, {1, 0}, {1, 1}), same = POLYGON({0, 0}, {1, 0}, {1, 1});
    const struct polygon other = POLYGON({0, 0}, {1, 0}, {1, 0.9});
    assert_true(polygon_equal(&a, &same));
    assert_false(polygon_equal(&a, &other));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_shapes_are_accepted),
        cmocka_unit_test(two_points_are_refused),
        cmocka_unit_test(points_outside_are_refused),
        cmocka_unit_test(shapes_that_cross_themselves_are_refused),
        cmocka_unit_test(inside_and_outside_are_told_apart),
        cmocka_unit_test(points_on_a_shared_edge_are_in_one_of_two),
        cmocka_unit_test(polygons_are_compared_by_points),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
