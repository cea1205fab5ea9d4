#include "cameras/supervisor/motion_watch.h"

#include "broker/base/clock.h"
#include "broker/motion_port.h"
#include "tests/unit/support.h"

#include <string.h>
#include <time.h>

#define WIDTH 320
#define HEIGHT 240
#define PERIOD_NS (NS_PER_S / 5)
#define BOX 60
#define LEARNING_FRAMES 20
#define MOVING_FRAMES 8

struct fixture {
    struct broker *broker;
    struct topic *topic;
    struct motion_watch *watch;
    struct motion_port *port;
    struct motion_settings settings;
    struct event_log_entry entry; /* the newest of motion */
    uint64_t position, sequence;
    int64_t began_ns;
};

static void begin(struct fixture *fixture) {
    static const struct topic_settings topic = {.id = "a", .name = "A", .source = "test", .ring_frames = 4};
    *fixture = (struct fixture){.began_ns = 1000 * NS_PER_S};
    assert_int_equal(broker_create(&(struct broker_settings){.workers = 1}, &fixture->broker), ERR_OK);
    assert_int_equal(broker_create_topic(fixture->broker, &topic, &fixture->topic), ERR_OK);
    assert_int_equal(motion_watch_create(fixture->broker, fixture->topic, &fixture->watch), ERR_OK);
    fixture->port = topic_motion(fixture->topic);
    motion_settings_init(&fixture->settings);
    fixture->settings.min_duration_ns = 0;
}

static void end(struct fixture *fixture) {
    motion_watch_destroy(&fixture->watch);
    topic_unref(&fixture->topic);
    broker_destroy(&fixture->broker);
}

static void configure(struct fixture *fixture) { motion_watch_configure(fixture->watch, &fixture->settings, NULL); }

static struct frame *new_frame(struct fixture *fixture, enum frame_format format, size_t bytes) {
    struct frame *frame;
    assert_int_equal(frame_create(broker_frame_pool(fixture->broker), bytes, &frame), ERR_OK);
    frame_set_size(frame, bytes);
    *frame_edit_info(frame) =
        (struct frame_info){.sequence = fixture->sequence,
                            .format = format,
                            .width_px = WIDTH,
                            .height_px = HEIGHT,
                            .state = STATE_LIVE,
                            .captured_monotonic_ns = fixture->began_ns + (int64_t)fixture->sequence * PERIOD_NS,
                            .captured_realtime_ns = 1800000000 * NS_PER_S + (int64_t)fixture->sequence * PERIOD_NS};
    return frame;
}

/* Something with structure, and a light box before it at x, if that is not negative. */
static void draw(uint8_t *samples, int x) {
    for (int row = 0; row < HEIGHT; row++) {
        for (int column = 0; column < WIDTH; column++) {
            const bool in_box = x >= 0 && row >= 90 && row < 90 + BOX && column >= x && column < x + BOX;
            samples[row * WIDTH + column] =
                (uint8_t)(in_box ? 250 : 60 + column / 4 + (row / 16 + column / 16) % 2 * 40);
        }
    }
}

static uint64_t completed(const struct fixture *fixture) {
    return worker_pool_usage(broker_worker_pool(fixture->broker)).completed;
}

/* A frame that the watch looks at; returns once it has. */
static void look(struct fixture *fixture, int box_x) {
    fixture->sequence++;
    struct frame *picture = new_frame(fixture, FRAME_GREY, (size_t)WIDTH * HEIGHT);
    struct frame *jpeg = new_frame(fixture, FRAME_JPEG, 100);
    draw(frame_data(picture), box_x);
    const uint64_t before = completed(fixture);
    motion_watch_look(fixture->watch, &picture, &jpeg);
    assert_null(picture);
    assert_null(jpeg);
    while (completed(fixture) == before) {
        nanosleep(&(struct timespec){.tv_nsec = 100 * 1000}, NULL);
    }
}

static void look_at_nothing(struct fixture *fixture) {
    for (int i = 0; i < LEARNING_FRAMES; i++) {
        look(fixture, -1);
    }
}

static void look_at_the_box(struct fixture *fixture) {
    for (int i = 0; i < MOVING_FRAMES; i++) {
        look(fixture, 20 + i * 20);
    }
}

/* The next of motion, in fixture->entry. */
static bool has_event(struct fixture *fixture, enum event_log_kind kind) {
    uint64_t missed;
    while (event_log_read_after(broker_event_log(fixture->broker), &fixture->position, &fixture->entry, &missed) ==
           ERR_OK) {
        if (fixture->entry.kind == kind) {
            return true;
        }
    }
    return false;
}

static void without_settings_no_frame_is_wanted(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_false(motion_watch_wants(fixture.watch, fixture.began_ns));
    assert_false(motion_port_status(fixture.port).is_configured);
    end(&fixture);
}

