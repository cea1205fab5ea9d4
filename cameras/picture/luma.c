#include "cameras/picture/luma.h"

#include "cameras/picture/exif.h"
#include "cameras/picture/jpeg_trap.h"
#include "cameras/picture/luma_scan.h"
#include "cameras/picture/raw_picture.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* A picture with fewer samples on its longer side is read at twice the scale, one with more is halved. */
#define LONG_SIDE_MIN 120
#define LONG_SIDE_MAX 400
/* Enough for the coefficients of a progressive picture of 8192x8192 in 4:2:0. */
#define MEMORY_MAX_BYTES (256L << 20)

struct buffer {
    uint8_t *samples;
    size_t capacity;
};

struct luma_reader {
    struct jpeg_decompress_struct decompressor;
    struct jpeg_trap trap;
    struct jpeg_scan scan;
    struct buffer picture, turned;
    struct buffer sums; /* of uint16_t: of the columns of samples in a row of boxes */
};

static bool reserve(struct buffer *buffer, size_t bytes) {
    if (buffer->capacity >= bytes) {
        return true;
    }
    uint8_t *grown = realloc(buffer->samples, bytes);
    if (grown == NULL) {
        return false;
    }
    *buffer = (struct buffer){.samples = grown, .capacity = bytes};
    return true;
}

static uint32_t scaled(uint32_t px, unsigned eighths) { return (uint32_t)(((uint64_t)px * eighths + 7) / 8); }

/* 1, 2 or 4 eighths. */
static unsigned eighths_for(uint32_t width_px, uint32_t height_px) {
    const uint32_t longer = width_px > height_px ? width_px : height_px;
    unsigned eighths = 1;
    while (eighths < 4 && scaled(longer, eighths) < LONG_SIDE_MIN) {
        eighths *= 2;
    }
    return eighths;
}

/* ---- JPEG ---- */

