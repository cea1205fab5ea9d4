#include "tests/unit/cameras/motion/motion_fixture.h"

#include <stdlib.h>

#define LEARNING 15 /* frames: longer than it calibrates */

static struct scene scene;

static int setup(void **state) {
    (void)state;
    scene_init(&scene);
    scene_wait(&scene, LEARNING);
    assert_int_equal(scene.result.state, DETECTOR_WATCHING);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    detector_destroy(&scene.detector);
    assert_null(scene.detector);
    return 0;
}

static void reopen(void) {
    detector_destroy(&scene.detector);
    scene_open(&scene);
    scene_wait(&scene, LEARNING);
    scene.frames_moving = 0;
}

static void an_empty_scene_has_no_motion(void **state) {
    (void)state;
    scene_wait(&scene, 500);
    assert_int_equal(scene.frames_moving, 0);
    assert_int_equal(scene.result.box_count, 0);
    assert_true(scene.result.score < scene.result.threshold);
}

static void it_learns_the_picture_first(void **state) {
    (void)state;
    detector_forget(scene.detector);
    scene_wait(&scene, 1);
    assert_int_equal(scene.result.state, DETECTOR_CALIBRATING);
    assert_string_not_equal(scene.result.why, "");
    scene_wait(&scene, LEARNING);
    assert_int_equal(scene.result.state, DETECTOR_WATCHING);
    assert_string_equal(scene.result.why, "");
}

/* The promise: two analysed frames after the first that shows it. */
static void a_walker_is_seen_in_the_third_frame_that_shows_them(void **state) {
    (void)state;
    const struct motion_time first = {.monotonic_ns = scene_time(&scene).monotonic_ns + SCENE_PERIOD_NS};
    assert_int_equal(scene_walk(&scene, 9, 30, 2, 20), 2);
    assert_int_equal(scene.result.zones[0].since.monotonic_ns, first.monotonic_ns);
    assert_int_equal(scene.result.box_count, 1);
    const struct motion_box *box = &scene.result.boxes[0];
    assert_true(box->x >= 4.0f / SCENE_COLUMNS && box->x + box->width <= 12.0f / SCENE_COLUMNS);
    assert_true(box->y >= 39.0f / SCENE_ROWS && box->y + box->height <= 50.0f / SCENE_ROWS);
    assert_int_equal(box->zones, 1);
    assert_int_equal(scene.result.cells[44 * SCENE_COLUMNS + 9] & CELL_MOVES, CELL_MOVES);
}

static void sensitivity_decides_how_small_is_motion(void **state) {
    (void)state;
    scene.settings.sensitivity = 1;
    reopen();
    assert_int_equal(scene_walk(&scene, 6, 30, 1, 20), 20);
    scene_wait(&scene, LEARNING);
    assert_true(scene_walk(&scene, 60, 30, 4, 20) < 20);
    scene.settings.sensitivity = 100;
    reopen();
    assert_true(scene_walk(&scene, 3, 90, 1, 20) < 20);
}

static void a_lamp_is_no_motion(void **state) {
    (void)state;
    for (unsigned i = 0; i < 60; i++) {
        scene_clear(&scene);
        for (unsigned j = 0; i % 20 >= 10 && j < sizeof scene.samples; j++) {
            scene.samples[j] = (uint8_t)(scene.samples[j] + 70 - j % SCENE_COLUMNS / 4);
        }
        scene_feed(&scene);
    }
    assert_int_equal(scene.frames_moving, 0);
}

static void a_slow_cloud_is_no_motion(void **state) {
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        scene_clear(&scene);
        for (unsigned j = 0; j < sizeof scene.samples; j++) {
            scene.samples[j] = (uint8_t)(scene.samples[j] * (200 - (i < 100 ? i : 200 - i) / 2) / 200);
        }
        scene_feed(&scene);
    }
    assert_int_equal(scene.frames_moving, 0);
}

