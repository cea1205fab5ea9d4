#include "cameras/fleet.h"

#include "broker/clock.h"
#include "broker/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define CAMERAS 8
#define PATIENCE_NS (20 * NS_PER_S)

static struct broker *broker;
static struct fleet *fleet;

static int set_up(void **state) {
    (void)state;
    assert_int_equal(broker_create(&(struct broker_settings){.workers = 2}, &broker), ERR_OK);
    assert_int_equal(fleet_create(broker, &fleet), ERR_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    fleet_destroy(&fleet);
    broker_destroy(&broker);
    return 0;
}

static struct camera_settings pattern_settings(unsigned place) {
    struct camera_settings settings = {
        .topic = {.name = "A pattern", .source = "pattern", .ring_frames = 4, .idle_timeout_ns = NS_PER_S, .fps = 50},
        .stale_after_ns = PATIENCE_NS,
        .source = {.type = SOURCE_PATTERN, .fps = 50, .width_px = 160, .height_px = 120, .quality = 80}};
    snprintf(settings.topic.id, sizeof settings.topic.id, "camera-%u", place);
    return settings;
}

static void add(const struct camera_settings *settings) {
    struct reason reason = {""};
    assert_int_equal(fleet_add(fleet, settings, &reason), ERR_OK);
}

static void await_live(unsigned place) {
    struct topic *topic = broker_topic_at(broker, place);
    assert_non_null(topic);
    struct subscriber *viewer;
    struct frame *frame;
    assert_int_equal(
        subscriber_create(topic, NULL, &(struct subscriber_settings){.remote = "test", .route = "test"}, &viewer),
        ERR_OK);
    assert_int_equal(subscriber_wait(viewer, 0, false, clock_monotonic_ns() + PATIENCE_NS, &frame), ERR_OK);
    assert_int_equal(frame_info(frame)->width_px, 160);
    frame_unref(&frame);
    subscriber_destroy(&viewer);
    topic_unref(&topic);
}

static void every_camera_serves_its_own_topic(void **state) {
    (void)state;
    for (unsigned i = 0; i < CAMERAS; i++) {
        struct camera_settings settings = pattern_settings(i);
        add(&settings);
    }
    assert_int_equal(broker_topic_count(broker), CAMERAS);
    for (unsigned i = 0; i < CAMERAS; i++) {
        await_live(i);
    }
}

static void second_camera_of_an_id_is_refused_and_the_first_goes_on(void **state) {
    (void)state;
    struct camera_settings settings = pattern_settings(1);
    add(&settings);
    struct reason reason = {""};
    assert_int_equal(fleet_add(fleet, &settings, &reason), ERR_BUSY);
    assert_string_not_equal(reason.text, "");
    assert_int_equal(broker_topic_count(broker), 1);
    await_live(0);
}

static void frozen_cameras_end_together(void **state) {
    (void)state;
    static const struct fault_settings freeze = {.kind = FAULT_FREEZE, .at_frame = 2, .for_ns = INT64_MAX};
    for (unsigned i = 0; i < CAMERAS; i++) {
        struct camera_settings settings = pattern_settings(i);
        settings.topic.on_demand = false;
        settings.source.faults = &freeze;
        settings.source.fault_count = 1;
        add(&settings);
        await_live(i);
    }
    int64_t began_ns = clock_monotonic_ns();
    fleet_destroy(&fleet);
    assert_true(clock_monotonic_ns() - began_ns < 2 * NS_PER_S);
}

static void empty_fleet_ends(void **state) {
    (void)state;
    fleet_destroy(&fleet);
    assert_null(fleet);
}

#define fleet_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        fleet_test(every_camera_serves_its_own_topic),
        fleet_test(second_camera_of_an_id_is_refused_and_the_first_goes_on),
        fleet_test(frozen_cameras_end_together),
        fleet_test(empty_fleet_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
