#include "cameras/filter/jpeg_filter.h"

#include "cameras/filter/coefficient_memory.h"
#include "cameras/filter/coefficient_range.h"
#include "cameras/filter/jpeg_caption.h"
#include "cameras/filter/jpeg_mask.h"
#include "cameras/filter/jpeg_scan_mask.h"
#include "cameras/filter/jpeg_turn.h"
#include "cameras/filter/picture_filter.h"
#include "cameras/picture/encoder.h"
#include "cameras/picture/jpeg_destination.h"
#include "cameras/picture/jpeg_trap.h"
#include "cameras/picture/mask_grid.h"
#include "cameras/picture/plane_decoder.h"

#include <stdlib.h>

/* Each for the coefficients that are read and for those that are turned: enough for 8192x8192 in 4:2:0. */
#define COEFFICIENTS_MAX_BYTES ((size_t)256 << 20)

/* For ROTATE_FAST. */
struct recoder {
    struct plane_decoder *decoder;
    struct picture_filter *filter;
    struct encoder *encoder;
};

struct jpeg_filter {
    struct frame_pool *pool;
    const struct picture_filter_settings *settings;
    struct jpeg_decompress_struct decompressor;
    struct jpeg_compress_struct compressor;
    struct coefficient_memory read, written; /* of the two */
    struct jpeg_trap trap;                   /* of both */
    struct jpeg_destination destination;
    struct mask_grid grid;
    struct jpeg_scan_mask *scan_mask;
    struct jpeg_caption *caption; /* NULL: none */
    struct recoder recoder;       /* NULLs: not needed */
    size_t expected_bytes;        /* of the next result; 0 before the first */
};

/* The coefficients that are written, and the object that they belong to. */
struct coefficients {
    j_common_ptr owner;
    jvirt_barray_ptr *arrays;
    jvirt_barray_ptr turned[MAX_COMPONENTS];
};

/* ---- Masks ---- */

static enum err update_grid(struct jpeg_filter *filter, const jpeg_component_info *components, int count,
                            uint32_t width_px, uint32_t height_px) {
    const struct mask_geometry geometry = jpeg_mask_geometry(components, count, width_px, height_px);
    return mask_grid_update(&filter->grid, filter->settings->masks, filter->settings->mask_count, &geometry);
}

static enum err mask_coefficients(struct jpeg_filter *filter, const struct coefficients *coefficients) {
    const struct jpeg_compress_struct *compressor = &filter->compressor;
    const enum err error = update_grid(filter, compressor->comp_info, compressor->num_components,
                                       compressor->image_width, compressor->image_height);
    if (error == ERR_OK) {
        jpeg_mask_coefficients(compressor, &filter->grid, coefficients->owner, coefficients->arrays);
    }
    return error;
}

/* ---- The pass over the coefficients ---- */

/* Reads them, and starts the compressor, which writes them at its end. */
static enum err begin_pass(struct jpeg_filter *filter, struct turn turn, struct coefficients *coefficients,
                           struct reason *reason) {
    struct jpeg_decompress_struct *decompressor = &filter->decompressor;
    struct jpeg_compress_struct *compressor = &filter->compressor;
    coefficients->owner = (j_common_ptr)decompressor;
    coefficients->arrays = jpeg_read_coefficients(decompressor);
    if (!coefficients_are_in_range(decompressor, coefficients->arrays)) {
        reason_set(reason, "it cannot be rotated, masked or written into: its coefficients are out of range");
        return ERR_INVALID;
    }
    jpeg_copy_critical_parameters(decompressor, compressor);
    compressor->restart_interval = decompressor->restart_interval;
    if (compressor->num_components == 1) { /* then they mean nothing: T.81, A.2.2 */
        compressor->comp_info[0].h_samp_factor = compressor->comp_info[0].v_samp_factor = 1;
    }
    if (!jpeg_turn_parameters(compressor, turn)) {
        reason_set(reason, "it is too small to be rotated or flipped block by block; \"rotate_mode\": \"fast\" can do "
                           "it");
        return ERR_INVALID;
    }
    if (turn_is_none(turn)) {
        jpeg_write_coefficients(compressor, coefficients->arrays);
        return ERR_OK;
    }
    jvirt_barray_ptr *from = coefficients->arrays;
    coefficients->owner = (j_common_ptr)compressor;
    coefficients->arrays = coefficients->turned;
    jpeg_turn_request_arrays(compressor, coefficients->turned);
    jpeg_write_coefficients(compressor, coefficients->turned);
    jpeg_turn_blocks(decompressor, from, compressor, coefficients->turned, turn);
    return ERR_OK;
}