static void somebody_is_seen_right_after_the_lamp(void **state) {
    (void)state;
    const unsigned lit = 4; /* frames */
    for (unsigned i = 0; i < 20; i++) {
        scene_clear(&scene);
        for (unsigned j = 0; j < sizeof scene.samples; j++) {
            scene.samples[j] = (uint8_t)(scene.samples[j] + 80);
        }
        if (i >= lit) {
            scene_box(&scene, (int)i * 2, 40, 5, 12, 60);
        }
        scene_feed(&scene);
    }
    assert_true(scene.frames_moving > 10);
}

/* The light is switched on, and a part of the picture flickers from then on. Returns the frames that are ignored. */
static unsigned ignored_while_a_screen_flickers(void) {
    unsigned ignored = 0;
    for (unsigned i = 0; i < 40; i++) {
        scene_clear(&scene);
        for (unsigned j = 0; j < sizeof scene.samples; j++) {
            scene.samples[j] = (uint8_t)(scene.samples[j] / 2 + (j % SCENE_COLUMNS < 80 ? 90 : 10));
        }
        scene_box(&scene, 0, 0, SCENE_COLUMNS / 10, SCENE_ROWS, i % 2 == 0 ? 60 : 220);
        scene_feed(&scene);
        ignored += scene.result.state == DETECTOR_IGNORING;
    }
    return ignored;
}

static void how_steady_the_light_has_to_be_can_be_set(void **state) {
    (void)state;
    assert_int_equal(ignored_while_a_screen_flickers(), 40);
    scene.settings.light_steady_percent = 20;
    reopen();
    assert_in_range(ignored_while_a_screen_flickers(), 1, 5);
}

/* In each frame the whole picture is up to half a cell away from where it was. */
static void a_camera_that_shakes_is_no_motion(void **state) {
    (void)state;
    uint8_t still[sizeof scene.samples];
    for (unsigned i = 0; i < 60; i++) {
        scene_clear(&scene);
        memcpy(still, scene.samples, sizeof still);
        for (size_t j = 0; i % 2 == 1 && j + SCENE_COLUMNS + 1 < sizeof still; j++) {
            scene.samples[j] = (uint8_t)((still[j] + still[j + 1] + still[j + SCENE_COLUMNS + 1] + 1) / 3);
        }
        scene_feed(&scene);
    }
    assert_int_equal(scene.frames_moving, 0);
}

/* The picture is up to three fifths of a cell away from where it was, in each frame somewhere else. */
static void shake(void) {
    enum { WHOLE = 256 };
    uint8_t still[sizeof scene.samples];
    memcpy(still, scene.samples, sizeof still);
    const unsigned right = scene_random(&scene, WHOLE * 3 / 5), below = scene_random(&scene, WHOLE * 3 / 5);
    for (size_t i = 0; i + SCENE_COLUMNS + 1 < sizeof still; i++) {
        const unsigned upper = still[i] * (WHOLE - right) + still[i + 1] * right;
        const unsigned lower = still[i + SCENE_COLUMNS] * (WHOLE - right) + still[i + SCENE_COLUMNS + 1] * right;
        scene.samples[i] = (uint8_t)((upper * (WHOLE - below) + lower * below) / (WHOLE * WHOLE));
    }
}

/* Small things with sharp edges, which are where a shift shows most. */
static void draw_windows(void) {
    for (int i = 0; i < 6; i++) {
        scene_box(&scene, 10 + i * 25, 20 + i * 9, 3, 3, i % 2 == 0 ? 15 : 250);
    }
}

static void a_camera_that_shakes_sees_people_and_no_edges(void **state) {
    (void)state;
    unsigned with_somebody = 0;
    for (unsigned i = 0; i < 400; i++) {
        scene_clear(&scene);
        draw_windows();
        if (i >= 350) {
            scene_box(&scene, (int)(i - 350) * 2, 50, 3, 8, 30);
        }
        if (i >= 60) {
            shake();
        }
        scene_feed(&scene);
        assert_true(i >= 350 || i < 60 || !scene.result.moving);
        with_somebody += i >= 350 && scene.result.moving;
    }
    assert_true(with_somebody > 25);
}

