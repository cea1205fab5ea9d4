#include "cameras/url/ffmpeg/lag.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define PERIOD_NS (33 * NS_PER_MS)
#define ANY_TIME_NS (1234 * NS_PER_S) /* of a source's clock */

/* A live source of one frame a period, seen through a buffer without end, and a reader that needs work_ns for each that
 * he does not leave out. */
struct scene {
    struct lag lag;
    int64_t now_ns;
    int64_t begun_ns;
    int64_t sent;
    int64_t period_ns;     /* by our clock */
    int64_t clock_step_ns; /* by the source's */
    int64_t held_until_ns; /* the network gives nothing before, and then all at once */
    int64_t most_ns;       /* how old a frame was at most, of those not left out */
    unsigned left_out;
};

static struct scene scene_of(int64_t clock_step_ns) {
    return (struct scene){
        .now_ns = 50 * NS_PER_S, .begun_ns = 50 * NS_PER_S, .period_ns = PERIOD_NS, .clock_step_ns = clock_step_ns};
}

static void read_for(struct scene *scene, int64_t for_ns, int64_t work_ns) {
    const int64_t until_ns = scene->now_ns + for_ns;
    scene->most_ns = 0;
    scene->left_out = 0;
    while (scene->now_ns < until_ns) {
        const int64_t sent_ns = scene->begun_ns + scene->sent * scene->period_ns;
        const int64_t arrives_ns = sent_ns > scene->held_until_ns ? sent_ns : scene->held_until_ns;
        const int64_t waited_ns = arrives_ns > scene->now_ns ? arrives_ns - scene->now_ns : 0;
        const int64_t time_ns = ANY_TIME_NS + scene->sent++ * scene->clock_step_ns;
        scene->now_ns += waited_ns;
        if (lag_leaves_out(&scene->lag, time_ns, scene->now_ns, waited_ns)) {
            scene->left_out++;
            scene->now_ns += NS_PER_MS / 10;
            continue;
        }
        const int64_t age_ns = scene->now_ns - sent_ns;
        scene->most_ns = age_ns > scene->most_ns ? age_ns : scene->most_ns;
        scene->now_ns += work_ns;
    }
}

static void reader_who_keeps_up_gets_all(void **state) {
    (void)state;
    struct scene scene = scene_of(PERIOD_NS);
    read_for(&scene, 60 * NS_PER_S, 20 * NS_PER_MS);
    assert_int_equal(scene.left_out, 0);
}

static void slow_reader_is_never_far_behind(void **state) {
    (void)state;
    struct scene scene = scene_of(PERIOD_NS);
    read_for(&scene, 3600 * NS_PER_S, 40 * NS_PER_MS);
    assert_true(scene.left_out > 0);
    assert_true(scene.most_ns <= LAG_MAX_NS + LAG_PATIENCE_NS);
}

static void reader_who_is_a_little_slow_is_never_far_behind(void **state) {
    (void)state;
    struct scene scene = scene_of(PERIOD_NS);
    read_for(&scene, 3600 * NS_PER_S, PERIOD_NS + PERIOD_NS / 1000);
    assert_true(scene.left_out > 0);
    assert_true(scene.most_ns <= LAG_MAX_NS + LAG_PATIENCE_NS);
}

static void clocks_that_are_off_do_not_matter(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct scene scene = scene_of(PERIOD_NS + sign * PERIOD_NS / 1000);
        read_for(&scene, 24 * 3600 * NS_PER_S, 10 * NS_PER_MS);
        assert_int_equal(scene.left_out, 0);
    }
}

/* Many cameras count 30 frames a second and send 25, or the other way round. */
static void wrong_rates_do_not_matter(void **state) {
    (void)state;
    static const int64_t periods_ns[] = {PERIOD_NS, 2 * NS_PER_S};
    for (int step = 80; step <= 120; step += 10) {
        for (size_t i = 0; i < sizeof periods_ns / sizeof periods_ns[0]; i++) {
            struct scene scene = scene_of(periods_ns[i] * step / 100);
            scene.period_ns = periods_ns[i];
            read_for(&scene, 3600 * NS_PER_S, 20 * NS_PER_MS);
            assert_int_equal(scene.left_out, 0);
            assert_true(scene.most_ns == 0);
        }
    }
}

