#include "cameras/simple/pattern.h"

#include "broker/base/clock.h"
#include "cameras/picture/encoder.h"
#include "cameras/ticker.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jpeglib.h>

static struct frame_pool *pool;
static struct event cancel;

struct camera {
    struct source_settings settings;
    struct driver_context context;
    void *device;
};

static void camera_open(struct camera *camera, const char *id, uint32_t width, uint32_t height, double fps) {
    event_clear(&cancel);
    *camera = (struct camera){.settings = {.width_px = width, .height_px = height, .fps = fps}};
    camera->context = (struct driver_context){.id = id, .name = "Front door", .pool = pool, .cancel = &cancel};
    camera->context.settings = &camera->settings;
    struct reason reason = {0};
    assert_int_equal(pattern_driver.open(&camera->context, CLOCK_NEVER, &camera->device, &reason), ERR_OK);
}

static enum err camera_read(struct camera *camera, int64_t deadline_ns, uint64_t sequence, struct frame **frame,
                            uint64_t *lost) {
    struct reason reason = {0};
    *lost = 0;
    return pattern_driver.read(camera->device, deadline_ns, sequence, frame, lost, &reason);
}

/* The sequence drawn is that of the frame, *lost included. */
static struct frame *read_frame(struct camera *camera, uint64_t sequence, uint64_t *drawn) {
    struct frame *frame;
    uint64_t lost;
    assert_int_equal(camera_read(camera, CLOCK_NEVER, sequence, &frame, &lost), ERR_OK);
    *drawn = sequence + lost;
    return frame;
}

/* A grey picture. */
struct picture {
    uint32_t width, height;
    uint8_t *grey;
};

static struct picture picture_of(const struct frame *frame) {
    const struct frame_info *info = frame_info(frame);
    size_t bytes = (size_t)info->width_px * info->height_px;
    struct picture picture = {info->width_px, info->height_px, malloc(bytes)};
    assert_non_null(picture.grey);
    memcpy(picture.grey, frame_payload(frame).bytes, bytes);
    return picture;
}

/* Each pixel the mean of factor by factor: as a browser shows a picture smaller. */
static struct picture shrink(struct picture picture, uint32_t factor) {
    struct picture small = {picture.width / factor, picture.height / factor, NULL};
    small.grey = malloc((size_t)small.width * small.height);
    assert_non_null(small.grey);
    for (uint32_t y = 0; y < small.height; y++) {
        for (uint32_t x = 0; x < small.width; x++) {
            uint32_t sum = 0;
            for (uint32_t i = 0; i < factor * factor; i++) {
                sum += picture.grey[(y * factor + i / factor) * picture.width + x * factor + i % factor];
            }
            small.grey[y * small.width + x] = (uint8_t)(sum / (factor * factor));
        }
    }
    free(picture.grey);
    return small;
}

static struct picture decode(struct span jpeg) {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decoder = {.err = jpeg_std_error(&errors)};
    jpeg_create_decompress(&decoder);
    jpeg_mem_src(&decoder, jpeg.bytes, jpeg.count);
    assert_int_equal(jpeg_read_header(&decoder, TRUE), JPEG_HEADER_OK);
    decoder.out_color_space = JCS_GRAYSCALE;
    assert_true(jpeg_start_decompress(&decoder));
    struct picture picture = {decoder.output_width, decoder.output_height, NULL};
    picture.grey = malloc((size_t)picture.width * picture.height);
    assert_non_null(picture.grey);
    while (decoder.output_scanline < decoder.output_height) {
        JSAMPROW row = picture.grey + (size_t)decoder.output_scanline * picture.width;
        assert_int_equal(jpeg_read_scanlines(&decoder, &row, 1), 1);
    }
    assert_true(jpeg_finish_decompress(&decoder));
    jpeg_destroy_decompress(&decoder);
    return picture;
}

/* As pattern.h describes the strip, written apart from the code that draws it. False: the CRC is wrong. */
static bool read_strip(struct picture picture, uint16_t *tag, uint32_t *sequence) {
    uint64_t cells = 0;
    uint32_t row = picture.height - (picture.height < 256 ? 4 : picture.height / 64);
    for (uint32_t cell = 0; cell < 64; cell++) {
        uint32_t middle = (2 * cell + 1) * picture.width / 128;
        cells = cells << 1 | (picture.grey[row * picture.width + middle] >= 128 ? 1U : 0U);
    }
    uint32_t crc = 0xffff;
    for (int i = 63; i >= 16; i--) {
        bool carry = ((crc >> 15) ^ (cells >> i & 1)) != 0;
        crc = (crc << 1 & 0xffff) ^ (carry ? 0x1021 : 0);
    }
    *tag = (uint16_t)(cells >> 48);
    *sequence = (uint32_t)(cells >> 16);
    return crc == (cells & 0xffff);
}

