#include "cameras/filter/jpeg_scan_mask.h"

#include "cameras/filter/jpeg_mask.h"
#include "tests/unit/cameras/filter/jpeg_filter_fixture.h"

/* ---- Both ways to mask ---- */

static const struct polygon_point everything[] = {{0, 0}, {1, 0}, {1, 1}, {0, 1}};
static const struct polygon_point first_unit[] = {{0, 0}, {0.01, 0}, {0, 0.01}};
static const struct polygon_point last_unit[] = {{1, 1}, {0.99, 1}, {1, 0.99}};
static const struct polygon_point left[] = {{0, 0}, {0.3, 0}, {0.3, 1}, {0, 1}};
static const struct polygon areas[] = {{everything, 4}, {first_unit, 3}, {last_unit, 3}, {left, 4},
                                       {corner, 4},     {middle, 4},     {triangle, 3},  {sliver, 3}};

static const struct picture_filter_settings choices[] = {
    {.masks = areas, .mask_count = 1},     {.masks = areas + 1, .mask_count = 1}, {.masks = areas + 2, .mask_count = 1},
    {.masks = areas + 3, .mask_count = 1}, {.masks = areas + 1, .mask_count = 2}, {.masks = areas + 4, .mask_count = 4},
};
#define CHOICE_COUNT (sizeof choices / sizeof choices[0])

/* In the scan alone; the result is NULL on failure. */
static enum err mask_scan(struct jpeg_scan_mask *mask, const struct picture_filter_settings *settings,
                          const struct frame *plain, const struct work_limit *limit, struct frame **masked) {
    struct jpeg_decompress_struct decompressor;
    struct jpeg_trap trap;
    struct mask_grid grid = {.columns = 0};
    enum err error = ERR_INVALID;
    *masked = NULL;
    if (read_header(&decompressor, &trap, frame_payload(plain))) {
        const struct mask_geometry geometry = jpeg_mask_geometry(decompressor.comp_info, decompressor.num_components,
                                                                 decompressor.image_width, decompressor.image_height);
        assert_int_equal(mask_grid_update(&grid, settings->masks, settings->mask_count, &geometry), ERR_OK);
        assert_int_equal(frame_create(pool, 1, masked), ERR_OK); /* it grows */
        error = jpeg_scan_mask_apply(mask, &decompressor, &grid, limit, masked);
    }
    jpeg_destroy_decompress(&decompressor);
    mask_grid_finish(&grid);
    if (error != ERR_OK) {
        frame_unref(masked);
        return error;
    }
    *frame_edit_info(*masked) = *frame_info(plain);
    return ERR_OK;
}

static struct picture copy_of(const struct frame *frame) {
    const struct span jpeg = frame_payload(frame);
    return join(jpeg.bytes, jpeg.count, NULL, 0);
}

/* Puts bytes before an offset. */
static struct picture insert(const struct picture *picture, size_t at, const char *bytes, size_t count) {
    struct picture head = join(picture->bytes, at, (const uint8_t *)bytes, count);
    struct picture whole = join(head.bytes, head.count, picture->bytes + at, picture->count - at);
    free(head.bytes);
    return whole;
}

static struct frame *admit_quickly(struct picture picture) {
    struct frame *frame = frame_of(span_of(&picture));
    if (jpeg_admit(frame, false, NULL, NULL) != ERR_OK) {
        frame_unref(&frame);
    }
    free(picture.bytes);
    return frame;
}

/* A comment behind the scan leaves the picture to libjpeg. */
static struct frame *for_libjpeg(const struct frame *plain) {
    struct picture picture = copy_of(plain);
    struct frame *frame = admit_quickly(insert(&picture, picture.count - 2, "\xFF\xFE\0\5abc", 7));
    assert_non_null(frame);
    *frame_edit_info(frame) = *frame_info(plain);
    free(picture.bytes);
    return frame;
}

static void assert_same_picture(const struct frame *first, const struct frame *second) {
    assert_int_equal(count_changed(first, second, (struct box){0}, 0), 0);
    struct coded a, b;
    read_coded(first, &a);
    read_coded(second, &b);
    const struct jpeg_decompress_struct *one = &a.decompressor, *other = &b.decompressor;
    assert_int_equal(one->jpeg_color_space, other->jpeg_color_space);
    assert_int_equal(one->saw_JFIF_marker, other->saw_JFIF_marker);
    assert_int_equal(one->saw_Adobe_marker, other->saw_Adobe_marker);
    assert_int_equal(one->density_unit, other->density_unit);
    assert_int_equal(one->X_density, other->X_density);
    assert_int_equal(one->Y_density, other->Y_density);
    assert_int_equal(one->restart_interval, other->restart_interval);
    assert_int_equal(one->num_components, other->num_components);
    for (int i = 0; i < one->num_components; i++) {
        assert_int_equal(one->comp_info[i].component_id, other->comp_info[i].component_id);
        assert_int_equal(one->comp_info[i].h_samp_factor, other->comp_info[i].h_samp_factor);
        assert_int_equal(one->comp_info[i].v_samp_factor, other->comp_info[i].v_samp_factor);
    }
    assert_int_equal(a.errors.num_warnings, 0);
    assert_int_equal(b.errors.num_warnings, 0);
    jpeg_destroy_decompress(&a.decompressor);
    jpeg_destroy_decompress(&b.decompressor);
}

