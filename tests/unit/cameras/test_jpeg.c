#include "cameras/jpeg.h"
#include "cameras/jpeg_tables.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <jpeglib.h>

#define WIDTH 203
#define HEIGHT 117

struct kind {
    bool grey, progressive, arithmetic;
    int restart_rows;
};

/* A JPEG in memory of exactly its size, so that AddressSanitizer sees a read behind it. */
struct picture {
    uint8_t *bytes;
    size_t count;
};

static struct frame_pool *pool;

static uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static struct picture join(const uint8_t *first, size_t first_count, const uint8_t *second, size_t second_count) {
    const size_t count = first_count + second_count;
    struct picture picture = {.bytes = malloc(count > 0 ? count : 1), .count = count};
    assert_non_null(picture.bytes);
    memcpy(picture.bytes, first, first_count);
    if (second_count > 0) {
        memcpy(picture.bytes + first_count, second, second_count);
    }
    return picture;
}

static struct picture make_picture(struct kind kind) {
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct compressor = {.err = jpeg_std_error(&errors)};
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    jpeg_create_compress(&compressor);
    jpeg_mem_dest(&compressor, &bytes, &count);
    compressor.image_width = WIDTH;
    compressor.image_height = HEIGHT;
    compressor.input_components = kind.grey ? 1 : 3;
    compressor.in_color_space = kind.grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&compressor);
    compressor.restart_in_rows = kind.restart_rows;
    compressor.arith_code = kind.arithmetic;
    if (kind.progressive) {
        jpeg_simple_progression(&compressor);
    }
    jpeg_start_compress(&compressor, TRUE);
    uint32_t seed = 5;
    while (compressor.next_scanline < compressor.image_height) {
        uint8_t row[3 * WIDTH];
        for (size_t i = 0; i < sizeof row; i++) {
            row[i] = (uint8_t)(i + compressor.next_scanline + next_random(&seed) % 40);
        }
        JSAMPROW rows[] = {row};
        jpeg_write_scanlines(&compressor, rows, 1);
    }
    jpeg_finish_compress(&compressor);
    jpeg_destroy_compress(&compressor);
    struct picture picture = join(bytes, count, NULL, 0);
    free(bytes);
    return picture;
}

/* The offset of the n-th marker of that kind, from 0. */
static size_t find_marker(const struct picture *picture, uint8_t marker, unsigned n) {
    for (size_t i = 0; i + 1 < picture->count; i++) {
        if (picture->bytes[i] == 0xFF && picture->bytes[i + 1] == marker && n-- == 0) {
            return i;
        }
    }
    fail_msg("no marker %02X", marker);
    return 0;
}

static struct picture cut_out(const struct picture *picture, size_t begin, size_t end) {
    return join(picture->bytes, begin, picture->bytes + end, picture->count - end);
}

static struct picture without_huffman_tables(const struct picture *picture) {
    struct picture stripped = join(picture->bytes, picture->count, NULL, 0);
    size_t scan = find_marker(&stripped, 0xDA, 0);
    for (size_t at = 2; at < scan;) {
        size_t next = at + 2 + ((size_t)stripped.bytes[at + 2] << 8 | stripped.bytes[at + 3]);
        if (stripped.bytes[at + 1] == 0xC4) {
            memmove(stripped.bytes + at, stripped.bytes + next, stripped.count - next);
            stripped.count -= next - at;
            scan -= next - at;
        } else {
            at = next;
        }
    }
    return stripped;
}

static struct frame *frame_of(struct span span) {
    struct frame *frame;
    assert_int_equal(frame_create(pool, span.count, &frame), ERR_OK);
    if (span.count > 0) {
        memcpy(frame_data(frame), span.bytes, span.count);
    }
    frame_set_size(frame, span.count);
    return frame;
}

static struct span span_of(const struct picture *picture) {
    return (struct span){.bytes = picture->bytes, .count = picture->count};
}