static void assert_strip(struct picture picture, const char *id, uint64_t sequence) {
    uint16_t tag;
    uint32_t read;
    assert_true(read_strip(picture, &tag, &read));
    assert_int_equal(tag, pattern_tag(id));
    assert_int_equal(read, (uint32_t)sequence);
    free(picture.grey);
}

static void tag_is_the_documented_crc(void **state) {
    (void)state;
    assert_int_equal(pattern_tag("123456789"), 0x29b1); /* the check value of this CRC */
    assert_int_not_equal(pattern_tag("1"), pattern_tag("2"));
}

static void strip_tells_camera_and_sequence_at_every_size(void **state) {
    (void)state;
    static const uint32_t sizes[][2] = {{128, 16},  {129, 49},   {160, 120},   {320, 180}, {321, 179},
                                        {640, 360}, {1280, 720}, {3840, 2160}, {720, 1280}};
    static const uint64_t sequences[] = {1, 0x89abcdef, 0x1fffffff0};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct camera camera;
        camera_open(&camera, "front-door", sizes[i][0], sizes[i][1], 240);
        for (size_t j = 0; j < 3; j++) {
            uint64_t drawn;
            struct frame *frame = read_frame(&camera, sequences[j], &drawn);
            assert_int_equal(frame_info(frame)->width_px, sizes[i][0]);
            assert_int_equal(frame_info(frame)->height_px, sizes[i][1]);
            assert_int_equal(frame_info(frame)->format, FRAME_I420);
            assert_strip(picture_of(frame), "front-door", drawn);
            frame_unref(&frame);
        }
        pattern_driver.close(camera.device);
    }
}

static void strip_survives_compression_at_quality_60_and_scaling_to_320(void **state) {
    (void)state;
    static const uint32_t sizes[][3] = {{320, 180, 1}, {640, 480, 2}, {1280, 720, 4}, {3840, 2160, 12}};
    struct encoder *encoder;
    assert_int_equal(encoder_create(pool, 60, SUBSAMPLING_420, &encoder), ERR_OK);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct camera camera;
        camera_open(&camera, "yard", sizes[i][0], sizes[i][1], 240);
        uint64_t drawn;
        struct frame *raw = read_frame(&camera, 0x5aa53cc3, &drawn);
        struct frame *jpeg;
        struct reason reason = {0};
        assert_int_equal(encoder_encode(encoder, raw, NULL, &jpeg, &reason), ERR_OK);
        assert_strip(shrink(decode(frame_payload(jpeg)), sizes[i][2]), "yard", drawn);
        frame_unref(&raw);
        frame_unref(&jpeg);
        pattern_driver.close(camera.device);
    }
    encoder_destroy(&encoder);
}

static void tiny_pictures_can_be_drawn(void **state) {
    (void)state;
    struct camera camera;
    camera_open(&camera, "x", 16, 16, 240);
    uint64_t drawn;
    struct frame *frame = read_frame(&camera, 1, &drawn);
    assert_int_equal(frame_payload(frame).count, 16 * 16 * 3 / 2);
    frame_unref(&frame);
    pattern_driver.close(camera.device);
}

static void picture_moves_with_the_sequence(void **state) {
    (void)state;
    struct camera camera;
    camera_open(&camera, "x", 320, 180, 240);
    uint64_t drawn;
    struct frame *a = read_frame(&camera, 100, &drawn);
    struct frame *b = read_frame(&camera, 1000, &drawn);
    /* Between the lines of text there is only the disc. */
    size_t from = (size_t)60 * 320;
    size_t count = (size_t)40 * 320;
    assert_memory_not_equal(frame_payload(a).bytes + from, frame_payload(b).bytes + from, count);
    frame_unref(&a);
    frame_unref(&b);
    pattern_driver.close(camera.device);
}

