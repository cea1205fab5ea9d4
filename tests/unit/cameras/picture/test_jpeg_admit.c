#include "cameras/picture/jpeg.h"

#include "broker/base/clock.h"
#include "cameras/picture/jpeg_decode.h"
#include "cameras/picture/jpeg_tables.h"
#include "tests/unit/cameras/picture/jpeg_fixture.h"

#include <dirent.h>
#include <sys/wait.h>

static void whole_pictures_are_admitted_as_they_are(void **state) {
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct picture picture = make_picture(kinds[i]);
        struct frame *frame = frame_of(span_of(&picture));
        assert_int_equal(jpeg_admit(frame, true, NULL, NULL), ERR_OK);
        assert_int_equal(frame_info(frame)->width_px, WIDTH);
        assert_int_equal(frame_info(frame)->height_px, HEIGHT);
        assert_int_equal(frame_info(frame)->format, FRAME_JPEG);
        assert_int_equal(frame_payload(frame).count, picture.count);
        assert_memory_equal(frame_payload(frame).bytes, picture.bytes, picture.count);
        frame_unref(&frame);
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
        assert_int_equal(jpeg_admit(frame, true, NULL, NULL), ERR_OK);
        assert_int_equal(frame_payload(frame).count, picture.count);
        frame_unref(&frame);
        free(padded.bytes);
    }
    free(picture.bytes);
}

static void lost_packet_passes_the_inspection_but_does_not_decode(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.grey = false});
    struct picture lossy = cut_out(&picture, picture.count / 2, picture.count / 2 + 3060);
    struct frame *frame = frame_of(span_of(&lossy));
    struct reason reason = {""};
    assert_int_equal(jpeg_admit(frame, false, NULL, NULL), ERR_OK);
    assert_int_equal(jpeg_admit(frame, true, NULL, &reason), ERR_INVALID);
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
        struct reason reason = {""};
        assert_int_equal(jpeg_check_decoding(whole.bytes, whole.count, NULL, &reason) == ERR_OK, cases[i].decodes);
        assert_non_null(strstr(reason.text, cases[i].decodes ? "but with a warning" : "does not decode"));
        free(whole.bytes);
        free(head.bytes);
    }
    free(picture.bytes);
}

/* As some Logitech cameras leave them. */
static void stray_bytes_before_restart_markers_still_decode(void **state) {
    (void)state;
    static const uint8_t stray[] = {0x12, 0x34, 0x56, 0x78};
    struct picture picture = make_picture((struct kind){.restart_rows = 1});
    struct picture strays = join(picture.bytes, find_marker(&picture, 0xDA, 0), NULL, 0);
    size_t at = strays.count;
    for (unsigned n = 0; n < (HEIGHT - 1) / 16; n++) {
        struct picture rest = {picture.bytes + at, picture.count - at};
        size_t marker = at + find_marker(&rest, (uint8_t)(0xD0 + n % 8), 0);
        struct picture head = join(strays.bytes, strays.count, picture.bytes + at, marker - at);
        free(strays.bytes);
        strays = join(head.bytes, head.count, stray, sizeof stray);
        free(head.bytes);
        at = marker;
    }
    struct picture whole = join(strays.bytes, strays.count, picture.bytes + at, picture.count - at);
    assert_int_equal(whole.count, picture.count + (HEIGHT - 1) / 16 * sizeof stray);
    struct frame *frame = frame_of(span_of(&whole));
    struct reason reason = {""};
    assert_int_equal(jpeg_admit(frame, true, NULL, &reason), ERR_OK);
    assert_string_equal(reason.text, "");
    frame_unref(&frame);
    free(whole.bytes);
    free(strays.bytes);
    free(picture.bytes);
}

static void missing_end_is_added_where_all_blocks_are_there(void **state) {
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct picture picture = make_picture(kinds[i]);
        for (size_t lost = 2; lost < 200; lost += 6) {
            struct frame *frame = frame_of((struct span){picture.bytes, picture.count - lost});
            enum err expected = lost == 2 ? ERR_OK : ERR_INVALID;
            assert_int_equal(jpeg_admit(frame, false, NULL, NULL), expected);
            if (expected == ERR_OK) {
                assert_int_equal(frame_payload(frame).count, picture.count);
                assert_memory_equal(frame_payload(frame).bytes, picture.bytes, picture.count);
            }
            frame_unref(&frame);
        }
        free(picture.bytes);
    }
}

/* Which no decoder notices: the picture is only coarser. */
static void missing_last_scan_is_no_missing_end(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.progressive = true});
    for (unsigned scan = 1; scan < 10; scan++) {
        const size_t end = find_marker(&picture, 0xDA, scan);
        size_t tables = end; /* those of the scan come before it */
        while (picture.bytes[tables - 2] != 0xFF || picture.bytes[tables - 1] != 0xC4) {
            tables--;
        }
        struct frame *frame = frame_of((struct span){picture.bytes, tables - 2});
        struct reason reason = {""};
        assert_int_equal(jpeg_admit(frame, false, NULL, &reason), ERR_INVALID);
        assert_non_null(strstr(reason.text, "it ends in the middle"));
        frame_unref(&frame);
    }
    free(picture.bytes);
}

