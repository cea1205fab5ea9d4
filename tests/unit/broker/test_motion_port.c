#include "broker/motion_port.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct fixture {
    struct frame_pool *pool;
    struct motion_port port;
};

static const struct motion_layout whole_picture = {.region_count = 1};

static void begin(struct fixture *fixture) {
    assert_int_equal(frame_pool_create(&fixture->pool), ERR_OK);
    motion_port_init(&fixture->port);
}

static void end(struct fixture *fixture) {
    motion_port_finish(&fixture->port);
    frame_pool_destroy(&fixture->pool);
}

static void keep(struct fixture *fixture, uint64_t event, size_t bytes) {
    struct frame *frame;
    assert_int_equal(frame_create(fixture->pool, bytes, &frame), ERR_OK);
    frame_edit_info(frame)->sequence = event;
    motion_port_keep(&fixture->port, event, frame);
    frame_unref(&frame);
}

static bool has(struct fixture *fixture, uint64_t event) {
    struct frame *frame = motion_port_picture(&fixture->port, event);
    bool has_it = frame != NULL && frame_info(frame)->sequence == event;
    frame_unref(&frame);
    return has_it;
}

static void a_camera_without_motion_has_no_status(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    assert_false(motion_port_status(&fixture.port).is_configured);
    assert_false(motion_port_switch(&fixture.port, false));
    struct motion_view view;
    assert_int_equal(motion_port_view(&fixture.port, &view), ERR_UNSUPPORTED);
    end(&fixture);
}

static void it_is_active_by_its_hours_unless_it_is_switched_off(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    motion_port_configure(&fixture.port, &whole_picture);
    assert_false(motion_port_status(&fixture.port).is_active);
    motion_port_set_scheduled(&fixture.port, true);
    assert_true(motion_port_status(&fixture.port).is_active);
    assert_true(motion_port_switch(&fixture.port, false));
    assert_false(motion_port_status(&fixture.port).is_active);
    motion_port_close(&fixture.port);
    motion_port_configure(&fixture.port, &whole_picture);
    assert_true(motion_port_is_switched_off(&fixture.port)); /* a reload does not switch it on */
    assert_true(motion_port_switch(&fixture.port, true));
    assert_true(motion_port_status(&fixture.port).is_active);
    end(&fixture);
}

static void a_view_is_what_was_shown_last(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    const struct polygon_point points[] = {{0, 0}, {1, 0}, {1, 1}};
    const struct polygon masks[] = {{points, 3}};
    motion_port_configure(&fixture.port, &(struct motion_layout){.masks = masks, .mask_count = 1});
    const uint8_t cells[] = {MOTION_CELL_STILL, MOTION_CELL_MOVING};
    motion_port_show(
        &fixture.port,
        &(struct motion_sight){
            .state = "watching", .why = "", .score = 40, .threshold = 30, .columns = 2, .rows = 1, .cells = cells});
    struct motion_view view;
    assert_int_equal(motion_port_view(&fixture.port, &view), ERR_OK);
    assert_int_equal(view.sight.score, 40);
    assert_int_equal(view.sight.columns * view.sight.rows, 2);
    assert_int_equal(view.sight.cells[1], MOTION_CELL_MOVING);
    assert_int_equal(view.layout.mask_count, 1);
    motion_view_finish(&view);

    motion_port_clear(&fixture.port);
    assert_int_equal(motion_port_view(&fixture.port, &view), ERR_OK);
    assert_string_equal(view.sight.state, "off");
    assert_int_equal(view.sight.columns, 0);
    motion_view_finish(&view);
    end(&fixture);
}

static void events_are_counted_over_configurations(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    motion_port_configure(&fixture.port, &whole_picture);
    motion_port_begin(&fixture.port);
    assert_true(motion_port_status(&fixture.port).is_moving);
    motion_port_end(&fixture.port);
    assert_false(motion_port_status(&fixture.port).is_moving);
    motion_port_configure(&fixture.port, &whole_picture);
    assert_int_equal(motion_port_status(&fixture.port).events, 1);
    end(&fixture);
}

static void pictures_are_kept_up_to_a_number(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    for (uint64_t event = 1; event <= MOTION_PICTURES_MAX + 1; event++) {
        keep(&fixture, event, 100);
    }
    keep(&fixture, MOTION_PICTURES_MAX + 1, 100); /* a better one of the same event */
    assert_false(has(&fixture, 1));
    assert_true(has(&fixture, 2));
    assert_true(has(&fixture, MOTION_PICTURES_MAX + 1));
    end(&fixture);
}

static void pictures_are_kept_up_to_a_size(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    keep(&fixture, 1, MOTION_PICTURES_MAX_BYTES / 2 + 1);
    keep(&fixture, 2, MOTION_PICTURES_MAX_BYTES / 2 + 1);
    assert_false(has(&fixture, 1));
    assert_true(has(&fixture, 2));
    keep(&fixture, 3, MOTION_PICTURES_MAX_BYTES + 1); /* the newest in any case */
    assert_false(has(&fixture, 2));
    assert_true(has(&fixture, 3));
    end(&fixture);
}

static void pictures_of_an_older_generation_are_dropped(void **state) {
    (void)state;
    struct fixture fixture;
    begin(&fixture);
    keep(&fixture, 1, 100);
    motion_port_begin_generation(&fixture.port, 1);
    assert_false(has(&fixture, 1));
    keep(&fixture, 1, 100);
    assert_false(has(&fixture, 1));
    end(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_camera_without_motion_has_no_status),
        cmocka_unit_test(it_is_active_by_its_hours_unless_it_is_switched_off),
        cmocka_unit_test(a_view_is_what_was_shown_last),
        cmocka_unit_test(events_are_counted_over_configurations),
        cmocka_unit_test(pictures_are_kept_up_to_a_number),
        cmocka_unit_test(pictures_are_kept_up_to_a_size),
        cmocka_unit_test(pictures_of_an_older_generation_are_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