/* The walk's result; a refusal always has its reason. */
static enum err walk(const struct picture *picture) {
    struct jpeg_layout layout;
    struct reason reason = {""};
    enum err error = jpeg_walk(picture->bytes, picture->count, &layout, &reason);
    assert_true((error != ERR_OK) == (reason.text[0] != '\0'));
    return error;
}

static void assert_walk_and_free(struct picture picture, enum err expected) {
    assert_int_equal(walk(&picture), expected);
    free(picture.bytes);
}

static const struct kind kinds[] = {
    {.restart_rows = 0},   {.restart_rows = 1},
    {.grey = true},        {.grey = true, .restart_rows = 1},
    {.progressive = true}, {.progressive = true, .restart_rows = 2},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static void whole_pictures_are_admitted_as_they_are(void **state) {
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct picture picture = make_picture(kinds[i]);
        struct frame *frame = frame_of(span_of(&picture));
        assert_int_equal(jpeg_admit(frame, true, NULL), ERR_OK);
        assert_int_equal(frame_info(frame)->width_px, WIDTH);
        assert_int_equal(frame_info(frame)->height_px, HEIGHT);
        assert_int_equal(frame_info(frame)->format, FRAME_JPEG);
        assert_int_equal(frame_payload(frame).count, picture.count);
        assert_memory_equal(frame_payload(frame).bytes, picture.bytes, picture.count);
        frame_unref(&frame);
        free(picture.bytes);
    }
}

static void each_truncation_is_refused(void **state) {
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct picture picture = make_picture(kinds[i]);
        for (size_t count = 0; count < picture.count; count++) {
            assert_walk_and_free(join(picture.bytes, count, NULL, 0), ERR_INVALID);
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
            assert_int_equal(walk(&picture), ERR_INVALID);
        }
        free(picture.bytes);
    }
}

static void padding_is_trimmed(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.grey = false});
    uint8_t paddings[3][512] = {{0}};
    memset(paddings[1], 0xFF, sizeof paddings[1]);
    uint32_t seed = 3;
    for (size_t i = 0; i < sizeof paddings[2]; i++) {
        paddings[2][i] = (uint8_t)next_random(&seed);
    }
    for (size_t i = 0; i < 3; i++) {
        struct picture padded = join(picture.bytes, picture.count, paddings[i], sizeof paddings[i]);
        struct frame *frame = frame_of(span_of(&padded));
        assert_int_equal(jpeg_admit(frame, true, NULL), ERR_OK);
        assert_int_equal(frame_payload(frame).count, picture.count);
        frame_unref(&frame);
        free(padded.bytes);
    }
    free(picture.bytes);
}

