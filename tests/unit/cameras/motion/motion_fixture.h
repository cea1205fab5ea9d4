/* A camera in front of a drawn scene, for the tests of the detector: a background with some texture and noise, and
 * things that are drawn onto it. */
#ifndef TESTS_MOTION_FIXTURE_H
#define TESTS_MOTION_FIXTURE_H

#include "broker/base/clock.h"
#include "cameras/motion/detector.h"
#include "tests/asserts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define SCENE_COLUMNS 160
#define SCENE_ROWS 90
#define SCENE_PERIOD_NS (NS_PER_S / 5)

struct scene {
    struct motion_settings settings;
    struct detector *detector;
    struct detector_result result; /* of the last frame */
    uint8_t samples[SCENE_COLUMNS * SCENE_ROWS];
    unsigned frame;
    unsigned noise;
    uint32_t random;
    unsigned frames_moving; /* so far */
};

static inline void scene_open(struct scene *scene) {
    assert_int_equal(detector_create(&scene->settings, &scene->detector), ERR_OK);
}

static inline void scene_init(struct scene *scene) {
    *scene = (struct scene){.noise = 3, .random = 1};
    motion_settings_init(&scene->settings);
    scene_open(scene);
}

static inline unsigned scene_random(struct scene *scene, unsigned below) {
    scene->random = scene->random * 1664525u + 1013904223u;
    return (scene->random >> 8) % below;
}

/* The empty scene: light falls from above, and there are a few dark rows and columns. */
static inline void scene_clear(struct scene *scene) {
    for (unsigned y = 0; y < SCENE_ROWS; y++) {
        for (unsigned x = 0; x < SCENE_COLUMNS; x++) {
            unsigned level = 160 - y / 2 - (x % 40 < 3 ? 60 : 0) - (y % 30 < 2 ? 40 : 0);
            scene->samples[y * SCENE_COLUMNS + x] = (uint8_t)(level + scene_random(scene, scene->noise + 1));
        }
    }
}

static inline void scene_box(struct scene *scene, int x, int y, int width, int height, uint8_t level) {
    for (int row = y < 0 ? 0 : y; row < y + height && row < SCENE_ROWS; row++) {
        for (int column = x < 0 ? 0 : x; column < x + width && column < SCENE_COLUMNS; column++) {
            scene->samples[row * SCENE_COLUMNS + column] = level;
        }
    }
}

static inline struct motion_time scene_time(const struct scene *scene) {
    const int64_t passed_ns = scene->frame * SCENE_PERIOD_NS;
    return (struct motion_time){.monotonic_ns = 1000 * NS_PER_S + passed_ns,
                                .realtime_ns = 1800000000 * NS_PER_S + passed_ns};
}

static inline void scene_feed(struct scene *scene) {
    const struct luma luma = {
        .samples = scene->samples, .stride_bytes = SCENE_COLUMNS, .width_px = SCENE_COLUMNS, .height_px = SCENE_ROWS};
    scene->frame++;
    assert_int_equal(detector_feed(scene->detector, &luma, scene_time(scene), &scene->result), ERR_OK);
    scene->frames_moving += scene->result.moving;
}

/* Frames of the empty scene. */
static inline void scene_wait(struct scene *scene, unsigned frames) {
    for (unsigned i = 0; i < frames; i++) {
        scene_clear(scene);
        scene_feed(scene);
    }
}

/* Somebody walks in from the left. Returns the frames until motion is seen; `frames`: it is not. */
static inline unsigned scene_walk(struct scene *scene, int size, uint8_t level, int step, unsigned frames) {
    for (unsigned i = 0; i < frames; i++) {
        scene_clear(scene);
        scene_box(scene, 4 + (int)i * step, 40, size / 3 > 0 ? size / 3 : 1, size, level);
        scene_feed(scene);
        if (scene->result.moving) {
            return i;
        }
    }
    return frames;
}

#endif
