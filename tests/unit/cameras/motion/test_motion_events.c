#include "broker/base/clock.h"
#include "cameras/motion/motion_events.h"
#include "tests/asserts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#define PERIOD_NS (200 * NS_PER_MS)
#define BEGIN_NS (1000 * NS_PER_S)
#define EPOCH_NS (1800000000 * NS_PER_S)

struct told {
    unsigned began, peaked, ended;
    struct motion_event last;
};

static struct motion_settings settings;
static struct motion_events *events;
static struct told told;
static int64_t now_ns; /* since BEGIN_NS */
static bool was_moving[2];
static struct motion_time since[2];

static void take(void *user, enum motion_change change, const struct motion_event *event) {
    struct told *to = user;
    *(change == MOTION_BEGAN ? &to->began : change == MOTION_PEAKED ? &to->peaked : &to->ended) += 1;
    to->last = *event;
}

static struct motion_time time_at(int64_t ns) {
    return (struct motion_time){.monotonic_ns = BEGIN_NS + ns, .realtime_ns = EPOCH_NS + ns};
}

static void open_events(void) {
    told = (struct told){0};
    now_ns = 0;
    memset(was_moving, 0, sizeof was_moving);
    assert_int_equal(motion_events_create(&settings, take, &told, &events), ERR_OK);
}

static int setup(void **state) {
    (void)state;
    motion_settings_init(&settings);
    open_events();
    return 0;
}

static int teardown(void **state) {
    (void)state;
    motion_events_destroy(&events);
    assert_null(events);
    return 0;
}

/* A frame in which each zone has that score, 0: nothing moves. */
static void feed_zones(unsigned first, unsigned second) {
    const unsigned scores[] = {first, second};
    struct detector_result result = {.why = "", .zone_count = 2};
    for (unsigned i = 0; i < 2; i++) {
        if (scores[i] > 0 && !was_moving[i]) {
            since[i] = time_at(now_ns);
        }
        was_moving[i] = scores[i] > 0;
        result.zones[i] =
            (struct zone_result){.score = scores[i], .threshold = 30, .moving = was_moving[i], .since = since[i]};
        if (was_moving[i]) {
            result.boxes[result.box_count++] = (struct motion_box){
                .x = (float)scores[i] / 100, .width = 0.1f, .height = 0.1f, .zones = (uint16_t)(1u << i)};
        }
    }
    motion_events_feed(events, &result, time_at(now_ns));
    now_ns += PERIOD_NS;
}

static void feed(unsigned score, unsigned frames) {
    for (unsigned i = 0; i < frames; i++) {
        feed_zones(score, 0);
    }
}

static void a_movement_that_lasts_is_an_event(void **state) {
    (void)state;
    feed(0, 5);
    const struct motion_time first = time_at(now_ns);
    feed(40, 2);
    assert_int_equal(told.began, 0);
    feed(50, 1);
    assert_int_equal(told.began, 1);
    assert_int_equal(told.last.begin.realtime_ns, first.realtime_ns);
    assert_int_equal(told.last.id, first.realtime_ns / NS_PER_US);
    assert_int_equal(told.last.score, 50);
    assert_string_equal(told.last.zone_name, "");
    assert_non_null(motion_events_current(events, 0));
    const struct motion_time last = time_at(now_ns - PERIOD_NS);
    feed(0, 24);
    assert_int_equal(told.ended, 0);
    feed(0, 1);
    assert_int_equal(told.ended, 1);
    assert_int_equal(told.last.end.realtime_ns, last.realtime_ns);
    assert_null(motion_events_current(events, 0));
}

static void a_short_movement_is_none(void **state) {
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        feed(40, 2);
        feed(0, 10);
    }
    assert_int_equal(told.began + told.ended, 0);
}

static void movements_within_the_cooldown_are_one_event(void **state) {
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        feed(40, 5);
        feed(0, 20);
    }
    assert_int_equal(told.began, 1);
    feed(0, 10);
    feed(40, 5);
    assert_int_equal(told.began, 2);
}

static void a_long_event_is_split(void **state) {
    (void)state;
    settings.max_duration_ns = 10 * NS_PER_S;
    uint64_t last_id = 0;
    for (unsigned i = 0; i < 200; i++) { /* 40 s */
        const unsigned began = told.began;
        feed(40, 1);
        if (told.began > began) {
            assert_true(told.last.id > last_id);
            last_id = told.last.id;
        }
    }
    assert_int_equal(told.began, 4);
    assert_int_equal(told.ended, 3);
}

