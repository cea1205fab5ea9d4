#include "cameras/picture/jpeg.h"

#include "cameras/picture/jpeg_decode.h"
#include "tests/unit/cameras/picture/jpeg_fixture.h"

static void each_truncation_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct picture picture = make_picture(kinds[i]);
        for (size_t count = 0; count < picture.count; count++) {
            assert_inspection_and_free(join(picture.bytes, count, NULL, 0), ERR_INVALID);
        }
        free(picture.bytes);
    }
}

static void each_zero_padded_truncation_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct picture picture = make_picture(kinds[i]);
        for (size_t at = picture.count - 1; at > 0; at--) {
            picture.bytes[at] = 0;
            assert_int_equal(inspect(&picture), ERR_INVALID);
        }
        free(picture.bytes);
    }
}

static void fill_bytes_before_markers_are_fine(void **state) {
    (void)state;
    static const uint8_t fill[] = {0xFF, 0xFF, 0xFF};
    struct picture picture = make_picture((struct kind){.restart_rows = 1});
    const size_t places[] = {find_marker(&picture, 0xDB, 0), find_marker(&picture, 0xD2, 0), picture.count - 2};
    for (size_t i = 0; i < 3; i++) {
        struct picture head = join(picture.bytes, places[i], fill, sizeof fill);
        assert_inspection_and_free(join(head.bytes, head.count, picture.bytes + places[i], picture.count - places[i]),
                                   ERR_OK);
        free(head.bytes);
    }
    free(picture.bytes);
}

static void picture_glued_to_a_cut_one_is_refused(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.grey = false});
    for (size_t cut = find_marker(&picture, 0xDA, 0) + 20; cut < picture.count - 2; cut += 97) {
        for (size_t lost = 0; lost <= 2; lost += 2) { /* with the second one's SOI, and without */
            struct picture glued = join(picture.bytes, cut, picture.bytes + lost, picture.count - lost);
            struct jpeg_layout layout;
            struct reason reason = {""};
            assert_int_equal(jpeg_inspect(glued.bytes, glued.count, &layout, &reason), ERR_INVALID);
            assert_string_equal(reason.text, "a second picture begins in the middle");
            free(glued.bytes);
        }
    }
    free(picture.bytes);
}

static void embedded_thumbnail_is_skipped(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.grey = false});
    const size_t thumbnail_bytes = 900;
    const uint8_t header[] = {
        0xFF, 0xD8, 0xFF, 0xE1, (uint8_t)((thumbnail_bytes + 2) >> 8), (uint8_t)(thumbnail_bytes + 2)};
    struct picture head = join(header, sizeof header, picture.bytes, thumbnail_bytes);
    struct picture whole = join(head.bytes, head.count, picture.bytes + 2, picture.count - 2);
    struct jpeg_layout layout;
    assert_int_equal(jpeg_inspect(whole.bytes, whole.count, &layout, NULL), ERR_OK);
    assert_int_equal(layout.end, whole.count);
    free(whole.bytes);
    free(head.bytes);
    free(picture.bytes);
}

