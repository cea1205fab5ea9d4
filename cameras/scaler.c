#include "cameras/scaler.h"

#include "cameras/encoder.h"
#include "cameras/jpeg_trap.h"

#include <jerror.h>
#include <stdlib.h>
#include <string.h>

#define QUALITY_STEP 10
#define QUALITY_USUAL 80
/* Room for the coefficients of a progressive picture of 8192x8192 in 4:2:0. */
#define MEMORY_MAX_BYTES (256L << 20)

struct scaler {
    struct frame_pool *pool;
    struct variant_wish wish;
    struct encoder *encoder;
    struct jpeg_decompress_struct decompressor;
    struct jpeg_trap trap;
    struct frame *raw; /* being decoded into */
};

/* ---- Wishes ---- */

static uint32_t scaled(uint32_t px, unsigned eighths) { return (uint32_t)(((uint64_t)px * eighths + 7) / 8); }

static unsigned eighths_for(uint32_t wish_px, uint32_t source_px) {
    unsigned eighths = 8;
    while (wish_px > 0 && eighths > 1 && scaled(source_px, eighths - 1) >= wish_px) {
        eighths--;
    }
    return eighths;
}

static struct variant_wish resolve(const struct variant_wish *wish, uint32_t source_width_px) {
    struct variant_wish resolved = *wish;
    resolved.quality = (wish->quality + QUALITY_STEP - 1) / QUALITY_STEP * QUALITY_STEP;
    if (source_width_px > 0 && wish->width_px > 0) {
        unsigned eighths = eighths_for(wish->width_px, source_width_px);
        resolved.width_px = eighths < 8 ? scaled(source_width_px, eighths) : 0;
        if (eighths < 8 && wish->quality == 0) {
            resolved.quality = QUALITY_USUAL;
        }
    }
    return resolved;
}

/* ---- Planes ---- */

/* A component of the decoded picture, and the plane of the raw frame that is made of it. */
struct plane {
    uint8_t *samples;
    uint32_t width, height;
    uint32_t per_x, per_y; /* samples of the component that make one of the plane, each way: 1 or 2 */
    uint32_t decoded_rows; /* so far */
};

static uint32_t half(uint32_t count) { return count / 2 + count % 2; }

/* False if the component is sampled in a way that no camera uses. */
static bool init_plane(struct plane *plane, const jpeg_component_info *component, uint8_t *samples, uint32_t width,
                       uint32_t height) {
    uint32_t decoded_width = component->downsampled_width, decoded_height = component->downsampled_height;
    *plane = (struct plane){.samples = samples,
                            .width = width,
                            .height = height,
                            .per_x = decoded_width == width ? 1 : 2,
                            .per_y = decoded_height == height ? 1 : 2};
    return (plane->per_x == 1 || half(decoded_width) == width) && (plane->per_y == 1 || half(decoded_height) == height);
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

/* Rows of a strip go where they belong; where two make one, the second is blended into the first. from has room for
 * one sample more than the component. */
static void take_rows(struct plane *plane, const jpeg_component_info *component, JSAMPARRAY from) {
    int count = component->v_samp_factor * component->DCT_scaled_size;
    for (int i = 0; i < count && plane->decoded_rows < component->downsampled_height; i++, plane->decoded_rows++) {
        uint8_t *to = plane->samples + (size_t)plane->width * (plane->decoded_rows / plane->per_y);
        bool is_second = plane->decoded_rows % plane->per_y != 0;
        from[i][component->downsampled_width] = from[i][component->downsampled_width - 1];
        if (plane->per_x == 1 && !is_second) {
            memcpy(to, from[i], plane->width);
        } else {
            (plane->per_x == 1 ? blend : is_second ? blend_pairs : write_pairs)(to, from[i], plane->width);
        }
    }
}

/* ---- Decoding ---- */

static bool is_grey(const struct jpeg_decompress_struct *decompressor) {
    return decompressor->jpeg_color_space == JCS_GRAYSCALE;
}

/* Makes the frame that is decoded into, and its planes: 4:2:0, or grey. */
static enum err create_raw(struct scaler *scaler, const struct frame_info *source, struct plane planes[3]) {
    const struct jpeg_decompress_struct *decompressor = &scaler->decompressor;
    if (!is_grey(decompressor) && decompressor->jpeg_color_space != JCS_YCbCr) {
        return ERR_UNSUPPORTED;
    }
    uint32_t width = decompressor->output_width, height = decompressor->output_height;
    size_t luma_bytes = (size_t)width * height;
    size_t chroma_bytes = is_grey(decompressor) ? 0 : (size_t)half(width) * half(height);
    enum err error = frame_create(scaler->pool, luma_bytes + 2 * chroma_bytes, &scaler->raw);
    if (error != ERR_OK) {
        return error;
    }
    frame_set_size(scaler->raw, luma_bytes + 2 * chroma_bytes);
    struct frame_info *info = frame_edit_info(scaler->raw);
    *info = *source;
    info->format = is_grey(decompressor) ? FRAME_GREY : FRAME_I420;
    info->width_px = width;
    info->height_px = height;
    uint8_t *samples = frame_data(scaler->raw);
    bool usual = init_plane(&planes[0], &decompressor->comp_info[0], samples, width, height);
    for (int i = 1; i < decompressor->num_components; i++) {
        usual &= init_plane(&planes[i], &decompressor->comp_info[i],
                            samples + luma_bytes + (size_t)(i - 1) * chroma_bytes, half(width), half(height));
    }
    return usual ? ERR_OK : ERR_UNSUPPORTED;
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
            take_rows(&planes[i], &decompressor->comp_info[i], strips[i]);
        }
    }
}