static int create_mask(void **state) {
    return jpeg_scan_mask_create((struct jpeg_scan_mask **)state) == ERR_OK ? 0 : -1;
}

static int destroy_mask(void **state) {
    jpeg_scan_mask_destroy((struct jpeg_scan_mask **)state);
    return 0;
}

/* ---- What it masks ---- */

static void assert_masked_as_by_libjpeg(struct jpeg_scan_mask *mask, const struct picture_filter_settings *settings,
                                        const struct frame *plain, bool byte_for_byte) {
    struct frame *masked;
    assert_int_equal(mask_scan(mask, settings, plain, NULL, &masked), ERR_OK);
    struct frame *expected = filtered(settings, for_libjpeg(plain));
    assert_same_picture(masked, expected);
    if (byte_for_byte) {
        const struct span one = frame_payload(masked), other = frame_payload(expected);
        assert_int_equal(one.count, other.count);
        assert_memory_equal(one.bytes, other.bytes, one.count);
    }
    for (size_t i = 0; i < settings->mask_count && frame_info(plain)->width_px > 32; i++) {
        assert_true(assert_black_below(masked, &settings->masks[i]) > 0);
    }
    frame_unref(&expected);
    frame_unref(&masked);
}

/* As long as the picture has the standard Huffman tables, nothing differs. */
static void result_is_that_of_libjpeg(void **state) {
    static const struct {
        int rows;
        unsigned units;
    } restarts[] = {{0, 0}, {0, 1}, {0, 7}, {1, 0}};
    static const int qualities[] = {5, 60, 100};
    size_t n = 0;
    for (size_t i = 0; i < SHAPE_COUNT; i++) {
        for (size_t j = 0; j < 24; j++) {
            struct shape shape = shapes[i];
            if (shape.progressive) {
                continue;
            }
            shape.quality = qualities[j % 3];
            shape.restart_rows = restarts[j / 3 % 4].rows;
            shape.restart_units = restarts[j / 3 % 4].units;
            shape.optimized = j >= 12;
            shape.adobe = n % 5 == 0;
            struct frame *plain = frame_of_shape(&shape);
            for (size_t k = 0; k < 2; k++) {
                assert_masked_as_by_libjpeg(*state, &choices[n++ % CHOICE_COUNT], plain, !shape.optimized);
            }
            frame_unref(&plain);
        }
    }
}

static void smallest_pictures_are_masked(void **state) {
    for (uint32_t size = 1; size <= 17; size += 4) {
        struct shape shape = {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = size, .height = 18 - size};
        for (size_t i = 0; i < CHOICE_COUNT; i++) {
            struct frame *plain = frame_of_shape(&shape);
            assert_masked_as_by_libjpeg(*state, &choices[i], plain, true);
            frame_unref(&plain);
        }
        shape.grey = true;
    }
}

/* A picture of one colour has hardly any codes; those that black blocks need are added. */
static void missing_codes_are_added(void **state) {
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct compressor = {.err = jpeg_std_error(&errors)};
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    uint8_t row[3 * 64];
    JSAMPROW rows[] = {row};
    memset(row, 250, sizeof row);
    jpeg_create_compress(&compressor);
    jpeg_mem_dest(&compressor, &bytes, &count);
    compressor.image_width = compressor.image_height = 64;
    compressor.input_components = 3;
    compressor.in_color_space = JCS_RGB;
    jpeg_set_defaults(&compressor);
    compressor.optimize_coding = TRUE;
    jpeg_start_compress(&compressor, TRUE);
    while (compressor.next_scanline < compressor.image_height) {
        jpeg_write_scanlines(&compressor, rows, 1);
    }
    jpeg_finish_compress(&compressor);
    jpeg_destroy_compress(&compressor);
    struct frame *plain = admit(join(bytes, count, NULL, 0));
    free(bytes);
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        assert_masked_as_by_libjpeg(*state, &choices[i], plain, false);
    }
    frame_unref(&plain);
}