static void lost_data_shows_in_the_restart_markers(void **state) {
    (void)state;
    const struct kind both[] = {{.restart_rows = 1}, {.grey = true, .restart_rows = 1}};
    for (size_t i = 0; i < 2; i++) {
        struct picture picture = make_picture(both[i]);
        size_t third = find_marker(&picture, 0xD2, 0);
        assert_inspection_and_free(cut_out(&picture, third, third + 2), ERR_INVALID);
        assert_inspection_and_free(cut_out(&picture, third, find_marker(&picture, 0xD5, 0)), ERR_INVALID);
        free(picture.bytes);
    }
    /* Eight intervals are missing: the order is right, the count is not. */
    struct picture picture = make_picture((struct kind){.grey = true, .restart_rows = 1});
    assert_inspection_and_free(cut_out(&picture, find_marker(&picture, 0xD0, 0), find_marker(&picture, 0xD0, 1)),
                               ERR_INVALID);
    /* As many as there should be, but not in their order. */
    struct picture swapped = join(picture.bytes, picture.count, NULL, 0);
    swapped.bytes[find_marker(&picture, 0xD1, 0) + 1] = 0xD2;
    swapped.bytes[find_marker(&picture, 0xD2, 0) + 1] = 0xD1;
    assert_inspection_and_free(swapped, ERR_INVALID);
    /* With one component, sampling factors mean nothing. */
    struct picture sampled = join(picture.bytes, picture.count, NULL, 0);
    sampled.bytes[find_marker(&picture, 0xC0, 0) + 11] = 0x22;
    assert_inspection_and_free(sampled, ERR_OK);
    /* A marker behind the last interval does no harm; markers that nobody announced do. */
    const uint8_t end[] = {0xFF, (uint8_t)(0xD0 + (HEIGHT - 1) / 8 % 8), 0xFF, 0xD9};
    assert_inspection_and_free(join(picture.bytes, picture.count - 2, end, sizeof end), ERR_OK);
    size_t interval = find_marker(&picture, 0xDD, 0);
    assert_inspection_and_free(cut_out(&picture, interval, interval + 6), ERR_INVALID);
    free(picture.bytes);
}

static void progressive_without_huffman_tables_is_refused(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.progressive = true});
    assert_inspection_and_free(without_huffman_tables(&picture), ERR_INVALID);
    free(picture.bytes);
}

static void damaged_headers_are_refused(void **state) {
    (void)state;
    static const struct {
        uint8_t marker, value;
        size_t offset; /* from the marker's first byte */
        enum err expected;
    } cases[] = {
        {0xC0, 0xC3, 1, ERR_UNSUPPORTED}, /* lossless */
        {0xC0, 0xC9, 1, ERR_UNSUPPORTED}, /* arithmetic */
        {0xC0, 12, 4, ERR_UNSUPPORTED},   /* bits a sample */
        {0xC0, 0, 6, ERR_INVALID},        /* height */
        {0xC0, 0, 8, ERR_INVALID},        /* width */
        {0xC0, 4, 9, ERR_INVALID},        /* components */
        {0xC0, 0x02, 11, ERR_INVALID},    /* sampling factors */
        {0xDA, 2, 4, ERR_INVALID},        /* components of the scan */
        {0xDA, 0xD8, 1, ERR_INVALID},     /* a second picture */
        {0xDB, 0xFE, 1, ERR_INVALID},     /* no quantization tables */
        {0xDB, 0x02, 1, ERR_INVALID},     /* a reserved marker */
        {0xDB, 0, 3, ERR_INVALID},        /* a length of 0 */
        {0xDB, 0xDC, 1, ERR_UNSUPPORTED}, /* DNL */
        {0xE0, 0xC0, 1, ERR_INVALID},     /* a frame header of rubbish */
    };
    struct picture picture = make_picture((struct kind){.grey = false});
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct picture damaged = join(picture.bytes, picture.count, NULL, 0);
        for (size_t at = 2; at < find_marker(&picture, 0xDA, 0) + 2;) {
            size_t next = at + 2 + ((size_t)picture.bytes[at + 2] << 8 | picture.bytes[at + 3]);
            if (picture.bytes[at + 1] == cases[i].marker) {
                damaged.bytes[at + cases[i].offset] = cases[i].value;
            }
            at = next;
        }
        assert_inspection_and_free(damaged, cases[i].expected);
    }
    free(picture.bytes);
}

static void scan_without_data_is_refused(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.grey = true});
    size_t data = find_marker(&picture, 0xDA, 0) + 2 + 8;
    assert_inspection_and_free(cut_out(&picture, data, picture.count - 2), ERR_INVALID);
    free(picture.bytes);
}

static void endless_scans_are_refused(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.progressive = true});
    size_t last = find_marker(&picture, 0xDA, 0);
    struct picture whole = join(picture.bytes, find_marker(&picture, 0xDA, 1), NULL, 0);
    const size_t scan_bytes = whole.count - last;
    for (int i = 0; i < 200; i++) {
        struct picture longer = join(whole.bytes, whole.count, whole.bytes + last, scan_bytes);
        free(whole.bytes);
        whole = longer;
    }
    struct picture ended = join(whole.bytes, whole.count, picture.bytes + picture.count - 2, 2);
    assert_inspection_and_free(ended, ERR_INVALID);
    free(whole.bytes);
    free(picture.bytes);
}