static void a_source_that_becomes_slower_is_known_for_it(void **state) {
    (void)state;
    struct scene scene = scene_of(PERIOD_NS * 11 / 10);
    read_for(&scene, 60 * NS_PER_S, 20 * NS_PER_MS);
    struct scene slower = scene_of(900 * NS_PER_MS);
    slower.lag = scene.lag;
    slower.now_ns = slower.begun_ns = scene.now_ns + NS_PER_S;
    slower.period_ns = NS_PER_S;
    read_for(&slower, 60 * NS_PER_S, 20 * NS_PER_MS);
    read_for(&slower, 3600 * NS_PER_S, 20 * NS_PER_MS);
    assert_int_equal(slower.left_out, 0);
}

static void what_the_network_held_up_is_left_out_down_to_the_newest(void **state) {
    (void)state;
    for (int step = 90; step <= 110; step += 10) {
        struct scene scene = scene_of(PERIOD_NS * step / 100);
        read_for(&scene, 60 * NS_PER_S, 20 * NS_PER_MS);
        scene.held_until_ns = scene.now_ns + 20 * NS_PER_S;
        read_for(&scene, 20 * NS_PER_S + LAG_PATIENCE_NS + NS_PER_S, 20 * NS_PER_MS);
        assert_true(scene.left_out > 500);
        read_for(&scene, 10 * NS_PER_S, 20 * NS_PER_MS); /* a clock that is fast has hidden the last bit */
        read_for(&scene, 10 * NS_PER_S, 20 * NS_PER_MS);
        assert_int_equal(scene.most_ns, 0);
        assert_int_equal(scene.left_out, 0);
    }
}

static void short_pause_is_caught_up_with_and_nothing_left_out(void **state) {
    (void)state;
    struct scene scene = scene_of(PERIOD_NS);
    read_for(&scene, 10 * NS_PER_S, 5 * NS_PER_MS);
    scene.now_ns += 2 * NS_PER_S;
    read_for(&scene, 10 * NS_PER_S, 5 * NS_PER_MS);
    assert_int_equal(scene.left_out, 0);
}

static void long_pause_is_left_out_down_to_the_newest(void **state) {
    (void)state;
    struct scene scene = scene_of(PERIOD_NS);
    read_for(&scene, 10 * NS_PER_S, 20 * NS_PER_MS);
    scene.now_ns += 20 * NS_PER_S;
    read_for(&scene, LAG_PATIENCE_NS + NS_PER_S, 20 * NS_PER_MS);
    assert_true(scene.left_out > 500);
    read_for(&scene, 10 * NS_PER_S, 20 * NS_PER_MS);
    assert_true(scene.most_ns < PERIOD_NS);
    assert_int_equal(scene.left_out, 0);
}

/* Before and after it, frames come as they should: one burst is left out, no more. */
static void jump_of_the_clock_is_got_over(void **state) {
    (void)state;
    for (int sign = -1; sign <= 1; sign += 2) {
        struct lag lag = {0};
        int64_t now_ns = NS_PER_S, time_ns = ANY_TIME_NS;
        unsigned left_out = 0;
        for (int i = 0; i < 1000; i++) {
            now_ns += PERIOD_NS;
            time_ns += i == 500 ? sign * 100 * NS_PER_S : PERIOD_NS;
            left_out += lag_leaves_out(&lag, time_ns, now_ns, PERIOD_NS);
        }
        assert_in_range(left_out, 0, 1);
    }
}

/* Such times fail under UBSan where they overflow. */
static void times_at_the_ends_of_their_range_do_no_harm(void **state) {
    (void)state;
    static const int64_t times_ns[] = {INT64_MAX, -INT64_MAX, 0, -INT64_MAX, INT64_MAX, INT64_MAX};
    struct lag lag = {0};
    int64_t now_ns = NS_PER_S;
    unsigned left_out = 0;
    for (size_t i = 0; i < 1000; i++) {
        now_ns += PERIOD_NS;
        left_out += lag_leaves_out(&lag, times_ns[i % 6], now_ns, PERIOD_NS);
    }
    assert_int_equal(left_out, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reader_who_keeps_up_gets_all),
        cmocka_unit_test(slow_reader_is_never_far_behind),
        cmocka_unit_test(reader_who_is_a_little_slow_is_never_far_behind),
        cmocka_unit_test(clocks_that_are_off_do_not_matter),
        cmocka_unit_test(wrong_rates_do_not_matter),
        cmocka_unit_test(a_source_that_becomes_slower_is_known_for_it),
        cmocka_unit_test(what_the_network_held_up_is_left_out_down_to_the_newest),
        cmocka_unit_test(short_pause_is_caught_up_with_and_nothing_left_out),
        cmocka_unit_test(long_pause_is_left_out_down_to_the_newest),
        cmocka_unit_test(jump_of_the_clock_is_got_over),
        cmocka_unit_test(times_at_the_ends_of_their_range_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
