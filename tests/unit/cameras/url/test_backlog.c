#include "cameras/url/backlog.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PERIOD_NS (33 * NS_PER_MS)

static unsigned count_late(struct backlog *backlog, int64_t *now_ns, int frames, int64_t distance_ns) {
    unsigned late = 0;
    for (int i = 0; i < frames; i++) {
        *now_ns += distance_ns;
        late += backlog_is_late(backlog, *now_ns);
    }
    return late;
}

static void even_frames_are_all_shown(void **state) {
    (void)state;
    struct backlog backlog = {0};
    int64_t now_ns = NS_PER_S;
    assert_int_equal(count_late(&backlog, &now_ns, 1000, PERIOD_NS), 0);
}

static void burst_after_a_stall_is_left_out(void **state) {
    (void)state;
    struct backlog backlog = {0};
    int64_t now_ns = NS_PER_S;
    assert_int_equal(count_late(&backlog, &now_ns, 30, PERIOD_NS), 0);
    now_ns += 2 * NS_PER_S;
    assert_int_equal(count_late(&backlog, &now_ns, 60, NS_PER_MS / 10), 59);
    assert_int_equal(count_late(&backlog, &now_ns, 100, PERIOD_NS), 0);
}

static void frames_in_pairs_are_all_shown(void **state) {
    (void)state;
    struct backlog backlog = {0};
    int64_t now_ns = NS_PER_S;
    for (int i = 0; i < 100; i++) {
        assert_int_equal(count_late(&backlog, &now_ns, 1, 2 * PERIOD_NS), 0);
        assert_int_equal(count_late(&backlog, &now_ns, 1, NS_PER_MS), 0);
    }
}

static void slow_source_is_no_stall(void **state) {
    (void)state;
    struct backlog backlog = {0};
    int64_t now_ns = NS_PER_S;
    assert_int_equal(count_late(&backlog, &now_ns, 10, 10 * NS_PER_S), 0);
    assert_int_equal(count_late(&backlog, &now_ns, 10, NS_PER_S), 0);
}

static void long_burst_gives_glimpses(void **state) {
    (void)state;
    struct backlog backlog = {0};
    int64_t now_ns = NS_PER_S;
    (void)count_late(&backlog, &now_ns, 30, PERIOD_NS);
    now_ns += 60 * NS_PER_S;
    unsigned late = count_late(&backlog, &now_ns, 1000, NS_PER_MS);
    assert_in_range(late, 950, 990);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(even_frames_are_all_shown),     cmocka_unit_test(burst_after_a_stall_is_left_out),
        cmocka_unit_test(frames_in_pairs_are_all_shown), cmocka_unit_test(slow_source_is_no_stall),
        cmocka_unit_test(long_burst_gives_glimpses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
