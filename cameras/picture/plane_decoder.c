#include "cameras/picture/plane_decoder.h"

#include "cameras/picture/jpeg_trap.h"

#include <stdlib.h>
#include <string.h>

/* Enough for the coefficients of a progressive picture of 8192x8192 in 4:2:0. */
#define MEMORY_MAX_BYTES (256L << 20)

struct plane_decoder {
    struct frame_pool *pool;
    struct jpeg_decompress_struct decompressor;
    struct jpeg_trap trap;
    struct frame *raw; /* being decoded into */
};

/* ---- Planes ---- */

/* A component of the decoded picture, and the plane of the raw frame that is made of it. */
struct plane {
    uint8_t *samples;
    uint32_t width, height;
    uint32_t decoded_width, decoded_height;
    uint32_t per_x, per_y; /* samples of the component that make one of the plane, each way: 1 or 2 */
    uint32_t decoded_rows; /* so far */
};

static uint32_t half(uint32_t count) { return count / 2 + count % 2; }

/* The plane's memory and size are set. False if the component does not come to it by halving. */
static bool set_decoded_size(struct plane *plane, uint32_t decoded_width, uint32_t decoded_height) {
    plane->decoded_width = decoded_width;
    plane->decoded_height = decoded_height;
    plane->per_x = decoded_width == plane->width ? 1 : 2;
    plane->per_y = decoded_height == plane->height ? 1 : 2;
    return (plane->per_x == 1 || half(decoded_width) == plane->width) &&
           (plane->per_y == 1 || half(decoded_height) == plane->height);
}

/* The inner loops are simple enough for the compiler to make vector code of them. */

static void write_pairs(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = (uint8_t)((from[2 * i] + from[2 * i + 1] + 1) / 2);
    }
}

static void blend(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = (uint8_t)((to[i] + from[i]) / 2);
    }
}

static void blend_pairs(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = (uint8_t)((2 * to[i] + from[2 * i] + from[2 * i + 1]) / 4);
    }
}

/* Where two rows make one, the second is blended into the first. from has capacity for one sample more than the
 * component. Rows beyond the picture are left out. */
static void take_row(struct plane *plane, uint8_t *from) {
    if (plane->decoded_rows == plane->decoded_height) {
        return;
    }
    uint8_t *to = plane->samples + (size_t)plane->width * (plane->decoded_rows / plane->per_y);
    bool is_second = plane->decoded_rows % plane->per_y != 0;
    from[plane->decoded_width] = from[plane->decoded_width - 1];
    if (plane->per_x == 1 && !is_second) {
        memcpy(to, from, plane->width);
    } else {
        (plane->per_x == 1 ? blend : is_second ? blend_pairs : write_pairs)(to, from, plane->width);
    }
    plane->decoded_rows++;
}

/* ---- Decoding ---- */

static bool is_grey(const struct jpeg_decompress_struct *decompressor) {
    return decompressor->jpeg_color_space == JCS_GRAYSCALE;
}

/* Makes the frame that is decoded into, and its planes: 4:2:0, or grey. */
static enum err create_raw(struct plane_decoder *decoder, const struct frame_info *source, struct plane planes[3]) {
    const struct jpeg_decompress_struct *decompressor = &decoder->decompressor;
    uint32_t width = decompressor->output_width, height = decompressor->output_height;
    size_t luma_bytes = (size_t)width * height;
    size_t chroma_bytes = is_grey(decompressor) ? 0 : (size_t)half(width) * half(height);
    enum err error = frame_create(decoder->pool, luma_bytes + 2 * chroma_bytes, &decoder->raw);
    if (error != ERR_OK) {
        return error;
    }
    frame_set_size(decoder->raw, luma_bytes + 2 * chroma_bytes);
    struct frame_info *info = frame_edit_info(decoder->raw);
    *info = *source;
    info->format = is_grey(decompressor) ? FRAME_GREY : FRAME_I420;
    info->width_px = width;
    info->height_px = height;
    uint8_t *samples = frame_data(decoder->raw);
    planes[0] = (struct plane){.samples = samples, .width = width, .height = height};
    for (int i = 1; i < decompressor->num_components; i++) {
        planes[i] = (struct plane){.samples = samples + luma_bytes + (size_t)(i - 1) * chroma_bytes,
                                   .width = half(width),
                                   .height = half(height)};
    }
    return ERR_OK;
}

/* Planes are read as they are coded where halving makes them 4:2:0. Components that are sampled in another way (4:1:1,
 * 4:1:0, ...) are read as pixels, which libjpeg makes of whole multiples only. */
static enum err choose_reading(struct jpeg_decompress_struct *decompressor, struct plane planes[3]) {
    bool is_raw = true;
    for (int i = 0; i < decompressor->num_components; i++) {
        const jpeg_component_info *component = &decompressor->comp_info[i];
        is_raw &= set_decoded_size(&planes[i], component->downsampled_width, component->downsampled_height);
    }
    decompressor->raw_data_out = is_raw ? TRUE : FALSE;
    for (int i = 0; !is_raw && i < decompressor->num_components; i++) {
        const jpeg_component_info *component = &decompressor->comp_info[i];
        if (decompressor->max_h_samp_factor % component->h_samp_factor != 0 ||
            decompressor->max_v_samp_factor % component->v_samp_factor != 0) {
            return ERR_UNSUPPORTED;
        }
        (void)set_decoded_size(&planes[i], decompressor->output_width, decompressor->output_height);
    }
    return ERR_OK;
}