static void frames_are_thinned(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    configure(&fixture);
    unsigned wanted = 0;
    for (int i = 0; i < 300; i++) { /* 10 s at 30 fps */
        wanted += motion_watch_wants(fixture.watch, fixture.began_ns + i * NS_PER_S / 30);
    }
    assert_in_range(wanted, 49, 51);
    end(&fixture);
}

static void what_moves_is_an_event_with_its_picture(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    configure(&fixture);
    look_at_nothing(&fixture);
    assert_false(has_event(&fixture, EVENT_LOG_MOTION_BEGAN));
    look_at_the_box(&fixture);
    assert_true(has_event(&fixture, EVENT_LOG_MOTION_BEGAN));
    const struct motion_record *event = &fixture.entry.motion;
    assert_string_equal(fixture.entry.camera, "a");
    assert_string_equal(event->zone, "");
    assert_true(event->place_count > 0 && event->places[0].y > 0.2F && event->places[0].y < 0.6F);
    const struct motion_status status = motion_port_status(fixture.port);
    assert_true(status.is_active && status.is_moving);
    assert_int_equal(status.events, 1);
    struct frame *picture = motion_port_picture(fixture.port, event->id);
    assert_non_null(picture);
    assert_int_equal(frame_info(picture)->format, FRAME_JPEG);
    assert_true(frame_info(picture)->sequence > LEARNING_FRAMES);
    frame_unref(&picture);
    end(&fixture);
}

static void an_event_ends_when_no_frames_come(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    configure(&fixture);
    look_at_nothing(&fixture);
    look_at_the_box(&fixture);
    motion_watch_pause(fixture.watch);
    assert_true(has_event(&fixture, EVENT_LOG_MOTION_ENDED));
    assert_true(fixture.entry.motion.ended_realtime_ns > fixture.entry.motion.began_realtime_ns);
    assert_true(fixture.entry.motion.step_count > 0);
    assert_false(motion_port_status(fixture.port).is_moving);
    look_at_the_box(&fixture); /* another picture is learnt first */
    assert_false(has_event(&fixture, EVENT_LOG_MOTION_BEGAN));
    end(&fixture);
}

static void switched_off_it_sees_nothing(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    configure(&fixture);
    look_at_nothing(&fixture);
    look_at_the_box(&fixture);
    assert_true(motion_port_switch(fixture.port, false));
    look(&fixture, 20);
    assert_true(has_event(&fixture, EVENT_LOG_MOTION_ENDED));
    look_at_nothing(&fixture);
    look_at_the_box(&fixture);
    assert_false(has_event(&fixture, EVENT_LOG_MOTION_BEGAN));
    assert_int_equal(motion_port_status(fixture.port).score, 0);
    end(&fixture);
}

static void other_settings_begin_anew(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    configure(&fixture);
    look_at_nothing(&fixture);
    look_at_the_box(&fixture);
    const struct polygon_point points[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    const struct polygon everything = {points, 4};
    fixture.settings.masks = &everything;
    fixture.settings.mask_count = 1;
    configure(&fixture);
    assert_true(has_event(&fixture, EVENT_LOG_MOTION_ENDED));
    look_at_nothing(&fixture);
    look_at_the_box(&fixture);
    assert_false(has_event(&fixture, EVENT_LOG_MOTION_BEGAN));
    assert_int_equal(motion_port_status(fixture.port).events, 1);
    motion_watch_configure(fixture.watch, NULL, NULL);
    assert_false(motion_port_status(fixture.port).is_configured);
    assert_false(motion_watch_wants(fixture.watch, fixture.began_ns + 3600 * NS_PER_S));
    end(&fixture);
}

static void a_zone_gives_its_name(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    const struct polygon_point points[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
    const struct motion_zone zone = {.name = "door", .polygon = {points, 4}};
    fixture.settings.zones = &zone;
    fixture.settings.zone_count = 1;
    configure(&fixture);
    look_at_nothing(&fixture);
    look_at_the_box(&fixture);
    assert_true(has_event(&fixture, EVENT_LOG_MOTION_BEGAN));
    assert_string_equal(fixture.entry.motion.zone, "door");
    struct motion_view view;
    assert_int_equal(motion_port_view(fixture.port, &view), ERR_OK);
    assert_string_equal(view.layout.regions[0].name, "door");
    assert_true(view.sight.levels[0].is_moving);
    motion_view_finish(&view);
    end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_settings_no_frame_is_wanted),
        cmocka_unit_test(frames_are_thinned),
        cmocka_unit_test(what_moves_is_an_event_with_its_picture),
        cmocka_unit_test(an_event_ends_when_no_frames_come),
        cmocka_unit_test(switched_off_it_sees_nothing),
        cmocka_unit_test(other_settings_begin_anew),
        cmocka_unit_test(a_zone_gives_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
