#include "cameras/picture/encoder.h"

#include "cameras/picture/exif.h"
#include "cameras/picture/jpeg_destination.h"
#include "cameras/picture/jpeg_trap.h"
#include "cameras/picture/raw_picture.h"

#include <stdlib.h>

#define STRIP_ROWS_MAX (2 * DCTSIZE)

struct encoder {
    struct frame_pool *pool;
    int quality;
    enum subsampling subsampling;
    struct jpeg_compress_struct compressor;
    struct jpeg_trap trap;
    struct jpeg_destination destination;
    uint8_t *strip; /* one row of blocks: 8 or 16 rows of Y, 8 each of Cb and Cr */
    size_t strip_bytes;
    size_t expected_bytes; /* of the next JPEG; 0 before the first */
};

/* ---- Compressor ---- */

static bool create_compressor(struct encoder *encoder) {
    struct jpeg_compress_struct *compressor = &encoder->compressor;
    compressor->err = jpeg_trap_init(&encoder->trap);
    if (setjmp(encoder->trap.where) != 0) {
        return false;
    }
    jpeg_create_compress(compressor);
    jpeg_destination_init(&encoder->destination, compressor);
    return true;
}

static void configure_compressor(struct jpeg_compress_struct *compressor, const struct raw_picture *picture,
                                 int quality) {
    compressor->image_width = picture->components[0].width;
    compressor->image_height = picture->components[0].height;
    compressor->input_components = (int)picture->component_count;
    compressor->in_color_space = picture->component_count == 1 ? JCS_GRAYSCALE : JCS_YCbCr;
    jpeg_set_defaults(compressor); /* 4:2:0 */
    if (!picture->chroma_halved_down) {
        compressor->comp_info[0].v_samp_factor = 1;
    }
    jpeg_set_quality(compressor, quality, TRUE);
    compressor->dct_method = JDCT_ISLOW;
    compressor->raw_data_in = TRUE;
    compressor->restart_in_rows = 1;
}

/* libjpeg wants whole blocks across; rows below the picture may be any. */
static size_t padded_width(const struct raw_component *component) {
    return ((size_t)component->width + DCTSIZE - 1) / DCTSIZE * DCTSIZE;
}

static uint32_t rows_per_strip(const struct raw_picture *picture, unsigned component) {
    const bool doubled = component == 0 && picture->component_count > 1 && picture->chroma_halved_down;
    return doubled ? 2 * DCTSIZE : DCTSIZE;
}

static enum err reserve_strip(struct encoder *encoder, const struct raw_picture *picture) {
    size_t needed = 0;
    for (unsigned i = 0; i < picture->component_count; i++) {
        needed += rows_per_strip(picture, i) * padded_width(&picture->components[i]);
    }
    if (needed > encoder->strip_bytes) {
        uint8_t *strip = realloc(encoder->strip, needed);
        if (strip == NULL) {
            return ERR_MEMORY;
        }
        encoder->strip = strip;
        encoder->strip_bytes = needed;
    }
    return ERR_OK;
}

static void write_strip(struct encoder *encoder, const struct raw_picture *picture, uint32_t strip_index) {
    JSAMPROW rows[3][STRIP_ROWS_MAX];
    JSAMPARRAY planes[3] = {rows[0], rows[1], rows[2]};
    uint8_t *buffer = encoder->strip;
    for (unsigned i = 0; i < picture->component_count; i++) {
        const struct raw_component *component = &picture->components[i];
        const size_t width = padded_width(component);
        const uint32_t count = rows_per_strip(picture, i);
        for (uint32_t row = 0; row < count; row++, buffer += width) {
            const uint8_t *samples = raw_component_row(component, strip_index * count + row, width, buffer);
            rows[i][row] = (JSAMPROW)(uintptr_t)samples; /* libjpeg only reads them */
        }
    }
    jpeg_write_raw_data(&encoder->compressor, planes, rows_per_strip(picture, 0));
}

static void write_orientation(struct jpeg_compress_struct *compressor, uint8_t orientation) {
    if (orientation > 1) {
        uint8_t segment[EXIF_ORIENTATION_BYTES];
        exif_write_orientation(segment, orientation);
        jpeg_write_marker(compressor, JPEG_APP0 + 1, segment, sizeof segment);
    }
}

static bool compress_picture(struct encoder *encoder, const struct raw_picture *picture, uint8_t orientation) {
    struct jpeg_compress_struct *compressor = &encoder->compressor;
    if (setjmp(encoder->trap.where) != 0) {
        return false;
    }
    configure_compressor(compressor, picture, encoder->quality);
    jpeg_start_compress(compressor, TRUE);
    write_orientation(compressor, orientation);
    for (uint32_t strip = 0; compressor->next_scanline < compressor->image_height; strip++) {
        write_strip(encoder, picture, strip);
    }
    jpeg_finish_compress(compressor);
    return true;
}

/* ---- Encoder ---- */

enum err encoder_create(struct frame_pool *pool, int quality, enum subsampling subsampling, struct encoder **out) {
    struct encoder *encoder = calloc(1, sizeof *encoder);
    if (encoder == NULL) {
        return ERR_MEMORY;
    }
    encoder->pool = pool;
    encoder->quality = quality;
    encoder->subsampling = subsampling;
    if (!create_compressor(encoder)) {
        encoder_destroy(&encoder);
        return ERR_MEMORY;
    }
    *out = encoder;
    return ERR_OK;
}

void encoder_destroy(struct encoder **encoder_pointer) {
    struct encoder *encoder = *encoder_pointer;
    *encoder_pointer = NULL;
    if (encoder == NULL) {
        return;
    }
    jpeg_destroy_compress(&encoder->compressor);
    free(encoder->strip);
    free(encoder);
}

enum err encoder_encode(struct encoder *encoder, const struct frame *raw, const struct work_limit *limit,
                        struct frame **jpeg, struct reason *reason) {
    struct raw_picture picture;
    enum err error = raw_picture_init(&picture, raw, encoder->subsampling == SUBSAMPLING_422, reason);
    if (error == ERR_OK) {
        error = reserve_strip(encoder, &picture);
    }
    if (error != ERR_OK) {
        return error;
    }
    const size_t guess = (size_t)picture.components[0].width * picture.components[0].height / 4;
    const size_t capacity = encoder->expected_bytes != 0 ? encoder->expected_bytes : guess;
    struct jpeg_destination *destination = &encoder->destination;
    error = frame_create(encoder->pool, capacity, &destination->frame);
    if (error != ERR_OK) {
        return error;
    }
    jpeg_trap_set_limit(&encoder->trap, (j_common_ptr)&encoder->compressor, limit);
    if (!compress_picture(encoder, &picture, frame_info(raw)->orientation)) {
        error = jpeg_trap_error(&encoder->trap);
        reason_set(reason, "it cannot be encoded: %s", encoder->trap.text);
        jpeg_abort_compress(&encoder->compressor);
        frame_unref(&destination->frame);
        return error;
    }
    struct frame_info *info = frame_edit_info(destination->frame);
    *info = *frame_info(raw);
    info->format = FRAME_JPEG;
    info->stride_px = 0;
    info->limited_range = false;
    if (exif_is_sideways(info->orientation)) {
        info->width_px = frame_info(raw)->height_px;
        info->height_px = frame_info(raw)->width_px;
    }
    /* A little more than the last one, so that a busier picture seldom has to move. */
    const size_t size = frame_payload(destination->frame).count;
    encoder->expected_bytes = size + size / 4;
    *jpeg = destination->frame;
    destination->frame = NULL;
    return ERR_OK;
}