/* Twenty streaks somewhere else in each frame, and somebody who walks through them. */
static void rain_is_no_motion_but_somebody_in_it_is(void **state) {
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        scene_clear(&scene);
        for (unsigned j = 0; j < 20; j++) {
            const int x = (int)scene_random(&scene, SCENE_COLUMNS), y = (int)scene_random(&scene, SCENE_ROWS);
            scene_box(&scene, x, y, 1, 3, 190);
        }
        if (i >= 150) {
            scene_box(&scene, 10 + (int)(i - 150) * 2, 40, 6, 18, 30);
        }
        scene_feed(&scene);
        assert_true(i >= 150 || !scene.result.moving);
    }
    assert_true(scene.frames_moving > 40);
}

static void what_stays_is_absorbed(void **state) {
    (void)state;
    assert_int_equal(scene_walk(&scene, 12, 30, 3, 4), 2);
    for (unsigned i = 0; i < 80; i++) { /* 16 s */
        scene_clear(&scene);
        scene_box(&scene, 10, 40, 6, 12, 30);
        scene_feed(&scene);
    }
    assert_false(scene.result.moving);
    assert_int_equal(scene.result.differing_percent, 0);
    assert_int_equal(scene.result.cells[44 * SCENE_COLUMNS + 12], 0);
}

static void absorb_s_may_be_minutes(void **state) {
    (void)state;
    scene.settings.absorb_ns = 120 * NS_PER_S;
    assert_int_equal(scene_walk(&scene, 12, 30, 3, 4), 2);
    for (unsigned i = 0; i < 700; i++) { /* 140 s */
        scene_clear(&scene);
        scene_box(&scene, 10, 40, 6, 12, 30);
        scene_feed(&scene);
        if (i < 550) {
            assert_int_equal(scene.result.cells[44 * SCENE_COLUMNS + 12] & CELL_DIFFERS, CELL_DIFFERS);
        }
    }
    assert_int_equal(scene.result.differing_percent, 0);
}

static void a_frozen_picture_is_no_motion(void **state) {
    (void)state;
    scene_walk(&scene, 12, 30, 3, 3);
    for (unsigned i = 0; i < 5; i++) {
        scene_feed(&scene);
    }
    scene.frames_moving = 0;
    for (unsigned i = 0; i < 100; i++) {
        scene_feed(&scene);
    }
    assert_int_equal(scene.frames_moving, 0);
}

static const struct polygon_point left_half[] = {{0, 0}, {0.5, 0}, {0.5, 1}, {0, 1}};
static const struct polygon_point right_half[] = {{0.5, 0}, {1, 0}, {1, 1}, {0.5, 1}};

static void masks_are_never_looked_at(void **state) {
    (void)state;
    const struct polygon mask = {.points = left_half, .count = 4};
    scene.settings.masks = &mask;
    scene.settings.mask_count = 1;
    reopen();
    assert_int_equal(scene_walk(&scene, 12, 30, 2, 30), 30);
    assert_int_equal(scene.result.cells[0], CELL_MASKED);
    assert_int_equal(scene.result.cells[SCENE_COLUMNS - 1], 0);
    assert_true(scene_walk(&scene, 12, 30, 3, 50) > 20);
    assert_true(scene.result.moving);
}

static void zones_have_their_own_sensitivity(void **state) {
    (void)state;
    const struct motion_zone zones[] = {
        {.name = "left", .polygon = {.points = left_half, .count = 4}, .sensitivity = 1},
        {.name = "right", .polygon = {.points = right_half, .count = 4}},
    };
    scene.settings.zones = zones;
    scene.settings.zone_count = 2;
    reopen();
    assert_int_equal(scene.result.zone_count, 2);
    assert_true(scene.result.zones[0].threshold > scene.result.zones[1].threshold);
    const unsigned frames = scene_walk(&scene, 9, 30, 2, 60);
    assert_true(frames > 30 && frames < 60);
    assert_false(scene.result.zones[0].moving);
    assert_true(scene.result.zones[1].moving);
    assert_int_equal(scene.result.boxes[0].zones, 2);
}