static void fill_bytes_before_markers_are_fine(void **state) {
    (void)state;
    static const uint8_t fill[] = {0xFF, 0xFF, 0xFF};
    struct picture picture = make_picture((struct kind){.restart_rows = 1});
    const size_t places[] = {find_marker(&picture, 0xDB, 0), find_marker(&picture, 0xD2, 0), picture.count - 2};
    for (size_t i = 0; i < 3; i++) {
        struct picture head = join(picture.bytes, places[i], fill, sizeof fill);
        assert_walk_and_free(join(head.bytes, head.count, picture.bytes + places[i], picture.count - places[i]),
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
            assert_int_equal(jpeg_walk(glued.bytes, glued.count, &layout, &reason), ERR_INVALID);
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
    assert_int_equal(jpeg_walk(whole.bytes, whole.count, &layout, NULL), ERR_OK);
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
        assert_walk_and_free(cut_out(&picture, third, third + 2), ERR_INVALID);
        assert_walk_and_free(cut_out(&picture, third, find_marker(&picture, 0xD5, 0)), ERR_INVALID);
        free(picture.bytes);
    }
    /* Eight intervals are missing: the order is right, the count is not. */
    struct picture picture = make_picture((struct kind){.grey = true, .restart_rows = 1});
    assert_walk_and_free(cut_out(&picture, find_marker(&picture, 0xD0, 0), find_marker(&picture, 0xD0, 1)),
                         ERR_INVALID);
    /* As many as there should be, but not in their order. */
    struct picture swapped = join(picture.bytes, picture.count, NULL, 0);
    swapped.bytes[find_marker(&picture, 0xD1, 0) + 1] = 0xD2;
    swapped.bytes[find_marker(&picture, 0xD2, 0) + 1] = 0xD1;
    assert_walk_and_free(swapped, ERR_INVALID);
    /* With one component, sampling factors mean nothing. */
    struct picture sampled = join(picture.bytes, picture.count, NULL, 0);
    sampled.bytes[find_marker(&picture, 0xC0, 0) + 11] = 0x22;
    assert_walk_and_free(sampled, ERR_OK);
    /* A marker behind the last interval does no harm; markers that nobody announced do. */
    const uint8_t end[] = {0xFF, (uint8_t)(0xD0 + (HEIGHT - 1) / 8 % 8), 0xFF, 0xD9};
    assert_walk_and_free(join(picture.bytes, picture.count - 2, end, sizeof end), ERR_OK);
    size_t interval = find_marker(&picture, 0xDD, 0);
    assert_walk_and_free(cut_out(&picture, interval, interval + 6), ERR_INVALID);
    free(picture.bytes);
}

static void lost_packet_passes_the_walk_but_does_not_decode(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.grey = false});
    struct picture lossy = cut_out(&picture, picture.count / 2, picture.count / 2 + 3060);
    struct frame *frame = frame_of(span_of(&lossy));
    struct reason reason = {""};
    assert_int_equal(jpeg_admit(frame, false, NULL), ERR_OK);
    assert_int_equal(jpeg_admit(frame, true, &reason), ERR_INVALID);
    assert_non_null(strstr(reason.text, "does not decode"));
    frame_unref(&frame);
    free(lossy.bytes);
    free(picture.bytes);
}

static void few_stray_bytes_before_the_end_still_decode(void **state) {
    (void)state;
    static const uint8_t stray[400] = {1, 2, 3};
    static const uint8_t end[] = {0xFF, 0xD9};
    const struct {
        size_t count;
        bool decodes;
    } cases[] = {{4, true}, {sizeof stray, false}};
    struct picture picture = make_picture((struct kind){.grey = false});
    for (size_t i = 0; i < 2; i++) {
        struct picture head = join(picture.bytes, picture.count - 2, stray, cases[i].count);
        struct picture whole = join(head.bytes, head.count, end, sizeof end);
        assert_int_equal(jpeg_decodes(whole.bytes, whole.count, NULL), cases[i].decodes);
        free(whole.bytes);
        free(head.bytes);
    }
    free(picture.bytes);
}

static void missing_huffman_tables_are_put_in(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct picture picture = make_picture(kinds[i]);
        struct picture stripped = without_huffman_tables(&picture);
        struct frame *frame = frame_of(span_of(&stripped));
        assert_int_equal(jpeg_admit(frame, true, NULL), ERR_OK);
        struct span payload = frame_payload(frame);
        assert_int_equal(payload.count, stripped.count + JPEG_STANDARD_TABLES_BYTES);
        struct jpeg_layout layout;
        assert_int_equal(jpeg_walk(payload.bytes, payload.count, &layout, NULL), ERR_OK);
        assert_true(layout.has_huffman_tables);
        const size_t tables = layout.first_scan - JPEG_STANDARD_TABLES_BYTES;
        assert_memory_equal(payload.bytes, stripped.bytes, tables);
        assert_memory_equal(payload.bytes + tables, jpeg_standard_tables, JPEG_STANDARD_TABLES_BYTES);
        assert_memory_equal(payload.bytes + layout.first_scan, stripped.bytes + tables, stripped.count - tables);
        frame_unref(&frame);
        free(stripped.bytes);
        free(picture.bytes);
    }
}