static void set_size(struct jpeg_filter *filter, uint32_t width_px, uint32_t height_px) {
    struct frame_info *info = frame_edit_info(filter->destination.frame);
    info->width_px = width_px;
    info->height_px = height_px;
}

static enum err pass_over_coefficients(struct jpeg_filter *filter, struct turn turn, struct reason *reason) {
    struct coefficients coefficients;
    enum err error = begin_pass(filter, turn, &coefficients, reason);
    if (error == ERR_OK && filter->settings->mask_count > 0) {
        error = mask_coefficients(filter, &coefficients);
    }
    if (error == ERR_OK && filter->caption != NULL) {
        const int64_t captured_ns = frame_info(filter->destination.frame)->captured_realtime_ns;
        error = jpeg_caption_write(filter->caption, captured_ns, &filter->compressor, coefficients.owner,
                                   coefficients.arrays);
    }
    if (error == ERR_OK) {
        jpeg_finish_compress(&filter->compressor);
        jpeg_finish_decompress(&filter->decompressor);
        set_size(filter, filter->compressor.image_width, filter->compressor.image_height);
    }
    return error;
}

/* ERR_UNSUPPORTED: it is for a pass over the coefficients. */
static enum err mask_scan(struct jpeg_filter *filter, const struct work_limit *limit, struct reason *reason) {
    struct jpeg_decompress_struct *decompressor = &filter->decompressor;
    const uint32_t width_px = decompressor->image_width, height_px = decompressor->image_height;
    enum err error = update_grid(filter, decompressor->comp_info, decompressor->num_components, width_px, height_px);
    if (error == ERR_OK) {
        error = jpeg_scan_mask_apply(filter->scan_mask, decompressor, &filter->grid, limit, &filter->destination.frame);
    }
    if (error == ERR_INTERRUPTED || error == ERR_TIMEOUT) {
        reason_set(reason, "it cannot be masked: it takes too long");
    }
    if (error == ERR_OK) {
        jpeg_abort_decompress(decompressor);
        set_size(filter, width_px, height_px);
    }
    return error;
}

/* libjpeg's errors jump out of this function. */
static enum err pass(struct jpeg_filter *filter, struct span jpeg, struct turn turn, const struct work_limit *limit,
                     struct reason *reason) {
    if (setjmp(filter->trap.where) != 0) {
        reason_set(reason, "it cannot be rotated, masked or written into: %s", filter->trap.text);
        return jpeg_trap_error(&filter->trap);
    }
    jpeg_mem_src(&filter->decompressor, jpeg.bytes, jpeg.count);
    jpeg_read_header(&filter->decompressor, TRUE);
    const bool is_masked_only = filter->settings->mask_count > 0 && turn_is_none(turn) && filter->caption == NULL;
    const enum err error = is_masked_only ? mask_scan(filter, limit, reason) : ERR_UNSUPPORTED;
    return error == ERR_UNSUPPORTED ? pass_over_coefficients(filter, turn, reason) : error;
}

static enum err transform(struct jpeg_filter *filter, struct turn turn, struct frame **jpeg,
                          const struct work_limit *limit, struct reason *reason) {
    const size_t size = frame_payload(*jpeg).count;
    struct jpeg_destination *destination = &filter->destination;
    enum err error = frame_create(filter->pool, filter->expected_bytes != 0 ? filter->expected_bytes : size + size / 4,
                                  &destination->frame);
    if (error != ERR_OK) {
        return error;
    }
    filter->trap.text[0] = '\0';
    jpeg_trap_set_limit(&filter->trap, (j_common_ptr)&filter->decompressor, limit);
    jpeg_trap_set_limit(&filter->trap, (j_common_ptr)&filter->compressor, limit);
    struct frame_info *info = frame_edit_info(destination->frame);
    *info = *frame_info(*jpeg);
    info->orientation = 0;
    error = pass(filter, frame_payload(*jpeg), turn, limit, reason);
    if (error != ERR_OK) {
        jpeg_abort_compress(&filter->compressor);
        jpeg_abort_decompress(&filter->decompressor);
        filter->read.pending = filter->written.pending = NULL;
        frame_unref(&destination->frame);
        return error;
    }
    const size_t written = frame_payload(destination->frame).count;
    filter->expected_bytes = written + written / 4;
    frame_unref(jpeg);
    *jpeg = destination->frame;
    destination->frame = NULL;
    return ERR_OK;
}

/* ---- Decoding and encoding ---- */