/* The frame to keep is known at once, and again whenever there is a better one. */
static void the_highest_score_is_reported(void **state) {
    (void)state;
    feed(40, 3);
    assert_int_equal(told.peaked, 1);
    feed(40, 3);
    assert_int_equal(told.peaked, 1);
    const struct motion_time best = time_at(now_ns);
    feed(70, 1);
    assert_int_equal(told.peaked, 2);
    feed(60, 5);
    assert_int_equal(told.peaked, 2);
    assert_int_equal(told.last.score, 70);
    assert_int_equal(told.last.peak.realtime_ns, best.realtime_ns);
    assert_int_equal(told.last.box_count, 1);
}

static void boxes_over_time_are_bounded(void **state) {
    (void)state;
    settings.max_duration_ns = 3600 * NS_PER_S;
    for (unsigned i = 0; i < 5 * 900; i++) { /* 15 min */
        feed(40 + i / 100, 1);
        const struct motion_event *event = motion_events_current(events, 0);
        for (size_t j = 1; event != NULL && j < event->trace_count; j++) {
            assert_true(event->trace[j].realtime_ns > event->trace[j - 1].realtime_ns);
        }
    }
    const struct motion_event *event = motion_events_current(events, 0);
    assert_non_null(event);
    assert_in_range(event->trace_count, MOTION_TRACE_MAX / 2, MOTION_TRACE_MAX);
    assert_int_equal(event->trace[0].realtime_ns, event->begin.realtime_ns);
    assert_true(event->trace[event->trace_count - 1].realtime_ns > EPOCH_NS + 800 * NS_PER_S);
}

static const struct polygon_point square[] = {{0, 0}, {0.5, 0}, {0.5, 1}};

static void zones_have_events_of_their_own(void **state) {
    (void)state;
    const struct motion_zone zones[] = {{.name = "door", .polygon = {.points = square, .count = 3}},
                                        {.name = "lawn", .polygon = {.points = square, .count = 3}}};
    settings.zones = zones;
    settings.zone_count = 2;
    motion_events_destroy(&events);
    open_events();
    for (unsigned i = 0; i < 5; i++) {
        feed_zones(0, 60);
    }
    assert_int_equal(told.began, 1);
    assert_string_equal(told.last.zone_name, "lawn");
    assert_int_equal(told.last.box_count, 1);
    for (unsigned i = 0; i < 5; i++) {
        feed_zones(50, 60);
    }
    assert_int_equal(told.began, 2);
    assert_string_equal(told.last.zone_name, "door");
    motion_events_stop(events);
    assert_int_equal(told.ended, 2);
    motion_events_stop(events);
    assert_int_equal(told.ended, 2);
}

static void a_clock_that_is_set_back_spoils_no_id(void **state) {
    (void)state;
    feed(40, 5);
    const uint64_t id = told.last.id;
    motion_events_stop(events);
    struct detector_result result = {.why = "", .zone_count = 1};
    const struct motion_time first = {.monotonic_ns = BEGIN_NS + now_ns, .realtime_ns = NS_PER_S};
    for (unsigned i = 0; i < 5; i++) {
        const struct motion_time set_back = {.monotonic_ns = BEGIN_NS + now_ns, .realtime_ns = NS_PER_S};
        result.zones[0] = (struct zone_result){.score = 50, .threshold = 30, .moving = true, .since = first};
        motion_events_feed(events, &result, set_back);
        now_ns += PERIOD_NS;
    }
    assert_int_equal(told.began, 2);
    assert_int_equal(told.last.id, id + 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_movement_that_lasts_is_an_event, setup, teardown),
        cmocka_unit_test_setup_teardown(a_short_movement_is_none, setup, teardown),
        cmocka_unit_test_setup_teardown(movements_within_the_cooldown_are_one_event, setup, teardown),
        cmocka_unit_test_setup_teardown(a_long_event_is_split, setup, teardown),
        cmocka_unit_test_setup_teardown(the_highest_score_is_reported, setup, teardown),
        cmocka_unit_test_setup_teardown(boxes_over_time_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(zones_have_events_of_their_own, setup, teardown),
        cmocka_unit_test_setup_teardown(a_clock_that_is_set_back_spoils_no_id, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