/* Of the Huffman tables of a picture that has the standard ones, in one segment each. */
static void tables_of_any_number_are_used(void **state) {
    struct picture picture = make_shape(&shapes[1]);
    for (unsigned i = 0; i < 4; i++) { /* the second ones become the last */
        uint8_t *number = &picture.bytes[find_marker(&picture, 0xC4, i) + 4];
        *number = (uint8_t)((*number & 0x10) | (*number & 1) * 3);
    }
    uint8_t *scan = &picture.bytes[find_marker(&picture, 0xDA, 0)];
    scan[8] = scan[10] = 0x33;
    picture.bytes[find_marker(&picture, 0xC0, 0) + 1] = 0xC1;
    struct frame *plain = admit(picture);
    assert_masked_as_by_libjpeg(*state, &choices[5], plain, false);
    struct frame *masked;
    assert_int_equal(mask_scan(*state, &choices[5], plain, NULL, &masked), ERR_OK);
    struct picture result = copy_of(masked);
    assert_true(find_marker(&result, 0xC1, 0) > 0); /* baseline has two of each */
    free(result.bytes);
    frame_unref(&masked);
    frame_unref(&plain);
}

/* ---- What is between and behind the data ---- */

static void bytes_in_front_of_markers_are_dropped(void **state) {
    struct shape shape = shapes[2];
    struct picture picture = make_shape(&shape);
    const size_t restart = find_marker(&picture, 0xD1, 0);
    static const struct {
        const char *bytes;
        size_t count;
        enum err expected;
    } strays[] = {
        {"\0\0", 2, ERR_OK},
        {"abcd\xFF\0abcd", 10, ERR_OK},
        {"\xFF\xFF\xFF", 3, ERR_OK}, /* fill bytes */
        {"0123456789012345678901234567890123456789", 40, ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < 2 * sizeof strays / sizeof strays[0]; i++) {
        const size_t at = i % 2 == 0 ? restart : picture.count - 2;
        struct frame *plain = admit(insert(&picture, at, strays[i / 2].bytes, strays[i / 2].count));
        struct frame *masked;
        assert_int_equal(mask_scan(*state, &choices[4], plain, NULL, &masked), strays[i / 2].expected);
        frame_unref(&masked);
        if (strays[i / 2].expected == ERR_OK) {
            assert_masked_as_by_libjpeg(*state, &choices[4], plain, true);
        }
        struct frame *filtered_frame = filtered(&choices[4], plain);
        assert_black_below(filtered_frame, &areas[2]);
        frame_unref(&filtered_frame);
    }
    free(picture.bytes);
}

static void marker_behind_the_last_interval_is_dropped(void **state) {
    struct picture picture = make_shape(&shapes[2]); /* 8 rows: the last marker is RST6 */
    struct frame *plain = admit(insert(&picture, picture.count - 2, "\xFF\xD7", 2));
    struct frame *whole = admit(picture), *one, *other;
    assert_int_equal(mask_scan(*state, &choices[5], plain, NULL, &one), ERR_OK);
    assert_int_equal(mask_scan(*state, &choices[5], whole, NULL, &other), ERR_OK);
    assert_int_equal(frame_payload(one).count, frame_payload(other).count);
    assert_memory_equal(frame_payload(one).bytes, frame_payload(other).bytes, frame_payload(one).count);
    frame_unref(&one);
    frame_unref(&other);
    frame_unref(&whole);
    frame_unref(&plain);
}

/* ---- What is left to libjpeg ---- */

static void assert_left_to_libjpeg(struct jpeg_scan_mask *mask, struct frame *plain) {
    struct frame *masked;
    assert_int_equal(mask_scan(mask, &choices[5], plain, NULL, &masked), ERR_UNSUPPORTED);
    masked = filtered(&choices[5], plain);
    assert_black_below(masked, &areas[4]);
    frame_unref(&masked);
}

static void other_kinds_of_pictures_are_left_to_libjpeg(void **state) {
    assert_left_to_libjpeg(*state, frame_of_shape(&shapes[3])); /* progressive */
    struct frame *plain = frame_of_shape(&shapes[0]);
    assert_left_to_libjpeg(*state, for_libjpeg(plain)); /* something behind its scan */
    frame_unref(&plain);
}

static void damage_gives_what_libjpeg_makes_of_it_or_nothing(void **state) {
    uint32_t seed = 3;
    unsigned masked_count = 0, left_count = 0;
    for (unsigned round = 0; round < 3000; round++) {
        struct shape shape = shapes[next_random(&seed) % SHAPE_COUNT];
        shape.width = 64;
        shape.height = 48;
        shape.optimized = round % 3 == 0;
        shape.quality = round % 2 == 0 ? 30 : 100;
        struct picture picture = make_shape(&shape);
        const size_t from = round % 4 == 0 ? 2 : find_marker(&picture, 0xDA, 0);
        for (unsigned flips = 1 + next_random(&seed) % 3; flips > 0; flips--) {
            picture.bytes[from + next_random(&seed) % (picture.count - from)] ^=
                (uint8_t)(1u << next_random(&seed) % 8);
        }
        if (round % 7 == 0) {
            picture.count = from + next_random(&seed) % (picture.count - from);
        }
        struct frame *plain = admit_quickly(picture);
        if (plain == NULL || frame_info(plain)->width_px > 512 || frame_info(plain)->height_px > 512) {
            frame_unref(&plain);
            continue;
        }
        struct frame *masked;
        const struct picture_filter_settings *settings = &choices[round % CHOICE_COUNT];
        if (mask_scan(*state, settings, plain, NULL, &masked) == ERR_OK) {
            struct jpeg_filter *filter;
            struct frame *expected = for_libjpeg(plain);
            assert_int_equal(jpeg_filter_create(pool, settings, 80, "", &filter), ERR_OK);
            assert_int_equal(jpeg_filter_apply(filter, &expected, NULL, NULL), ERR_OK);
            jpeg_filter_destroy(&filter);
            frame_edit_info(masked)->orientation = 0;
            assert_same_picture(masked, expected);
            frame_unref(&expected);
            masked_count++;
        } else {
            left_count++;
        }
        frame_unref(&masked);
        frame_unref(&plain);
    }
    assert_true(masked_count > 100 && left_count > 100);
}

/* ---- Resources ---- */

static bool is_stopped(void *user) {
    (void)user;
    return true;
}

static void work_ends_at_its_limit(void **state) {
    const struct work_limit limits[] = {{.cpu_deadline_ns = INT64_MAX, .is_stopped = is_stopped},
                                        {.cpu_deadline_ns = 1}};
    static const enum err expected[] = {ERR_INTERRUPTED, ERR_TIMEOUT};
    struct frame *plain = frame_of_shape(&shapes[0]), *masked;
    for (size_t i = 0; i < 2; i++) {
        struct reason reason = {""};
        struct jpeg_filter *filter;
        assert_int_equal(mask_scan(*state, &choices[0], plain, &limits[i], &masked), expected[i]);
        assert_int_equal(jpeg_filter_create(pool, &choices[0], 80, "", &filter), ERR_OK);
        struct frame *frame = frame_ref(plain);
        assert_int_equal(jpeg_filter_apply(filter, &frame, &limits[i], &reason), expected[i]);
        assert_non_null(strstr(reason.text, "too long"));
        assert_int_equal(jpeg_filter_apply(filter, &frame, NULL, NULL), ERR_OK); /* it can go on */
        frame_unref(&frame);
        jpeg_filter_destroy(&filter);
    }
    frame_unref(&plain);
}

static void nothing_is_allocated_in_steady_state(void **state) {
    (void)state;
    for (size_t i = 0; i < CHOICE_COUNT; i++) {
        struct frame *plain = frame_of_shape(&shapes[0]);
        struct jpeg_filter *filter;
        assert_int_equal(jpeg_filter_create(pool, &choices[i], 80, "", &filter), ERR_OK);
        uint64_t allocations = 0;
        for (int round = 0; round < 10; round++) {
            struct frame *frame = frame_ref(plain);
            assert_int_equal(jpeg_filter_apply(filter, &frame, NULL, NULL), ERR_OK);
            const size_t size = frame_payload(frame).count;
            struct frame *fitting;
            assert_int_equal(frame_create(pool, size + size / 4, &fitting), ERR_OK);
            assert_true(round == 0 || frame_capacity(frame) == frame_capacity(fitting)); /* it does not grow */
            frame_unref(&fitting);
            frame_unref(&frame);
            if (round == 1) {
                allocations = frame_pool_usage(pool).allocations;
            }
        }
        assert_int_equal(frame_pool_usage(pool).allocations, allocations);
        jpeg_filter_destroy(&filter);
        frame_unref(&plain);
    }
}

#define MASK_TEST(name) cmocka_unit_test_setup_teardown(name, create_mask, destroy_mask)

int main(void) {
    const struct CMUnitTest tests[] = {
        MASK_TEST(result_is_that_of_libjpeg),
        MASK_TEST(smallest_pictures_are_masked),
        MASK_TEST(missing_codes_are_added),
        MASK_TEST(tables_of_any_number_are_used),
        MASK_TEST(bytes_in_front_of_markers_are_dropped),
        MASK_TEST(marker_behind_the_last_interval_is_dropped),
        MASK_TEST(other_kinds_of_pictures_are_left_to_libjpeg),
        MASK_TEST(damage_gives_what_libjpeg_makes_of_it_or_nothing),
        MASK_TEST(work_ends_at_its_limit),
        cmocka_unit_test(nothing_is_allocated_in_steady_state),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