/* ERR_UNSUPPORTED: the picture is of a kind that is not decoded to planes. */
static enum err recode(struct jpeg_filter *filter, struct frame **jpeg, const struct work_limit *limit,
                       struct reason *reason) {
    struct recoder *recoder = &filter->recoder;
    struct frame *raw = NULL, *encoded = NULL;
    enum err error = plane_decoder_decode(recoder->decoder, *jpeg, 8, limit, &raw);
    if (error == ERR_INVALID) {
        reason_set(reason, "it cannot be rotated or flipped, since it does not decode");
    }
    if (error == ERR_OK) {
        error = picture_filter_apply(recoder->filter, &raw);
    }
    if (error == ERR_OK) {
        error = encoder_encode(recoder->encoder, raw, limit, &encoded, reason);
    }
    frame_unref(&raw);
    if (error == ERR_OK) {
        frame_unref(jpeg);
        *jpeg = encoded;
    }
    return error;
}

enum err jpeg_filter_apply(struct jpeg_filter *filter, struct frame **jpeg, const struct work_limit *limit,
                           struct reason *reason) {
    const struct turn turn =
        turn_compose(turn_from_exif(frame_info(*jpeg)->orientation), turn_from_settings(filter->settings));
    enum err error = ERR_UNSUPPORTED;
    if (filter->recoder.decoder != NULL && !turn_is_none(turn)) {
        error = recode(filter, jpeg, limit, reason);
    }
    return error == ERR_UNSUPPORTED ? transform(filter, turn, jpeg, limit, reason) : error;
}

/* ---- Lifecycle ---- */

static bool create_codec(struct jpeg_filter *filter) {
    filter->decompressor.err = filter->compressor.err = jpeg_trap_init(&filter->trap);
    if (setjmp(filter->trap.where) != 0) {
        return false;
    }
    jpeg_create_decompress(&filter->decompressor);
    jpeg_create_compress(&filter->compressor);
    coefficient_memory_init(&filter->read, (j_common_ptr)&filter->decompressor, COEFFICIENTS_MAX_BYTES);
    coefficient_memory_init(&filter->written, (j_common_ptr)&filter->compressor, COEFFICIENTS_MAX_BYTES);
    jpeg_destination_init(&filter->destination, &filter->compressor);
    return true;
}

static enum err create_recoder(struct jpeg_filter *filter, int quality, const char *name) {
    struct recoder *recoder = &filter->recoder;
    enum err error = plane_decoder_create(filter->pool, &recoder->decoder);
    if (error == ERR_OK) {
        error = picture_filter_create(filter->pool, filter->settings, name, &recoder->filter);
    }
    return error == ERR_OK ? encoder_create(filter->pool, quality, SUBSAMPLING_420, &recoder->encoder) : error;
}

enum err jpeg_filter_create(struct frame_pool *pool, const struct picture_filter_settings *settings, int quality,
                            const char *name, struct jpeg_filter **out) {
    struct jpeg_filter *filter = calloc(1, sizeof *filter);
    if (filter == NULL) {
        return ERR_MEMORY;
    }
    filter->pool = pool;
    filter->settings = settings;
    enum err error = create_codec(filter) ? ERR_OK : ERR_MEMORY;
    if (error == ERR_OK && settings->mask_count > 0) {
        error = jpeg_scan_mask_create(&filter->scan_mask);
    }
    if (error == ERR_OK && settings->caption.is_shown) {
        error = jpeg_caption_create(&settings->caption, name, &filter->caption);
    }
    if (error == ERR_OK && settings->rotate_mode == ROTATE_FAST) {
        error = create_recoder(filter, quality, name);
    }
    if (error != ERR_OK) {
        jpeg_filter_destroy(&filter);
        return error;
    }
    *out = filter;
    return ERR_OK;
}

void jpeg_filter_destroy(struct jpeg_filter **filter_pointer) {
    struct jpeg_filter *filter = *filter_pointer;
    *filter_pointer = NULL;
    if (filter == NULL) {
        return;
    }
    jpeg_destroy_compress(&filter->compressor);
    jpeg_destroy_decompress(&filter->decompressor);
    coefficient_memory_finish(&filter->read);
    coefficient_memory_finish(&filter->written);
    encoder_destroy(&filter->recoder.encoder);
    picture_filter_destroy(&filter->recoder.filter);
    plane_decoder_destroy(&filter->recoder.decoder);
    jpeg_caption_destroy(&filter->caption);
    jpeg_scan_mask_destroy(&filter->scan_mask);
    mask_grid_finish(&filter->grid);
    free(filter);
}
