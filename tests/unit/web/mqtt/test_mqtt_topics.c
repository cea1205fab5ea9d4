#include "web/mqtt/mqtt_topics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct mqtt_settings settings = {.prefix = "site/a", .discovery_prefix = "homeassistant"};

static struct mqtt_message parse(const char *topic, const char *payload, bool is_retained) {
    return mqtt_message_parse(&settings, topic, payload, strlen(payload), is_retained);
}

static enum mqtt_arrival arrival(const char *topic, const char *payload, bool is_retained) {
    return parse(topic, payload, is_retained).arrival;
}

static void object_ids_of_different_pairs_differ(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"a", "b"},      {"a", "b_c"},  {"a_b", "c"},  {"a/b", "c"}, {"a-b", "c"},
                                           {"a_2fb", "c"},  {"a__b", "c"}, {"a", "b__c"}, {"A", "b"},   {"a_", "c"},
                                           {"a", "5f__c"},  {"ä", "b"},    {"a b", "c"},  {"a", "n.b"}, {"a", "n_b"},
                                           {"a", "n-2e-b"}, {"a", "n_2eb"}};
    const size_t count = sizeof pairs / sizeof pairs[0];
    char ids[sizeof pairs / sizeof pairs[0]][MQTT_OBJECT_ID_BYTES];
    for (size_t i = 0; i < count; i++) {
        mqtt_object_id(ids[i], pairs[i][0], pairs[i][1]);
        assert_int_equal(strspn(ids[i], "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"),
                         strlen(ids[i]));
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(ids[i], ids[j]);
        }
    }
    assert_string_equal(ids[0], "a__b");
    assert_string_equal(ids[3], "a_2fb__c");
    mqtt_object_id(ids[0], "a", "site-a.front");
    assert_string_equal(ids[0], "a__site-a_2Efront");
}

static void longest_names_fit(void **state) {
    (void)state;
    char prefix[MQTT_PREFIX_MAX_BYTES + 1], camera[EVENT_LOG_CAMERA_BYTES], id[MQTT_OBJECT_ID_BYTES];
    char topic[MQTT_TOPIC_BYTES];
    memset(prefix, '_', sizeof prefix - 1);
    prefix[sizeof prefix - 1] = '\0';
    memset(camera, 'c', sizeof camera - 1);
    camera[sizeof camera - 1] = '\0';
    mqtt_object_id(id, prefix, camera);
    assert_int_equal(strlen(id), 3 * MQTT_PREFIX_MAX_BYTES + 2 + 64);
    camera[32] = '.';
    mqtt_object_id(id, prefix, camera);
    assert_int_equal(strlen(id), 3 * MQTT_PREFIX_MAX_BYTES + 2 + 66);
    const struct mqtt_settings longest = {.prefix = prefix, .discovery_prefix = prefix};
    mqtt_topic_of_discovery(topic, &longest, camera);
    assert_string_equal(topic + strlen(topic) - 7, "/config");
    mqtt_topic(topic, prefix, camera, "snapshot/set");
    assert_string_equal(topic + strlen(topic) - 4, "/set");
}

static void commands_are_known(void **state) {
    (void)state;
    struct mqtt_message message = parse("site/a/front-door/motion/set", "ON", false);
    assert_int_equal(message.arrival, MQTT_MOTION_SET);
    assert_string_equal(message.camera, "front-door");
    message = parse("site/a/site-b.door/motion/set", "ON", false);
    assert_int_equal(message.arrival, MQTT_MOTION_SET);
    assert_string_equal(message.camera, "site-b.door");
    assert_int_equal(arrival("site/a/site-b.door.x/motion/set", "ON", false), MQTT_NOTHING_KNOWN);
    assert_true(message.is_on);
    message = parse("site/a/1/record/set", "off", false);
    assert_int_equal(message.arrival, MQTT_RECORD_SET);
    assert_false(message.is_on);
    assert_int_equal(arrival("site/a/1/snapshot/set", "", false), MQTT_SNAPSHOT_SET);
    assert_int_equal(arrival("site/a/1/motion/set", "maybe", false), MQTT_NOTHING_KNOWN);
    assert_int_equal(arrival("site/a/1/motion/set", "", false), MQTT_NOTHING_KNOWN);
}

static void retained_commands_are_of_the_past(void **state) {
    (void)state;
    assert_int_equal(arrival("site/a/1/motion/set", "OFF", true), MQTT_NOTHING_KNOWN);
    assert_int_equal(arrival("site/a/1/snapshot/set", "", true), MQTT_NOTHING_KNOWN);
    assert_int_equal(arrival("homeassistant/status", "online", true), MQTT_NOTHING_KNOWN);
    assert_int_equal(arrival("site/a/server", "x", true), MQTT_NOTHING_KNOWN);
}

static void states_are_known_only_as_leftovers(void **state) {
    (void)state;
    struct mqtt_message message = parse("site/a/gone/state", "live", true);
    assert_int_equal(message.arrival, MQTT_STATE_RETAINED);
    assert_string_equal(message.camera, "gone");
    assert_int_equal(arrival("site/a/gone/state", "live", false), MQTT_NOTHING_KNOWN);
    assert_int_equal(arrival("site/a/gone/state", "", true), MQTT_NOTHING_KNOWN);
}

static void home_assistant_comes(void **state) {
    (void)state;
    assert_int_equal(arrival("homeassistant/status", "online", false), MQTT_HOME_ASSISTANT_ONLINE);
    assert_int_equal(arrival("homeassistant/status", "offline", false), MQTT_NOTHING_KNOWN);
    assert_int_equal(arrival("site/a/server", "x", false), MQTT_SERVER_NAMED);
    const struct mqtt_settings without = {.prefix = "a", .discovery_prefix = ""};
    assert_int_equal(mqtt_message_parse(&without, "/status", "online", 6, false).arrival, MQTT_NOTHING_KNOWN);
}

static void foreign_topics_are_nothing(void **state) {
    (void)state;
    static const char *const topics[] = {"",
                                         "site",
                                         "site/a",
                                         "site/a/",
                                         "site/ab/1/state",
                                         "site/a//state",
                                         "site/a/A/state",
                                         "site/a/-x/state",
                                         "site/a/1",
                                         "site/a/1/2/state",
                                         "site/a/1/state/x",
                                         "site/a/../state"};
    for (size_t i = 0; i < sizeof topics / sizeof topics[0]; i++) {
        assert_int_equal(arrival(topics[i], "live", true), MQTT_NOTHING_KNOWN);
    }
    char longest[200] = "site/a/";
    memset(longest + 7, 'c', 65);
    strcpy(longest + 7 + 65, "/state");
    assert_int_equal(arrival(longest, "live", true), MQTT_NOTHING_KNOWN);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(object_ids_of_different_pairs_differ),
        cmocka_unit_test(longest_names_fit),
        cmocka_unit_test(commands_are_known),
        cmocka_unit_test(retained_commands_are_of_the_past),
        cmocka_unit_test(states_are_known_only_as_leftovers),
        cmocka_unit_test(home_assistant_comes),
        cmocka_unit_test(foreign_topics_are_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
