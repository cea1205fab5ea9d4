/* Watching a camera allocates nothing once it knows the picture's size. The linker gives this program's malloc() and
 * its like to the functions below; what libjpeg takes is its own. */
#include "broker/base/clock.h"
#include "cameras/motion/motion_events.h"
#include "cameras/picture/encoder.h"
#include "tests/asserts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static unsigned allocations;

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

void *__wrap_malloc(size_t bytes) {
    allocations++;
    return __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes) {
    allocations++;
    return __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes) {
    allocations++;
    return __real_realloc(memory, bytes);
}

#define WIDTH 1280
#define HEIGHT 720
#define FIRST_FRAMES 20 /* it learns the picture, and something begins to move */
#define FRAMES 80

/* A bright box on its way from left to right, which makes an event. */
static struct frame *draw(struct frame_pool *pool, unsigned number) {
    struct frame *raw = NULL;
    const size_t bytes = WIDTH * HEIGHT * 3 / 2;
    assert_int_equal(frame_create(pool, bytes, &raw), ERR_OK);
    memset(frame_data(raw), 128, bytes);
    for (unsigned y = 0; y < HEIGHT; y++) {
        for (unsigned x = 0; x < WIDTH; x++) {
            const bool is_box = number > FIRST_FRAMES / 2 && y / 200 == 1 && x / 100 == number % 12;
            frame_data(raw)[y * WIDTH + x] = (uint8_t)(is_box ? 230 : 40 + x / 16 + y / 16);
        }
    }
    frame_set_size(raw, bytes);
    *frame_edit_info(raw) =
        (struct frame_info){.format = FRAME_I420, .width_px = WIDTH, .height_px = HEIGHT, .sequence = number + 1};
    return raw;
}

struct watch {
    struct motion_settings settings;
    struct luma_reader *reader;
    struct detector *detector;
    struct motion_events *events;
    unsigned began;
};

static void count_events(void *user, enum motion_change change, const struct motion_event *event) {
    (void)event;
    struct watch *watch = user;
    watch->began += change == MOTION_BEGAN;
}

static void look(struct watch *watch, const struct frame *frame, unsigned number) {
    const int64_t now_ns = NS_PER_S + number * (NS_PER_S / 5);
    const struct motion_time time = {.monotonic_ns = now_ns, .realtime_ns = now_ns};
    struct luma luma;
    struct detector_result result;
    assert_int_equal(luma_reader_read(watch->reader, frame, NULL, &luma, NULL), ERR_OK);
    assert_int_equal(detector_feed(watch->detector, &luma, time, &result), ERR_OK);
    motion_events_feed(watch->events, &result, time);
}

static void watch_frames(bool are_encoded) {
    struct frame_pool *pool = NULL;
    struct encoder *encoder = NULL;
    struct watch watch = {.began = 0};
    motion_settings_init(&watch.settings);
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    assert_int_equal(encoder_create(pool, 80, SUBSAMPLING_420, &encoder), ERR_OK);
    assert_int_equal(luma_reader_create(&watch.reader), ERR_OK);
    assert_int_equal(detector_create(&watch.settings, &watch.detector), ERR_OK);
    assert_int_equal(motion_events_create(&watch.settings, count_events, &watch, &watch.events), ERR_OK);
    for (unsigned number = 0; number < FRAMES; number++) {
        struct frame *frame = draw(pool, number), *jpeg = NULL;
        if (are_encoded) {
            assert_int_equal(encoder_encode(encoder, frame, NULL, &jpeg, NULL), ERR_OK);
        }
        const unsigned before = allocations;
        look(&watch, are_encoded ? jpeg : frame, number);
        assert_true(number == 0 ? allocations > before : number < FIRST_FRAMES || allocations == before);
        frame_unref(&jpeg);
        frame_unref(&frame);
    }
    assert_true(watch.began > 0);
    motion_events_destroy(&watch.events);
    detector_destroy(&watch.detector);
    luma_reader_destroy(&watch.reader);
    encoder_destroy(&encoder);
    frame_pool_destroy(&pool);
}

static void raw_pictures_take_no_memory(void **state) {
    (void)state;
    watch_frames(false);
}

static void jpeg_pictures_take_no_memory(void **state) {
    (void)state;
    watch_frames(true);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw_pictures_take_no_memory),
        cmocka_unit_test(jpeg_pictures_take_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