static void standard_tables_are_those_of_libjpeg(void **state) {
    (void)state;
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct compressor = {.err = jpeg_std_error(&errors)};
    jpeg_create_compress(&compressor);
    compressor.in_color_space = JCS_RGB;
    compressor.input_components = 3;
    jpeg_set_defaults(&compressor);
    const uint8_t *at = jpeg_standard_tables + 4;
    for (size_t i = 0; i < 4; i++) {
        JHUFF_TBL **tables = i % 2 == 0 ? compressor.dc_huff_tbl_ptrs : compressor.ac_huff_tbl_ptrs;
        const JHUFF_TBL *table = tables[i / 2];
        assert_int_equal(*at, (i % 2) << 4 | i / 2);
        assert_memory_equal(at + 1, table->bits + 1, 16);
        size_t values = 0;
        for (size_t length = 1; length <= 16; length++) {
            values += table->bits[length];
        }
        assert_memory_equal(at + 17, table->huffval, values);
        at += 17 + values;
    }
    assert_ptr_equal(at, jpeg_standard_tables + JPEG_STANDARD_TABLES_BYTES);
    jpeg_destroy_compress(&compressor);
}

static void progressive_without_huffman_tables_is_refused(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.progressive = true});
    assert_walk_and_free(without_huffman_tables(&picture), ERR_INVALID);
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
        assert_walk_and_free(damaged, cases[i].expected);
    }
    free(picture.bytes);
}

static void scan_without_data_is_refused(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.grey = true});
    size_t data = find_marker(&picture, 0xDA, 0) + 2 + 8;
    assert_walk_and_free(cut_out(&picture, data, picture.count - 2), ERR_INVALID);
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
    assert_walk_and_free(ended, ERR_INVALID);
    free(whole.bytes);
    free(picture.bytes);
}

static void arithmetic_coding_is_unsupported(void **state) {
    (void)state;
    assert_walk_and_free(make_picture((struct kind){.arithmetic = true}), ERR_UNSUPPORTED);
}

static void what_is_not_a_jpeg_is_refused(void **state) {
    (void)state;
    static const char *const texts[] = {"",       "\xFF",       "\xFF\xD8", "\xFF\xD8\xFF", "\xFF\xD8\xFF\xD9",
                                        "GIF89a", "\x89PNG\r\n"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct picture text = join((const uint8_t *)texts[i], strlen(texts[i]), NULL, 0);
        assert_false(jpeg_decodes(text.bytes, text.count, NULL));
        assert_walk_and_free(text, ERR_INVALID);
    }
}

/* Changes a few bytes, in the headers or anywhere, and cuts off an end of up to seven ninths. */
static struct picture damage(const struct picture *original, bool headers_only, uint32_t *seed) {
    const size_t count = original->count - next_random(seed) % 8 * (original->count / 9);
    struct picture picture = join(original->bytes, count, NULL, 0);
    const size_t reach = headers_only && count > 700 ? 700 : count;
    for (uint32_t left = 1 + next_random(seed) % 6; left > 0; left--) {
        const size_t at = (size_t)next_random(seed) * reach >> 24;
        picture.bytes[at] = (uint8_t)next_random(seed);
    }
    return picture;
}

static void random_damage_is_survived(void **state) {
    (void)state;
    uint32_t seed = 20260101;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct picture original = make_picture(kinds[i]);
        unsigned walked = 0;
        for (unsigned round = 0; round < 2000; round++) {
            struct picture picture = damage(&original, round % 2 == 0, &seed);
            struct jpeg_layout layout;
            if (jpeg_walk(picture.bytes, picture.count, &layout, NULL) == ERR_OK) {
                assert_in_range(layout.end, 4, picture.count);
                assert_in_range(layout.first_scan, 2, layout.end - 4);
                struct frame *frame = frame_of(span_of(&picture));
                const enum err error = jpeg_admit(frame, walked++ % 4 == 0, NULL);
                assert_true(error == ERR_OK || error == ERR_INVALID);
                frame_unref(&frame);
            }
            free(picture.bytes);
        }
        assert_in_range(walked, 10, 1990);
        free(original.bytes);
    }
}