/* Fills scaler->raw. ERR_UNSUPPORTED: of a kind that is not decoded here. */
static enum err decode(struct scaler *scaler, const struct frame *source, unsigned eighths) {
    struct jpeg_decompress_struct *decompressor = &scaler->decompressor;
    if (setjmp(scaler->trap.where) != 0) {
        jpeg_abort_decompress(decompressor);
        return scaler->trap.manager.msg_code == JERR_OUT_OF_MEMORY ? ERR_MEMORY : ERR_INVALID;
    }
    struct span jpeg = frame_payload(source);
    jpeg_mem_src(decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(decompressor, TRUE);
    decompressor->scale_num = eighths;
    decompressor->scale_denom = 8;
    decompressor->out_color_space = decompressor->jpeg_color_space;
    decompressor->raw_data_out = TRUE;
    jpeg_calc_output_dimensions(decompressor);
    struct plane planes[3];
    enum err error = create_raw(scaler, frame_info(source), planes);
    if (error != ERR_OK) {
        jpeg_abort_decompress(decompressor);
        return error;
    }
    jpeg_start_decompress(decompressor);
    read_planes(decompressor, planes);
    jpeg_finish_decompress(decompressor);
    return ERR_OK;
}

/* ---- The converter ---- */

static bool create_decompressor(struct scaler *scaler) {
    scaler->decompressor.err = jpeg_trap_init(&scaler->trap);
    if (setjmp(scaler->trap.where) != 0) {
        return false;
    }
    jpeg_create_decompress(&scaler->decompressor);
    scaler->decompressor.mem->max_memory_to_use = MEMORY_MAX_BYTES;
    return true;
}

static void destroy(void *converter) {
    struct scaler *scaler = converter;
    if (scaler != NULL) {
        jpeg_destroy_decompress(&scaler->decompressor);
        encoder_destroy(&scaler->encoder);
        free(scaler);
    }
}

static enum err create(struct frame_pool *pool, const struct variant_wish *wish, void **converter) {
    struct scaler *scaler = calloc(1, sizeof *scaler);
    if (scaler == NULL) {
        return ERR_MEMORY;
    }
    scaler->pool = pool;
    scaler->wish = resolve(wish, 0);
    int quality = scaler->wish.quality > 0 ? scaler->wish.quality : QUALITY_USUAL;
    enum err error = encoder_create(pool, quality, SUBSAMPLING_420, &scaler->encoder);
    if (error == ERR_OK && !create_decompressor(scaler)) {
        error = ERR_MEMORY;
    }
    if (error != ERR_OK) {
        destroy(scaler);
        return error;
    }
    *converter = scaler;
    return ERR_OK;
}

static enum err copy(struct frame_pool *pool, const struct frame *source, struct frame **copied) {
    struct span payload = frame_payload(source);
    enum err error = frame_create(pool, payload.count, copied);
    if (error == ERR_OK) {
        memcpy(frame_data(*copied), payload.bytes, payload.count);
        frame_set_size(*copied, payload.count);
        *frame_edit_info(*copied) = *frame_info(source);
    }
    return error;
}

static enum err convert(void *converter, const struct frame *source, struct frame **derived) {
    struct scaler *scaler = converter;
    unsigned eighths = eighths_for(scaler->wish.width_px, frame_info(source)->width_px);
    enum err error = ERR_UNSUPPORTED;
    if (eighths < 8 || scaler->wish.quality > 0) {
        error = decode(scaler, source, eighths);
    }
    if (error == ERR_OK) {
        error = encoder_encode(scaler->encoder, scaler->raw, derived, NULL);
    } else if (error == ERR_UNSUPPORTED) {
        error = copy(scaler->pool, source, derived);
    }
    frame_unref(&scaler->raw);
    return error;
}

const struct converter_ops scaler_ops = {.resolve = resolve, .create = create, .convert = convert, .destroy = destroy};
