#include "web/mqtt/mqtt_values.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct mqtt_values values;
static struct topic_snapshot camera;

static int begin(void **state) {
    (void)state;
    mqtt_values_init(&values);
    camera = (struct topic_snapshot){.state = STATE_LIVE};
    return 0;
}

static int end(void **state) {
    (void)state;
    mqtt_values_finish(&values);
    return 0;
}

/* Sends what there is, and returns how many that are. */
static size_t send_all(void) {
    size_t count = 0;
    enum mqtt_value value;
    mqtt_values_update(&values, &camera);
    while ((value = mqtt_values_next(&values)) != MQTT_VALUES) {
        mqtt_values_note_sent(&values, value);
        count++;
    }
    return count;
}

static const char *wanted(enum mqtt_value value) { return mqtt_values_wanted(&values, value); }

static void nothing_is_sent_twice(void **state) {
    (void)state;
    assert_int_equal(send_all(), 4);
    assert_int_equal(send_all(), 0);
    camera.state = STATE_STALE;
    assert_int_equal(send_all(), 2); /* state and health */
    camera.state = STATE_LIVE;
    mqtt_values_update(&values, &camera);
    camera.state = STATE_STALE;
    assert_int_equal(send_all(), 0); /* it is again what was sent last */
}

static void state_is_the_last_one(void **state) {
    (void)state;
    mqtt_values_set(&values, MQTT_VALUE_CONFIG, strdup("{}"));
    mqtt_values_update(&values, &camera);
    enum mqtt_value value = MQTT_VALUES, next;
    while ((next = mqtt_values_next(&values)) != MQTT_VALUES) {
        value = next;
        mqtt_values_note_sent(&values, value);
    }
    assert_int_equal(value, MQTT_VALUE_STATE);
    mqtt_values_forget_sent(&values, MQTT_VALUE_CONFIG);
    assert_int_equal(mqtt_values_next(&values), MQTT_VALUE_CONFIG);
}

static void noise_of_a_rate_is_none(void **state) {
    (void)state;
    static const struct {
        double fps;
        const char *shown;
    } steps[] = {{29.97, "30.0"}, {30.9, "30.0"}, {28.7, "30.0"}, {24.9, "25.0"}, {5.04, "5.0"}, {4.9, "5.0"},
                 {1.02, "1.0"},   {1.2, "1.0"},   {0.1, "0.1"},   {0.04, "0.1"},  {0, "0.0"},    {0.02, "0.1"}};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        camera.captured_fps = steps[i].fps;
        mqtt_values_update(&values, &camera);
        assert_string_equal(wanted(MQTT_VALUE_FPS), steps[i].shown);
    }
}

static void camera_that_starts_is_as_healthy_as_before(void **state) {
    (void)state;
    camera.state = STATE_STARTING;
    mqtt_values_update(&values, &camera);
    assert_string_equal(wanted(MQTT_VALUE_HEALTH), "{\"healthy\":true,\"error\":null,\"restarts\":0}");
    camera.state = STATE_OFFLINE;
    strcpy(camera.error, "no \"device\"");
    camera.restarts = 3;
    mqtt_values_update(&values, &camera);
    const char *failed = "{\"healthy\":false,\"error\":\"no \\\"device\\\"\",\"restarts\":3}";
    assert_string_equal(wanted(MQTT_VALUE_HEALTH), failed);
    camera.state = STATE_STARTING;
    mqtt_values_update(&values, &camera);
    assert_string_equal(wanted(MQTT_VALUE_HEALTH), failed);
    camera.state = STATE_IDLE; /* a probe has failed */
    mqtt_values_update(&values, &camera);
    assert_string_equal(wanted(MQTT_VALUE_HEALTH), failed);
}

static void brief_snapshots_leave_the_viewers(void **state) {
    (void)state;
    camera.subscriber_count = 3;
    mqtt_values_update(&values, &camera);
    camera.subscriber_count = 0;
    camera.is_brief = true;
    mqtt_values_update(&values, &camera);
    assert_string_equal(wanted(MQTT_VALUE_VIEWERS), "3");
}

static void motion_is_there_while_it_is_configured(void **state) {
    (void)state;
    mqtt_values_update(&values, &camera);
    assert_null(wanted(MQTT_VALUE_MOTION));
    camera.motion = (struct motion_status){.is_configured = true, .is_active = true};
    mqtt_values_update(&values, &camera);
    assert_string_equal(wanted(MQTT_VALUE_MOTION), "OFF");
    assert_string_equal(wanted(MQTT_VALUE_MOTION_ACTIVE), "ON");
    mqtt_values_note_motion(&values);
    assert_string_equal(wanted(MQTT_VALUE_MOTION), "ON");
    camera.motion = (struct motion_status){.is_configured = false};
    mqtt_values_update(&values, &camera);
    assert_string_equal(wanted(MQTT_VALUE_MOTION), "");
    assert_string_equal(wanted(MQTT_VALUE_MOTION_ACTIVE), "");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(nothing_is_sent_twice, begin, end),
        cmocka_unit_test_setup_teardown(state_is_the_last_one, begin, end),
        cmocka_unit_test_setup_teardown(noise_of_a_rate_is_none, begin, end),
        cmocka_unit_test_setup_teardown(camera_that_starts_is_as_healthy_as_before, begin, end),
        cmocka_unit_test_setup_teardown(brief_snapshots_leave_the_viewers, begin, end),
        cmocka_unit_test_setup_teardown(motion_is_there_while_it_is_configured, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