static void read_planes(struct jpeg_decompress_struct *decompressor, struct plane planes[3]) {
    JSAMPARRAY strips[3] = {NULL};
    for (int i = 0; i < decompressor->num_components; i++) {
        const jpeg_component_info *component = &decompressor->comp_info[i];
        strips[i] =
            decompressor->mem->alloc_sarray((j_common_ptr)decompressor, JPOOL_IMAGE,
                                            component->width_in_blocks * (JDIMENSION)component->DCT_scaled_size + 1,
                                            (JDIMENSION)(component->v_samp_factor * component->DCT_scaled_size));
    }
    JDIMENSION strip_lines = (JDIMENSION)(decompressor->max_v_samp_factor * decompressor->min_DCT_scaled_size);
    while (decompressor->output_scanline < decompressor->output_height) {
        jpeg_read_raw_data(decompressor, strips, strip_lines);
        for (int i = 0; i < decompressor->num_components; i++) {
            const jpeg_component_info *component = &decompressor->comp_info[i];
            for (int row = 0; row < component->v_samp_factor * component->DCT_scaled_size; row++) {
                take_row(&planes[i], strips[i][row]);
            }
        }
    }
}

static void read_pixels(struct jpeg_decompress_struct *decompressor, struct plane planes[3]) {
    const JDIMENSION width = decompressor->output_width;
    const unsigned count = (unsigned)decompressor->num_components;
    JSAMPARRAY row = decompressor->mem->alloc_sarray((j_common_ptr)decompressor, JPOOL_IMAGE, count * width, 1);
    JSAMPARRAY samples = decompressor->mem->alloc_sarray((j_common_ptr)decompressor, JPOOL_IMAGE, width + 1, 1);
    while (decompressor->output_scanline < decompressor->output_height) {
        jpeg_read_scanlines(decompressor, row, 1);
        for (unsigned i = 0; i < count; i++) {
            for (JDIMENSION x = 0; x < width; x++) {
                samples[0][x] = row[0][count * x + i];
            }
            take_row(&planes[i], samples[0]);
        }
    }
}

/* Fills decoder->raw. */
static enum err decode(struct plane_decoder *decoder, const struct frame *source, unsigned eighths,
                       const struct work_limit *limit) {
    struct jpeg_decompress_struct *decompressor = &decoder->decompressor;
    jpeg_trap_set_limit(&decoder->trap, (j_common_ptr)decompressor, limit);
    if (setjmp(decoder->trap.where) != 0) {
        jpeg_abort_decompress(decompressor);
        return jpeg_trap_error(&decoder->trap);
    }
    struct span jpeg = frame_payload(source);
    jpeg_mem_src(decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(decompressor, TRUE);
    decompressor->scale_num = eighths;
    decompressor->scale_denom = 8;
    decompressor->out_color_space = decompressor->jpeg_color_space;
    jpeg_calc_output_dimensions(decompressor);
    struct plane planes[3];
    enum err error = ERR_UNSUPPORTED;
    if (is_grey(decompressor) || decompressor->jpeg_color_space == JCS_YCbCr) {
        error = create_raw(decoder, frame_info(source), planes);
    }
    if (error == ERR_OK) {
        error = choose_reading(decompressor, planes);
    }
    if (error != ERR_OK) {
        jpeg_abort_decompress(decompressor);
        return error;
    }
    jpeg_start_decompress(decompressor);
    (decompressor->raw_data_out ? read_planes : read_pixels)(decompressor, planes);
    jpeg_finish_decompress(decompressor);
    return ERR_OK;
}

enum err plane_decoder_decode(struct plane_decoder *decoder, const struct frame *jpeg, unsigned eighths,
                              const struct work_limit *limit, struct frame **raw) {
    enum err error = decode(decoder, jpeg, eighths, limit);
    if (error != ERR_OK) {
        frame_unref(&decoder->raw);
    }
    *raw = decoder->raw;
    decoder->raw = NULL;
    return error;
}

/* ---- Lifecycle ---- */

static bool create_decompressor(struct plane_decoder *decoder) {
    decoder->decompressor.err = jpeg_trap_init(&decoder->trap);
    if (setjmp(decoder->trap.where) != 0) {
        return false;
    }
    jpeg_create_decompress(&decoder->decompressor);
    decoder->decompressor.mem->max_memory_to_use = MEMORY_MAX_BYTES;
    return true;
}

enum err plane_decoder_create(struct frame_pool *pool, struct plane_decoder **out) {
    struct plane_decoder *decoder = calloc(1, sizeof *decoder);
    if (decoder == NULL) {
        return ERR_MEMORY;
    }
    decoder->pool = pool;
    if (!create_decompressor(decoder)) {
        plane_decoder_destroy(&decoder);
        return ERR_MEMORY;
    }
    *out = decoder;
    return ERR_OK;
}

void plane_decoder_destroy(struct plane_decoder **decoder) {
    if (*decoder != NULL) {
        jpeg_destroy_decompress(&(*decoder)->decompressor);
        free(*decoder);
        *decoder = NULL;
    }
}
