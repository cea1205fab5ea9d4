#include "cameras/url/ffmpeg/url_schedule.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define NOW_NS (1000 * NS_PER_S)

static void frames_are_due_at_the_distance_of_their_times(void **state) {
    (void)state;
    struct url_schedule schedule;
    int64_t due_ns;
    url_schedule_start(&schedule, 7 * NS_PER_S, NOW_NS);
    assert_true(url_schedule_find(&schedule, 7 * NS_PER_S + 40 * NS_PER_MS, NOW_NS, &due_ns));
    assert_int_equal(due_ns, NOW_NS + 40 * NS_PER_MS);
}

static void frame_far_off_the_schedule_is_recognized(void **state) {
    (void)state;
    struct url_schedule schedule;
    int64_t due_ns;
    url_schedule_start(&schedule, 0, NOW_NS);
    assert_true(url_schedule_find(&schedule, 14 * NS_PER_S, NOW_NS, &due_ns));
    assert_false(url_schedule_find(&schedule, 16 * NS_PER_S, NOW_NS, &due_ns));
    assert_true(url_schedule_find(&schedule, 0, NOW_NS + 900 * NS_PER_MS, &due_ns));
    assert_false(url_schedule_find(&schedule, 0, NOW_NS + 2 * NS_PER_S, &due_ns));
}

/* Such times fail under UBSan where they overflow. */
static void times_at_the_ends_of_their_range_are_off_the_schedule(void **state) {
    (void)state;
    static const int64_t ends_ns[] = {INT64_MAX, -INT64_MAX};
    struct url_schedule schedule;
    int64_t due_ns;
    for (size_t i = 0; i < 2; i++) {
        url_schedule_start(&schedule, 0, NOW_NS);
        assert_false(url_schedule_find(&schedule, ends_ns[i], NOW_NS, &due_ns));
        url_schedule_start(&schedule, ends_ns[i], NOW_NS);
        assert_false(url_schedule_find(&schedule, ends_ns[1 - i], NOW_NS, &due_ns));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames_are_due_at_the_distance_of_their_times),
        cmocka_unit_test(frame_far_off_the_schedule_is_recognized),
        cmocka_unit_test(times_at_the_ends_of_their_range_are_off_the_schedule),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
