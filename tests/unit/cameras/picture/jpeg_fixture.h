/* JPEG pictures of several kinds, made by libjpeg, whole and damaged. */
#ifndef TESTS_JPEG_FIXTURE_H
#define TESTS_JPEG_FIXTURE_H

#include "cameras/picture/jpeg.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

static inline uint32_t next_random(uint32_t *seed) {
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static inline struct picture join(const uint8_t *first, size_t first_count, const uint8_t *second,
                                  size_t second_count) {
    const size_t count = first_count + second_count;
    struct picture picture = {.bytes = malloc(count > 0 ? count : 1), .count = count};
    assert_non_null(picture.bytes);
    memcpy(picture.bytes, first, first_count);
    if (second_count > 0) {
        memcpy(picture.bytes + first_count, second, second_count);
    }
    return picture;
}

static inline struct picture make_picture(struct kind kind) {
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
static inline size_t find_marker(const struct picture *picture, uint8_t marker, unsigned n) {
    for (size_t i = 0; i + 1 < picture->count; i++) {
        if (picture->bytes[i] == 0xFF && picture->bytes[i + 1] == marker && n-- == 0) {
            return i;
        }
    }
    fail_msg("no marker %02X", marker);
    return 0;
}

static inline struct picture cut_out(const struct picture *picture, size_t begin, size_t end) {
    return join(picture->bytes, begin, picture->bytes + end, picture->count - end);
}

static inline struct picture without_huffman_tables(const struct picture *picture) {
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

/* Exif, in big-endian order, states the orientation. */
static inline struct picture with_orientation(const struct picture *picture, uint8_t orientation) {
    uint8_t exif[] = "\xFF\xE1\0\x22"
                     "Exif\0\0MM\0*\0\0\0\x08"
                     "\0\1\x01\x12\0\3\0\0\0\1\0\0\0\0\0\0\0";
    exif[29] = orientation;
    struct picture head = join(picture->bytes, 2, exif, sizeof exif);
    struct picture turned = join(head.bytes, head.count, picture->bytes + 2, picture->count - 2);
    free(head.bytes);
    return turned;
}

static inline struct frame *frame_of(struct span span) {
    struct frame *frame;
    assert_int_equal(frame_create(pool, span.count, &frame), ERR_OK);
    if (span.count > 0) {
        memcpy(frame_data(frame), span.bytes, span.count);
    }
    frame_set_size(frame, span.count);
    return frame;
}

static inline struct span span_of(const struct picture *picture) {
    return (struct span){.bytes = picture->bytes, .count = picture->count};
}

/* The inspection's result; a refusal always has its reason. */
static inline enum err inspect(const struct picture *picture) {
    struct jpeg_layout layout;
    struct reason reason = {""};
    enum err error = jpeg_inspect(picture->bytes, picture->count, &layout, &reason);
    assert_true((error != ERR_OK) == (reason.text[0] != '\0'));
    return error;
}

static inline void assert_inspection_and_free(struct picture picture, enum err expected) {
    assert_int_equal(inspect(&picture), expected);
    free(picture.bytes);
}

static const struct kind kinds[] = {
    {.restart_rows = 0},   {.restart_rows = 1},
    {.grey = true},        {.grey = true, .restart_rows = 1},
    {.progressive = true}, {.progressive = true, .restart_rows = 2},
};
#define KIND_COUNT (sizeof kinds / sizeof kinds[0])

static inline int create_pool(void **state) {
    (void)state;
    return frame_pool_create(&pool) == ERR_OK ? 0 : -1;
}

static inline int destroy_pool(void **state) {
    (void)state;
    frame_pool_destroy(&pool);
    return 0;
}

#endif