static void another_size_is_learnt_anew(void **state) {
    (void)state;
    const struct luma small = {
        .samples = scene.samples, .stride_bytes = SCENE_COLUMNS, .width_px = 64, .height_px = 48};
    struct motion_time time = scene_time(&scene);
    time.monotonic_ns += SCENE_PERIOD_NS;
    assert_int_equal(detector_feed(scene.detector, &small, time, &scene.result), ERR_OK);
    assert_int_equal(scene.result.state, DETECTOR_CALIBRATING);
    assert_int_equal(scene.result.columns, 64);
    assert_int_equal(scene.result.rows, 48);
}

static void pictures_of_no_size_are_refused(void **state) {
    (void)state;
    const struct luma sizes[] = {
        {.samples = scene.samples, .stride_bytes = 160, .width_px = 3, .height_px = 90},
        {.samples = scene.samples, .stride_bytes = 160, .width_px = 160, .height_px = 0},
        {.samples = scene.samples, .stride_bytes = 160, .width_px = DETECTOR_SIDE_MAX + 1, .height_px = 8},
    };
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        assert_int_equal(detector_feed(scene.detector, &sizes[i], scene_time(&scene), &scene.result), ERR_INVALID);
        assert_false(scene.result.moving);
        assert_string_equal(scene.result.why, "");
    }
    scene_wait(&scene, LEARNING);
    assert_int_equal(scene.result.state, DETECTOR_WATCHING);
}

/* The same pictures give the same result, to the cell. */
static void it_is_a_function_of_the_pictures(void **state) {
    (void)state;
    static struct scene other;
    scene.noise = 9;
    reopen();
    other = scene;
    detector_destroy(&scene.detector);
    scene_open(&scene);
    other.detector = NULL;
    scene_open(&other);
    for (unsigned i = 0; i < 60; i++) {
        scene_clear(&scene);
        scene_clear(&other);
        scene_box(&scene, (int)i, 20, 5, 15, 70);
        scene_box(&other, (int)i, 20, 5, 15, 70);
        scene_feed(&scene);
        scene_feed(&other);
        assert_int_equal(scene.result.score, other.result.score);
        assert_memory_equal(scene.result.cells, other.result.cells, sizeof scene.samples);
    }
    assert_true(scene.frames_moving > 0);
    detector_destroy(&other.detector);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_scene_has_no_motion, setup, teardown),
        cmocka_unit_test_setup_teardown(it_learns_the_picture_first, setup, teardown),
        cmocka_unit_test_setup_teardown(a_walker_is_seen_in_the_third_frame_that_shows_them, setup, teardown),
        cmocka_unit_test_setup_teardown(sensitivity_decides_how_small_is_motion, setup, teardown),
        cmocka_unit_test_setup_teardown(a_lamp_is_no_motion, setup, teardown),
        cmocka_unit_test_setup_teardown(a_slow_cloud_is_no_motion, setup, teardown),
        cmocka_unit_test_setup_teardown(somebody_is_seen_right_after_the_lamp, setup, teardown),
        cmocka_unit_test_setup_teardown(how_steady_the_light_has_to_be_can_be_set, setup, teardown),
        cmocka_unit_test_setup_teardown(a_camera_that_shakes_is_no_motion, setup, teardown),
        cmocka_unit_test_setup_teardown(a_camera_that_shakes_sees_people_and_no_edges, setup, teardown),
        cmocka_unit_test_setup_teardown(rain_is_no_motion_but_somebody_in_it_is, setup, teardown),
        cmocka_unit_test_setup_teardown(what_stays_is_absorbed, setup, teardown),
        cmocka_unit_test_setup_teardown(absorb_s_may_be_minutes, setup, teardown),
        cmocka_unit_test_setup_teardown(a_frozen_picture_is_no_motion, setup, teardown),
        cmocka_unit_test_setup_teardown(masks_are_never_looked_at, setup, teardown),
        cmocka_unit_test_setup_teardown(zones_have_their_own_sensitivity, setup, teardown),
        cmocka_unit_test_setup_teardown(another_size_is_learnt_anew, setup, teardown),
        cmocka_unit_test_setup_teardown(pictures_of_no_size_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(it_is_a_function_of_the_pictures, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
