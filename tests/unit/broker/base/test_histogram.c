#include "broker/base/histogram.h"

#include "broker/base/clock.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define OBSERVERS 4
#define OBSERVATIONS 20000

static struct histogram_snapshot read_all(const struct histogram *histogram) {
    struct histogram_snapshot snapshot;
    histogram_read(histogram, &snapshot);
    return snapshot;
}

static void bounds_ascend(void **state) {
    (void)state;
    for (size_t i = 1; i < HISTOGRAM_BOUNDS; i++) {
        assert_true(histogram_bounds_ns[i] > histogram_bounds_ns[i - 1]);
    }
}

static void a_duration_falls_into_the_first_bucket_that_holds_it(void **state) {
    (void)state;
    for (size_t i = 0; i < HISTOGRAM_BOUNDS; i++) {
        struct histogram histogram = {0};
        histogram_observe(&histogram, histogram_bounds_ns[i]);
        histogram_observe(&histogram, histogram_bounds_ns[i] + 1);
        struct histogram_snapshot seen = read_all(&histogram);
        assert_int_equal(seen.counts[i], 1);
        assert_int_equal(seen.counts[i + 1], 1);
        assert_int_equal(seen.sum_ns, 2 * histogram_bounds_ns[i] + 1);
    }
}

static void beyond_the_last_bound_is_a_bucket_too(void **state) {
    (void)state;
    struct histogram histogram = {0};
    histogram_observe(&histogram, 3600 * NS_PER_S);
    assert_int_equal(read_all(&histogram).counts[HISTOGRAM_BOUNDS], 1);
}

static void a_clock_that_went_back_counts_as_no_time(void **state) {
    (void)state;
    struct histogram histogram = {0};
    histogram_observe(&histogram, -NS_PER_S);
    struct histogram_snapshot seen = read_all(&histogram);
    assert_int_equal(seen.counts[0], 1);
    assert_int_equal(seen.sum_ns, 0);
}

static void *observe_many(void *argument) {
    for (int i = 0; i < OBSERVATIONS; i++) {
        histogram_observe(argument, i % 2 == 0 ? NS_PER_US : NS_PER_S);
    }
    return NULL;
}

static void observers_at_the_same_time_lose_nothing(void **state) {
    (void)state;
    static struct histogram histogram;
    pthread_t threads[OBSERVERS];
    for (int i = 0; i < OBSERVERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, observe_many, &histogram), 0);
    }
    for (int i = 0; i < OBSERVERS; i++) {
        pthread_join(threads[i], NULL);
    }
    struct histogram_snapshot seen = read_all(&histogram);
    uint64_t count = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        count += seen.counts[i];
    }
    assert_int_equal(count, OBSERVERS * OBSERVATIONS);
    assert_int_equal(seen.counts[0], OBSERVERS * OBSERVATIONS / 2);
    assert_int_equal(seen.sum_ns, OBSERVERS * OBSERVATIONS / 2 * (NS_PER_US + NS_PER_S));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bounds_ascend),
        cmocka_unit_test(a_duration_falls_into_the_first_bucket_that_holds_it),
        cmocka_unit_test(beyond_the_last_bound_is_a_bucket_too),
        cmocka_unit_test(a_clock_that_went_back_counts_as_no_time),
        cmocka_unit_test(observers_at_the_same_time_lose_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