static enum err decode(struct luma_reader *reader, struct span jpeg, const struct work_limit *limit,
                       struct luma *luma) {
    struct jpeg_decompress_struct *decompressor = &reader->decompressor;
    jpeg_trap_set_limit(&reader->trap, (j_common_ptr)decompressor, limit);
    if (setjmp(reader->trap.where) != 0) {
        jpeg_abort_decompress(decompressor);
        return jpeg_trap_error(&reader->trap);
    }
    jpeg_mem_src(decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(decompressor, TRUE);
    if (decompressor->jpeg_color_space != JCS_YCbCr && decompressor->jpeg_color_space != JCS_GRAYSCALE) {
        jpeg_abort_decompress(decompressor);
        return ERR_UNSUPPORTED;
    }
    decompressor->scale_num = eighths_for(decompressor->image_width, decompressor->image_height);
    decompressor->scale_denom = 8;
    decompressor->out_color_space = JCS_GRAYSCALE;
    decompressor->dct_method = JDCT_IFAST;
    decompressor->do_fancy_upsampling = FALSE;
    decompressor->do_block_smoothing = FALSE;
    jpeg_calc_output_dimensions(decompressor);
    const uint32_t width = decompressor->output_width, height = decompressor->output_height;
    if (!reserve(&reader->picture, (size_t)width * height)) {
        jpeg_abort_decompress(decompressor);
        return ERR_MEMORY;
    }
    *luma = (struct luma){
        .samples = reader->picture.samples, .stride_bytes = width, .width_px = width, .height_px = height};
    const enum err error = decompressor->scale_num == 1
                               ? luma_scan_read(&reader->scan, decompressor, limit, reader->picture.samples)
                               : ERR_UNSUPPORTED;
    if (error != ERR_UNSUPPORTED) {
        jpeg_abort_decompress(decompressor);
        return error;
    }
    jpeg_start_decompress(decompressor);
    while (decompressor->output_scanline < height) {
        uint8_t *row = reader->picture.samples + (size_t)width * decompressor->output_scanline;
        jpeg_read_scanlines(decompressor, &row, 1);
    }
    jpeg_finish_decompress(decompressor);
    return ERR_OK;
}

static enum err read_jpeg(struct luma_reader *reader, const struct frame *frame, const struct work_limit *limit,
                          struct luma *luma, struct reason *reason) {
    reader->trap.text[0] = '\0';
    enum err error = decode(reader, frame_payload(frame), limit, luma);
    if (error == ERR_UNSUPPORTED) {
        reason_set(reason, "the picture is neither YCbCr nor grey");
    } else if (error == ERR_INTERRUPTED || error == ERR_TIMEOUT) {
        reason_set(reason, "it takes too long to decode the picture");
    } else if (error == ERR_INVALID) {
        reason_set(reason, "the picture does not decode: %s", reader->trap.text);
    }
    return error;
}

/* ---- Raw pictures ---- */

/* A box is read in so many rows: 32 of 64 samples have a mean as good as all have. */
#define BOX_ROWS 4

/* The sum of each column of samples in four rows; the samples of a row are `step` apart. Where that is a constant, the
 * compiler makes vector code of it. */
static inline void add_rows(const uint8_t *const rows[BOX_ROWS], size_t step, size_t count, uint16_t *restrict sums) {
    const uint8_t *a = rows[0], *b = rows[1], *c = rows[2], *d = rows[3];
    for (size_t i = 0; i < count; i++) {
        sums[i] = (uint16_t)(a[i * step] + b[i * step] + c[i * step] + d[i * step]);
    }
}

static void add_any_rows(const uint8_t *const rows[BOX_ROWS], size_t step, size_t count, uint16_t *sums) {
    switch (step) {
    case 1: add_rows(rows, 1, count, sums); break;
    case 2: add_rows(rows, 2, count, sums); break;
    default: add_rows(rows, step, count, sums); break;
    }
}

/* Four sums at once, in the lanes of one number: their sum comes to be in the highest. */
static uint32_t add_four(const uint16_t *sums) {
    uint64_t lanes;
    memcpy(&lanes, sums, sizeof lanes);
    return (uint32_t)(lanes * UINT64_C(0x0001000100010001) >> 48);
}

static inline void find_means(const uint16_t *sums, uint32_t box, uint32_t count, uint8_t *restrict means) {
    for (uint32_t i = 0; i < count; i++, sums += box) {
        const uint32_t sum = box == 8   ? add_four(sums) + add_four(sums + 4)
                             : box == 4 ? add_four(sums)
                                        : sums[0] + sums[1];
        means[i] = (uint8_t)((sum + BOX_ROWS / 2 * box) / (BOX_ROWS * box));
    }
}

/* The means of boxes of BOX_ROWS x box samples. */
static void find_any_means(const uint16_t *sums, uint32_t box, uint32_t count, uint8_t *means) {
    switch (box) {
    case 8: find_means(sums, 8, count, means); break;
    case 4: find_means(sums, 4, count, means); break;
    default: find_means(sums, 2, count, means); break;
    }
}

/* Boxes at the edges that are not whole are continued with their last sample. */
static enum err reduce(struct luma_reader *reader, const struct frame *frame, struct luma *luma,
                       struct reason *reason) {
    struct raw_picture picture;
    enum err error = raw_picture_init(&picture, frame, true, reason);
    if (error != ERR_OK) {
        return error;
    }
    const struct raw_component *y = &picture.components[0];
    const unsigned eighths = eighths_for(y->width, y->height);
    const uint32_t box = 8 / eighths, width = scaled(y->width, eighths), height = scaled(y->height, eighths);
    if (!reserve(&reader->picture, (size_t)width * height) ||
        !reserve(&reader->sums, (size_t)width * box * sizeof(uint16_t))) {
        return ERR_MEMORY;
    }
    uint16_t *sums = (uint16_t *)(void *)reader->sums.samples;
    for (uint32_t row = 0; row < height; row++) {
        const uint8_t *rows[BOX_ROWS];
        for (uint32_t i = 0; i < BOX_ROWS; i++) {
            const uint32_t wanted = row * box + i * box / BOX_ROWS;
            rows[i] = y->samples + y->stride_bytes * (wanted < y->height ? wanted : y->height - 1);
        }
        add_any_rows(rows, y->step_bytes, y->width, sums);
        for (uint32_t i = y->width; i < width * box; i++) {
            sums[i] = sums[y->width - 1];
        }
        find_any_means(sums, box, width, reader->picture.samples + (size_t)width * row);
    }
    *luma = (struct luma){
        .samples = reader->picture.samples, .stride_bytes = width, .width_px = width, .height_px = height};
    return ERR_OK;
}

/* ---- As it is shown ---- */

/* In place: what is written lies before what is still read. */
static void halve(uint8_t *samples, struct luma *luma) {
    const uint32_t width = luma->width_px / 2, height = luma->height_px / 2;
    for (uint32_t row = 0; row < height; row++) {
        const uint8_t *above = samples + (size_t)2 * row * luma->stride_bytes, *below = above + luma->stride_bytes;
        uint8_t *to = samples + (size_t)row * width;
        for (uint32_t i = 0; i < width; i++) {
            to[i] = (uint8_t)((above[2 * i] + above[2 * i + 1] + below[2 * i] + below[2 * i + 1] + 2) / 4);
        }
    }
    *luma = (struct luma){.samples = samples, .stride_bytes = width, .width_px = width, .height_px = height};
}

/* CIPA DC-008, 4.6.4: what the first row and the first column of the stored picture are when shown. */
static enum err turn(struct luma_reader *reader, uint8_t orientation, struct luma *luma) {
    const uint32_t width = luma->width_px, height = luma->height_px;
    const bool is_sideways = exif_is_sideways(orientation);
    const bool from_right = orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
    const bool from_bottom = orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
    if (!reserve(&reader->turned, (size_t)width * height)) {
        return ERR_MEMORY;
    }
    const struct luma shown = {.samples = reader->turned.samples,
                               .stride_bytes = is_sideways ? height : width,
                               .width_px = is_sideways ? height : width,
                               .height_px = is_sideways ? width : height};
    for (uint32_t y = 0; y < shown.height_px; y++) {
        for (uint32_t x = 0; x < shown.width_px; x++) {
            const uint32_t column = is_sideways ? y : x, row = is_sideways ? x : y;
            reader->turned.samples[(size_t)y * shown.stride_bytes + x] =
                luma->samples[(size_t)(from_bottom ? height - 1 - row : row) * luma->stride_bytes +
                              (from_right ? width - 1 - column : column)];
        }
    }
    *luma = shown;
    return ERR_OK;
}

enum err luma_reader_read(struct luma_reader *reader, const struct frame *frame, const struct work_limit *limit,
                          struct luma *luma, struct reason *reason) {
    const struct frame_info *info = frame_info(frame);
    enum err error = info->format == FRAME_JPEG ? read_jpeg(reader, frame, limit, luma, reason)
                                                : reduce(reader, frame, luma, reason);
    if (error != ERR_OK) {
        return error;
    }
    while (luma->width_px > LONG_SIDE_MAX || luma->height_px > LONG_SIDE_MAX) {
        if (luma->width_px < 2 || luma->height_px < 2) {
            reason_set(reason, "the picture is too narrow");
            return ERR_UNSUPPORTED;
        }
        halve(reader->picture.samples, luma);
    }
    return info->orientation > 1 ? turn(reader, info->orientation, luma) : ERR_OK;
}

/* ---- Lifecycle ---- */

static bool create_decompressor(struct luma_reader *reader) {
    reader->decompressor.err = jpeg_trap_init(&reader->trap);
    if (setjmp(reader->trap.where) != 0) {
        return false;
    }
    jpeg_create_decompress(&reader->decompressor);
    reader->decompressor.mem->max_memory_to_use = MEMORY_MAX_BYTES;
    return true;
}

enum err luma_reader_create(struct luma_reader **reader) {
    struct luma_reader *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    if (!create_decompressor(created)) {
        luma_reader_destroy(&created);
        return ERR_MEMORY;
    }
    *reader = created;
    return ERR_OK;
}

void luma_reader_destroy(struct luma_reader **reader) {
    if (*reader == NULL) {
        return;
    }
    jpeg_destroy_decompress(&(*reader)->decompressor);
    jpeg_scan_finish(&(*reader)->scan);
    free((*reader)->picture.samples);
    free((*reader)->turned.samples);
    free((*reader)->sums.samples);
    free(*reader);
    *reader = NULL;
}
