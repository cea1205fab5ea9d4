#include "web/views/json/event_json.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEW_YEAR_NS (INT64_C(1767225600) * NS_PER_S)

static struct event_log_entry door_event(enum event_log_kind kind) {
    struct event_log_entry entry = {
        .kind = kind,
        .camera = "a",
        .motion = {.id = 1767225600000001,
                   .zone = "door",
                   .began_realtime_ns = NEW_YEAR_NS,
                   .score = 42,
                   .place_count = 1,
                   .places = {{.x = 0.25F, .y = 0.5F, .width = 0.1234F, .height = 0.1F}}},
    };
    return entry;
}

static void an_event_that_begins_says_where_and_when(void **state) {
    (void)state;
    const struct event_log_entry entry = door_event(EVENT_LOG_MOTION_BEGAN);
    char *text = event_render(&entry);
    assert_non_null(text);
    assert_string_equal(event_name(entry.kind), "motion");
    assert_string_equal(text, "{\"camera\":\"a\",\"action\":\"began\",\"id\":\"1767225600000001\",\"zone\":\"door\","
                              "\"score\":42,\"boxes\":[{\"x\":0.25,\"y\":0.5,\"width\":0.123,\"height\":0.1}],"
                              "\"path\":[],\"began\":\"2026-01-01T00:00:00.000Z\",\"ended\":null,"
                              "\"snapshot\":\"/camera/a/events/1767225600000001.jpg\"}");
    free(text);
}

static void an_event_that_ends_has_its_path(void **state) {
    (void)state;
    struct event_log_entry entry = door_event(EVENT_LOG_MOTION_ENDED);
    entry.motion.zone[0] = '\0';
    entry.motion.ended_realtime_ns = NEW_YEAR_NS + 2500 * NS_PER_MS;
    entry.motion.step_count = 1;
    entry.motion.path[0] = (struct motion_step){NEW_YEAR_NS + NS_PER_S, entry.motion.places[0]};
    char *text = event_render(&entry);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"action\":\"ended\""));
    assert_non_null(strstr(text, "\"zone\":null"));
    assert_non_null(strstr(text, "\"ended\":\"2026-01-01T00:00:02.500Z\""));
    assert_non_null(strstr(text, "\"path\":[{\"x\":0.25,\"y\":0.5,\"width\":0.123,\"height\":0.1,"
                                 "\"at\":\"2026-01-01T00:00:01.000Z\"}]"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_event_that_begins_says_where_and_when),
        cmocka_unit_test(an_event_that_ends_has_its_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