/* Admits each .jpg of a directory and returns how many there are. */
static unsigned admit_files(const char *directory, bool good) {
    DIR *listing = opendir(directory);
    assert_non_null(listing);
    unsigned count = 0;
    for (struct dirent *entry = readdir(listing); entry != NULL; entry = readdir(listing)) {
        if (strstr(entry->d_name, ".jpg") == NULL) {
            continue;
        }
        char path[512];
        snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
        static uint8_t bytes[1 << 20];
        FILE *file = fopen(path, "rb");
        assert_non_null(file);
        struct frame *frame = frame_of((struct span){.bytes = bytes, .count = fread(bytes, 1, sizeof bytes, file)});
        fclose(file);
        struct reason reason = {""};
        const enum err error = jpeg_admit(frame, good, &reason);
        if ((error == ERR_OK) != good) {
            fail_msg("%s: %s (%s)", entry->d_name, err_text(error), reason.text);
        }
        frame_unref(&frame);
        count++;
    }
    closedir(listing);
    return count;
}

static void pictures_of_other_programs_are_judged_right(void **state) {
    (void)state;
    char directory[] = "/tmp/framebroker-test-XXXXXX", bad[64], command[512];
    assert_non_null(mkdtemp(directory));
    snprintf(command, sizeof command, "%s/tests/e2e/make_foreign_jpegs %s", SOURCE_DIR, directory);
    const int status = system(command);
    assert_true(WIFEXITED(status));
    const bool made = WEXITSTATUS(status) == 0;
    if (made) {
        snprintf(bad, sizeof bad, "%s/bad", directory);
        assert_true(admit_files(directory, true) >= 15);
        assert_true(admit_files(bad, false) >= 10);
    }
    snprintf(command, sizeof command, "rm -r %s", directory);
    assert_int_equal(system(command), 0);
    if (!made) {
        assert_int_equal(WEXITSTATUS(status), 77);
        skip();
    }
}

static int create_pool(void **state) {
    (void)state;
    return frame_pool_create(&pool) == ERR_OK ? 0 : -1;
}

static int destroy_pool(void **state) {
    (void)state;
    frame_pool_destroy(&pool);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_pictures_are_admitted_as_they_are),
        cmocka_unit_test(each_truncation_is_refused),
        cmocka_unit_test(each_zero_padded_truncation_is_refused),
        cmocka_unit_test(padding_is_trimmed),
        cmocka_unit_test(fill_bytes_before_markers_are_fine),
        cmocka_unit_test(picture_glued_to_a_cut_one_is_refused),
        cmocka_unit_test(embedded_thumbnail_is_skipped),
        cmocka_unit_test(lost_data_shows_in_the_restart_markers),
        cmocka_unit_test(lost_packet_passes_the_walk_but_does_not_decode),
        cmocka_unit_test(few_stray_bytes_before_the_end_still_decode),
        cmocka_unit_test(missing_huffman_tables_are_put_in),
        cmocka_unit_test(standard_tables_are_those_of_libjpeg),
        cmocka_unit_test(progressive_without_huffman_tables_is_refused),
        cmocka_unit_test(damaged_headers_are_refused),
        cmocka_unit_test(scan_without_data_is_refused),
        cmocka_unit_test(endless_scans_are_refused),
        cmocka_unit_test(arithmetic_coding_is_unsupported),
        cmocka_unit_test(what_is_not_a_jpeg_is_refused),
        cmocka_unit_test(random_damage_is_survived),
        cmocka_unit_test(pictures_of_other_programs_are_judged_right),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
