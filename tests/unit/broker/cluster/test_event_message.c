/* Events that nodes send to each other: to bytes and back. */
#include "tests/unit/broker/cluster/round_trip.h"

#include <stdio.h>

static struct event_log_entry make_event(void) {
    struct event_log_entry entry = {.kind = EVENT_LOG_MOTION_ENDED,
                                    .camera = "front",
                                    .reason = {"enough"},
                                    .motion = {.id = 5,
                                               .zone = "drive",
                                               .began_realtime_ns = 6,
                                               .ended_realtime_ns = 7,
                                               .score = 100,
                                               .place_count = MOTION_PLACES_MAX,
                                               .step_count = MOTION_PATH_MAX}};
    for (size_t i = 0; i < MOTION_PLACES_MAX; i++) {
        entry.motion.places[i] = (struct motion_place){0, 0.25f, 0.5f, 1};
    }
    for (size_t i = 0; i < MOTION_PATH_MAX; i++) {
        entry.motion.path[i] = (struct motion_step){(int64_t)i, {0.75f, 0, 0.125f, 1}};
    }
    return entry;
}

static void event_arrives(void **state) {
    (void)state;
    struct event_log_entry read, entry = make_event();
    ROUND_TRIP(event_message, &entry, &read);
    assert_int_equal(read.kind, EVENT_LOG_MOTION_ENDED);
    assert_string_equal(read.camera, "front");
    assert_string_equal(read.reason.text, "enough");
    assert_string_equal(read.motion.zone, "drive");
    assert_true(read.motion.id == 5 && read.motion.began_realtime_ns == 6 && read.motion.ended_realtime_ns == 7);
    assert_true(read.motion.score == 100 && read.motion.place_count == MOTION_PLACES_MAX);
    assert_float_equal(read.motion.places[7].y, 0.25f, 0.0001f);
    assert_true(read.motion.places[7].x == 0 && read.motion.places[7].height == 1);
    assert_true(read.motion.path[15].at_realtime_ns == 15);
    assert_float_equal(read.motion.path[15].place.x, 0.75f, 0.0001f);
    REFUSES_OTHER_VERSION(event_message, &read);
}

static void events_of_motion_and_recording_are_sent(void **state) {
    (void)state;
    for (int kind = EVENT_LOG_STATE; kind <= EVENT_LOG_RECORDING_RECOVERED; kind++) {
        struct event_log_entry read, entry = make_event();
        entry.kind = (enum event_log_kind)kind;
        assert_true(event_message_is_sent(entry.kind) == (kind >= EVENT_LOG_MOTION_BEGAN));
        if (event_message_is_sent(entry.kind)) {
            ROUND_TRIP(event_message, &entry, &read);
            assert_int_equal(read.kind, kind);
        } else {
            REFUSES(event_message, &entry, &read);
        }
    }
}

static void event_that_is_out_of_bounds_is_refused(void **state) {
    (void)state;
    struct event_log_entry read, entry = make_event();
    snprintf(entry.camera, sizeof entry.camera, "site-a.front");
    REFUSES(event_message, &entry, &read);
    entry = make_event();
    entry.motion.score = 101;
    REFUSES(event_message, &entry, &read);
    entry = make_event();
    entry.motion.place_count = entry.motion.step_count = 0;
    struct wire_writer writer = {.bytes = message, .capacity = sizeof message};
    event_message_write(&writer, &entry);
    for (size_t back = 1; back <= 2; back++) { /* how many steps, and places */
        for (unsigned count = back == 1 ? MOTION_PATH_MAX + 1 : MOTION_PLACES_MAX + 1; count < 256; count++) {
            message[writer.count - back] = (uint8_t)count;
            struct wire_reader reader = {.bytes = message, .count = sizeof message};
            assert_false(event_message_read(&reader, &read));
        }
        message[writer.count - back] = 0;
    }
    for (unsigned kind = 6; kind < 256; kind++) {
        message[1] = (uint8_t)kind;
        struct wire_reader reader = {.bytes = message, .count = writer.count};
        assert_false(event_message_read(&reader, &read));
    }
}

static void places_outside_of_the_picture_are_moved_into_it(void **state) {
    (void)state;
    struct event_log_entry read, entry = make_event();
    entry.motion.places[0] = (struct motion_place){-1, 2, 1e30f, -1e30f};
    ROUND_TRIP(event_message, &entry, &read);
    const struct motion_place *place = &read.motion.places[0];
    assert_true(place->x == 0 && place->y == 1 && place->width == 1 && place->height == 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(event_arrives),
        cmocka_unit_test(events_of_motion_and_recording_are_sent),
        cmocka_unit_test(event_that_is_out_of_bounds_is_refused),
        cmocka_unit_test(places_outside_of_the_picture_are_moved_into_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
