/* JPEG pictures of every sampling, and the coefficients that libjpeg reads from them. */
#ifndef TESTS_JPEG_SHAPES_H
#define TESTS_JPEG_SHAPES_H

#include "cameras/picture/jpeg_trap.h"
#include "tests/unit/cameras/picture/jpeg_fixture.h"

struct shape {
    int across[3], down[3]; /* sampling factors */
    bool grey, progressive, rgb;
    bool optimized; /* it has the Huffman codes alone that it uses */
    bool adobe;     /* its colours are stated by Adobe's marker, not by JFIF's */
    int restart_rows;
    unsigned restart_units;
    int quality; /* 0: 90 */
    uint32_t width, height;
};

static const struct shape shapes[] = {
    {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 320, .height = 192},
    {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 203, .height = 117},
    {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 203, .height = 117, .restart_rows = 1},
    {.across = {2, 1, 1}, .down = {2, 1, 1}, .width = 203, .height = 117, .progressive = true},
    {.across = {2, 1, 1}, .down = {1, 1, 1}, .width = 203, .height = 117},
    {.across = {1, 1, 1}, .down = {2, 1, 1}, .width = 99, .height = 77},
    {.across = {1, 1, 1}, .down = {1, 1, 1}, .width = 203, .height = 117},
    {.across = {1, 1, 1}, .down = {1, 1, 1}, .width = 96, .height = 64, .progressive = true, .restart_rows = 1},
    {.across = {4, 1, 1}, .down = {1, 1, 1}, .width = 203, .height = 117},
    {.across = {2, 1, 2}, .down = {2, 2, 1}, .width = 150, .height = 90},
    {.across = {1, 2, 2}, .down = {1, 1, 1}, .width = 150, .height = 90},
    {.across = {1, 1, 1}, .down = {1, 1, 1}, .width = 90, .height = 70, .rgb = true},
    {.across = {1}, .down = {1}, .grey = true, .width = 203, .height = 117},
    {.across = {2}, .down = {2}, .grey = true, .width = 203, .height = 117, .restart_rows = 1},
};
#define SHAPE_COUNT (sizeof shapes / sizeof shapes[0])

static inline void print_nothing(j_common_ptr object, int level) {
    (void)object;
    (void)level;
}

/* Noise on bright colours, so that no block is like another and none is black. */
static inline struct picture make_shape(const struct shape *shape) {
    struct jpeg_error_mgr errors;
    struct jpeg_compress_struct compressor = {.err = jpeg_std_error(&errors)};
    errors.emit_message = print_nothing; /* such as that steps are coarse */
    unsigned char *bytes = NULL;
    unsigned long count = 0;
    jpeg_create_compress(&compressor);
    jpeg_mem_dest(&compressor, &bytes, &count);
    compressor.image_width = shape->width;
    compressor.image_height = shape->height;
    compressor.input_components = shape->grey ? 1 : 3;
    compressor.in_color_space = shape->grey ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_set_defaults(&compressor);
    if (shape->rgb) {
        jpeg_set_colorspace(&compressor, JCS_RGB);
    }
    for (int i = 0; i < compressor.num_components; i++) {
        compressor.comp_info[i].h_samp_factor = shape->across[i];
        compressor.comp_info[i].v_samp_factor = shape->down[i];
    }
    /* The lowest qualities take steps of 16 bits. */
    jpeg_set_quality(&compressor, shape->quality != 0 ? shape->quality : 90, FALSE);
    compressor.restart_in_rows = shape->restart_rows;
    compressor.restart_interval = shape->restart_units;
    compressor.optimize_coding = shape->optimized;
    if (shape->adobe) {
        compressor.write_JFIF_header = FALSE;
        compressor.write_Adobe_marker = TRUE;
    } else if (shape->quality != 0) {
        compressor.density_unit = 1;
        compressor.X_density = 72;
        compressor.Y_density = 300;
    }
    if (shape->progressive) {
        jpeg_simple_progression(&compressor);
    }
    jpeg_start_compress(&compressor, TRUE);
    uint32_t seed = 5;
    uint8_t *row = malloc((size_t)shape->width * 3);
    while (compressor.next_scanline < compressor.image_height) {
        for (uint32_t x = 0; x < shape->width; x++) {
            const size_t channels = shape->grey ? 1 : 3;
            for (size_t i = 0; i < channels; i++) {
                const uint32_t slope = i == 0 ? x : i == 1 ? compressor.next_scanline : 0;
                row[channels * x + i] = (uint8_t)(90 + slope % 120 + next_random(&seed) % 40);
            }
        }
        JSAMPROW rows[] = {row};
        jpeg_write_scanlines(&compressor, rows, 1);
    }
    free(row);
    jpeg_finish_compress(&compressor);
    jpeg_destroy_compress(&compressor);
    struct picture picture = join(bytes, count, NULL, 0);
    free(bytes);
    return picture;
}

static inline struct frame *admit(struct picture picture) {
    struct frame *frame = frame_of(span_of(&picture));
    struct reason reason = {""};
    assert_int_equal(jpeg_admit(frame, true, NULL, &reason), ERR_OK);
    frame_edit_info(frame)->sequence = 7;
    frame_edit_info(frame)->captured_realtime_ns = INT64_C(1767225612345678901); /* 2026-01-01T00:00:12.345Z */
    free(picture.bytes);
    return frame;
}

static inline struct frame *frame_of_shape(const struct shape *shape) { return admit(make_shape(shape)); }

/* Errors of the header jump. */
static inline bool read_header(struct jpeg_decompress_struct *decompressor, struct jpeg_trap *trap, struct span jpeg) {
    decompressor->err = jpeg_trap_init(trap);
    if (setjmp(trap->where) != 0) {
        return false;
    }
    jpeg_create_decompress(decompressor);
    jpeg_mem_src(decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(decompressor, TRUE);
    return true;
}

struct coded {
    struct jpeg_error_mgr errors;
    struct jpeg_decompress_struct decompressor;
    jvirt_barray_ptr *arrays;
};

static inline void read_coded(const struct frame *frame, struct coded *coded) {
    *coded = (struct coded){.arrays = NULL};
    coded->decompressor.err = jpeg_std_error(&coded->errors);
    jpeg_create_decompress(&coded->decompressor);
    const struct span jpeg = frame_payload(frame);
    jpeg_mem_src(&coded->decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(&coded->decompressor, TRUE);
    coded->arrays = jpeg_read_coefficients(&coded->decompressor);
}

static inline const JCOEF *block(struct coded *coded, int component, JDIMENSION x, JDIMENSION y) {
    struct jpeg_decompress_struct *decompressor = &coded->decompressor;
    return decompressor->mem->access_virt_barray((j_common_ptr)decompressor, coded->arrays[component], y, 1,
                                                 FALSE)[0][x];
}

#endif