static uint64_t coded_blocks(struct kind kind) {
    struct picture picture = make_picture(kind);
    struct jpeg_layout layout;
    assert_int_equal(jpeg_inspect(picture.bytes, picture.count, &layout, NULL), ERR_OK);
    free(picture.bytes);
    return layout.coded_blocks;
}

static void work_is_counted_in_blocks(void **state) {
    (void)state;
    const uint64_t units = (uint64_t)((WIDTH + 15) / 16) * ((HEIGHT + 15) / 16);
    const uint64_t luma = (uint64_t)((WIDTH + 7) / 8) * ((HEIGHT + 7) / 8);
    assert_int_equal(coded_blocks((struct kind){.restart_rows = 1}), 6 * units);
    assert_int_equal(coded_blocks((struct kind){.grey = true}), luma);
    /* libjpeg's own script: two scans of all components, four of luma, two of each chroma. */
    assert_int_equal(coded_blocks((struct kind){.progressive = true}), 2 * 6 * units + 4 * luma + 2 * 2 * units);
}

/* Puts a size into the headers, whatever the data are. */
static void set_size(struct picture *picture, uint8_t frame_marker, unsigned width, unsigned height) {
    uint8_t *size = picture->bytes + find_marker(picture, frame_marker, 0) + 5;
    size[0] = (uint8_t)(height >> 8);
    size[1] = (uint8_t)height;
    size[2] = (uint8_t)(width >> 8);
    size[3] = (uint8_t)width;
}

static void scans_times_blocks_have_a_limit(void **state) {
    (void)state;
    static const struct {
        struct kind kind;
        unsigned width, height;
        enum err expected;
    } cases[] = {
        {{.progressive = true}, 3840, 2160, ERR_OK},
        {{.progressive = true}, 16000, 16000, ERR_UNSUPPORTED},
        {{.grey = false}, 12000, 9000, ERR_OK},
        {{.grey = false}, 65500, 65500, ERR_UNSUPPORTED},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct picture picture = make_picture(cases[i].kind);
        set_size(&picture, cases[i].kind.progressive ? 0xC2 : 0xC0, cases[i].width, cases[i].height);
        assert_inspection_and_free(picture, cases[i].expected);
    }
}

static void arithmetic_coding_is_unsupported(void **state) {
    (void)state;
    assert_inspection_and_free(make_picture((struct kind){.arithmetic = true}), ERR_UNSUPPORTED);
}

static void what_is_not_a_jpeg_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",       "\xFF",       "\xFF\xD8", "\xFF\xD8\xFF", "\xFF\xD8\xFF\xD9",
                                        "GIF89a", "\x89PNG\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct picture text = join((const uint8_t *)texts[i], strlen(texts[i]), NULL, 0);
        assert_int_equal(jpeg_check_decoding(text.bytes, text.count, NULL, NULL), ERR_INVALID);
        assert_inspection_and_free(text, ERR_INVALID);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(each_zero_padded_truncation_is_refused),
        cmocka_unit_test(fill_bytes_before_markers_are_fine),
        cmocka_unit_test(picture_glued_to_a_cut_one_is_refused),
        cmocka_unit_test(embedded_thumbnail_is_skipped),
        cmocka_unit_test(lost_data_shows_in_the_restart_markers),
        cmocka_unit_test(progressive_without_huffman_tables_is_refused),
        cmocka_unit_test(damaged_headers_are_refused),
        cmocka_unit_test(scan_without_data_is_refused),
        cmocka_unit_test(endless_scans_are_refused),
        cmocka_unit_test(work_is_counted_in_blocks),
        cmocka_unit_test(scans_times_blocks_have_a_limit),
        cmocka_unit_test(arithmetic_coding_is_unsupported),
        cmocka_unit_test(what_is_not_a_jpeg_is_refused),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