static void cameras_differ_in_colour(void **state) {
    (void)state;
    struct camera camera;
    struct frame *frames[2];
    for (int i = 0; i < 2; i++) {
        camera_open(&camera, i == 0 ? "front-door" : "garage", 320, 180, 240);
        uint64_t drawn;
        frames[i] = read_frame(&camera, 1, &drawn);
        pattern_driver.close(camera.device);
    }
    size_t cb = (size_t)320 * 180;
    size_t cr = cb + (size_t)160 * 90;
    bool same = frame_payload(frames[0]).bytes[cb] == frame_payload(frames[1]).bytes[cb] &&
                frame_payload(frames[0]).bytes[cr] == frame_payload(frames[1]).bytes[cr];
    assert_false(same);
    frame_unref(&frames[0]);
    frame_unref(&frames[1]);
}

static void description_tells_size_and_format(void **state) {
    (void)state;
    struct camera camera;
    camera_open(&camera, "x", 320, 180, 240);
    struct driver_description description = {0};
    pattern_driver.describe(camera.device, &description);
    assert_int_equal(description.width_px, 320);
    assert_int_equal(description.height_px, 180);
    assert_string_equal(description.format, "YU12");
    pattern_driver.close(camera.device);
}

static void wait_ends_at_the_deadline_or_when_cancelled(void **state) {
    (void)state;
    struct camera camera;
    camera_open(&camera, "x", 64, 64, 0.1);
    uint64_t drawn;
    struct frame *frame = read_frame(&camera, 1, &drawn);
    frame_unref(&frame);
    uint64_t lost;
    int64_t deadline_ns = clock_monotonic_ns() + 10 * NS_PER_MS;
    assert_int_equal(camera_read(&camera, deadline_ns, 2, &frame, &lost), ERR_TIMEOUT);
    assert_true(clock_monotonic_ns() >= deadline_ns);
    event_set(&cancel);
    assert_int_equal(camera_read(&camera, CLOCK_NEVER, 2, &frame, &lost), ERR_INTERRUPTED);
    pattern_driver.close(camera.device);
}

static struct driver_context ticker_context(void) {
    event_clear(&cancel);
    return (struct driver_context){.cancel = &cancel};
}

static void slots_keep_to_the_schedule_without_drift(void **state) {
    (void)state;
    struct driver_context context = ticker_context();
    struct ticker ticker;
    ticker_init(&ticker, 240);
    uint64_t lost = 0;
    uint64_t frames = 0;
    while (frames + lost < 25) {
        assert_int_equal(ticker_wait(&ticker, &context, CLOCK_NEVER, &lost), ERR_OK);
        frames++;
        int64_t due_ns = ticker.start_ns + (int64_t)((double)(frames + lost - 1) * (double)NS_PER_S / 240);
        assert_true(clock_monotonic_ns() >= due_ns);
    }
    assert_int_equal(ticker.slot, frames + lost);
}

static void missed_slots_are_lost_and_not_caught_up(void **state) {
    (void)state;
    struct driver_context context = ticker_context();
    struct ticker ticker;
    ticker_init(&ticker, 0.1);
    ticker.start_ns -= 35 * NS_PER_S;
    uint64_t lost = 0;
    assert_int_equal(ticker_wait(&ticker, &context, CLOCK_NEVER, &lost), ERR_OK);
    assert_int_equal(lost, 3);
    assert_int_equal(ticker_wait(&ticker, &context, clock_monotonic_ns(), &lost), ERR_TIMEOUT);
    assert_int_equal(lost, 3);
    assert_int_equal(ticker.slot, 4);
}

static int create_all(void **state) {
    (void)state;
    return frame_pool_create(&pool) != ERR_OK || event_init(&cancel) != ERR_OK;
}

static int destroy_all(void **state) {
    (void)state;
    event_finish(&cancel);
    frame_pool_destroy(&pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tag_is_the_documented_crc),
        cmocka_unit_test(strip_tells_camera_and_sequence_at_every_size),
        cmocka_unit_test(strip_survives_compression_at_quality_60_and_scaling_to_320),
        cmocka_unit_test(tiny_pictures_can_be_drawn),
        cmocka_unit_test(picture_moves_with_the_sequence),
        cmocka_unit_test(cameras_differ_in_colour),
        cmocka_unit_test(description_tells_size_and_format),
        cmocka_unit_test(wait_ends_at_the_deadline_or_when_cancelled),
        cmocka_unit_test(slots_keep_to_the_schedule_without_drift),
        cmocka_unit_test(missed_slots_are_lost_and_not_caught_up),
    };
    return cmocka_run_group_tests(tests, create_all, destroy_all);
}