struct asks {
    unsigned count, allowed;
};

static bool is_stopped_after_some(void *user) {
    struct asks *asks = user;
    return ++asks->count > asks->allowed;
}

static void decoding_ends_at_its_limit(void **state) {
    (void)state;
    for (size_t i = 0; i < KIND_COUNT; i++) {
        struct picture picture = make_picture(kinds[i]);
        struct asks asks = {.allowed = 2};
        struct work_limit limit = {.cpu_deadline_ns = CLOCK_NEVER, .is_stopped = is_stopped_after_some, .user = &asks};
        struct reason reason = {""};
        assert_int_equal(jpeg_check_decoding(picture.bytes, picture.count, &limit, NULL), ERR_INTERRUPTED);
        assert_int_equal(asks.count, 3);
        asks.allowed = asks.count; /* each further question is refused */
        struct frame *frame = frame_of(span_of(&picture));
        assert_int_equal(jpeg_admit(frame, true, &limit, NULL), ERR_INTERRUPTED);
        frame_unref(&frame);
        limit = (struct work_limit){.cpu_deadline_ns = clock_thread_cpu_ns()};
        assert_int_equal(jpeg_check_decoding(picture.bytes, picture.count, &limit, &reason), ERR_TIMEOUT);
        assert_string_equal(reason.text, "it does not decode: it takes too long");
        limit = (struct work_limit){.cpu_deadline_ns = CLOCK_NEVER};
        assert_int_equal(jpeg_check_decoding(picture.bytes, picture.count, &limit, NULL), ERR_OK);
        free(picture.bytes);
    }
}

static void size_is_that_of_the_turned_picture(void **state) {
    (void)state;
    struct picture picture = make_picture((struct kind){.grey = false});
    for (uint8_t orientation = 0; orientation <= 9; orientation++) {
        struct picture turned = with_orientation(&picture, orientation);
        struct frame *frame = frame_of(span_of(&turned));
        assert_int_equal(jpeg_admit(frame, true, NULL, NULL), ERR_OK);
        const bool is_sideways = orientation >= 5 && orientation <= 8;
        assert_int_equal(frame_info(frame)->width_px, is_sideways ? HEIGHT : WIDTH);
        assert_int_equal(frame_info(frame)->height_px, is_sideways ? WIDTH : HEIGHT);
        assert_int_equal(frame_info(frame)->orientation, orientation <= 8 ? orientation : 0);
        frame_unref(&frame);
        free(turned.bytes);
    }
    free(picture.bytes);
}

static void missing_huffman_tables_are_put_in(void **state) {
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        struct picture picture = make_picture(kinds[i]);
        struct picture stripped = without_huffman_tables(&picture);
        struct frame *frame = frame_of(span_of(&stripped));
        assert_int_equal(jpeg_admit(frame, true, NULL, NULL), ERR_OK);
        struct span payload = frame_payload(frame);
        assert_int_equal(payload.count, stripped.count + JPEG_STANDARD_TABLES_BYTES);
        struct jpeg_layout layout;
        assert_int_equal(jpeg_inspect(payload.bytes, payload.count, &layout, NULL), ERR_OK);
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
            if (jpeg_inspect(picture.bytes, picture.count, &layout, NULL) == ERR_OK) {
                assert_in_range(layout.end, 4, picture.count);
                assert_in_range(layout.first_scan, 2, layout.end - 4);
                struct frame *frame = frame_of(span_of(&picture));
                const enum err error = jpeg_admit(frame, walked++ % 4 == 0, NULL, NULL);
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
        const enum err error = jpeg_admit(frame, good, NULL, &reason);
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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_pictures_are_admitted_as_they_are),
        cmocka_unit_test(padding_is_trimmed),
        cmocka_unit_test(lost_packet_passes_the_inspection_but_does_not_decode),
        cmocka_unit_test(few_stray_bytes_before_the_end_still_decode),
        cmocka_unit_test(stray_bytes_before_restart_markers_still_decode),
        cmocka_unit_test(missing_end_is_added_where_all_blocks_are_there),
        cmocka_unit_test(missing_last_scan_is_no_missing_end),
        cmocka_unit_test(decoding_ends_at_its_limit),
        cmocka_unit_test(size_is_that_of_the_turned_picture),
        cmocka_unit_test(missing_huffman_tables_are_put_in),
        cmocka_unit_test(standard_tables_are_those_of_libjpeg),
        cmocka_unit_test(random_damage_is_survived),
        cmocka_unit_test(pictures_of_other_programs_are_judged_right),
    };
    return cmocka_run_group_tests(tests, create_pool, destroy_pool);
}
