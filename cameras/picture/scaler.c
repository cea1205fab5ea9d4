#include "cameras/picture/scaler.h"

#include "cameras/picture/encoder.h"
#include "cameras/picture/plane_decoder.h"
#include "cameras/picture/raw_mask.h"

#include <stdlib.h>
#include <string.h>

#define QUALITY_STEP 10
#define QUALITY_DEFAULT 80

struct scaler {
    struct frame_pool *pool;
    struct variant_request request;
    struct encoder *encoder;
    struct plane_decoder *decoder;
    struct mask_grid grid;
    uint64_t generation; /* of the masks in it */
};

/* ---- Requests ---- */

static uint32_t scaled(uint32_t px, unsigned eighths) { return (uint32_t)(((uint64_t)px * eighths + 7) / 8); }

static unsigned eighths_for(uint32_t requested_px, uint32_t source_px) {
    unsigned eighths = 8;
    while (requested_px > 0 && eighths > 1 && scaled(source_px, eighths - 1) >= requested_px) {
        eighths--;
    }
    return eighths;
}

static struct variant_request scaler_resolve(const struct variant_request *request, uint32_t source_width_px) {
    struct variant_request resolved = *request;
    resolved.quality = (request->quality + QUALITY_STEP - 1) / QUALITY_STEP * QUALITY_STEP;
    if (source_width_px > 0 && request->width_px > 0) {
        unsigned eighths = eighths_for(request->width_px, source_width_px);
        resolved.width_px = eighths < 8 ? scaled(source_width_px, eighths) : 0;
        if (eighths < 8 && request->quality == 0) {
            resolved.quality = QUALITY_DEFAULT;
        }
    }
    return resolved;
}

/* ---- The converter ---- */

static void scaler_destroy(void *converter) {
    struct scaler *scaler = converter;
    if (scaler != NULL) {
        plane_decoder_destroy(&scaler->decoder);
        mask_grid_finish(&scaler->grid);
        encoder_destroy(&scaler->encoder);
        free(scaler);
    }
}

static enum err scaler_create(struct frame_pool *pool, const struct variant_request *request, void **converter) {
    struct scaler *scaler = calloc(1, sizeof *scaler);
    if (scaler == NULL) {
        return ERR_MEMORY;
    }
    scaler->pool = pool;
    scaler->request = scaler_resolve(request, 0);
    int quality = scaler->request.quality > 0 ? scaler->request.quality : QUALITY_DEFAULT;
    enum err error = encoder_create(pool, quality, SUBSAMPLING_420, &scaler->encoder);
    if (error == ERR_OK) {
        error = plane_decoder_create(pool, &scaler->decoder);
    }
    if (error != ERR_OK) {
        scaler_destroy(scaler);
        return error;
    }
    *converter = scaler;
    return ERR_OK;
}

static enum err copy_frame(struct frame_pool *pool, const struct frame *source, struct frame **copied) {
    struct span payload = frame_payload(source);
    enum err error = frame_create(pool, payload.count, copied);
    if (error == ERR_OK) {
        memcpy(frame_data(*copied), payload.bytes, payload.count);
        frame_set_size(*copied, payload.count);
        *frame_edit_info(*copied) = *frame_info(source);
    }
    return error;
}

/* What is masked is black already, but the blocks of a smaller picture lie elsewhere: those at an edge would blur it.
 */
static enum err mask(struct scaler *scaler, const struct frame *source, struct frame *raw) {
    const struct frame_masks *masks = frame_masks(source);
    if (masks->count == 0) {
        return ERR_OK;
    }
    if (frame_info(source)->generation != scaler->generation) {
        mask_grid_finish(&scaler->grid); /* other masks */
        scaler->generation = frame_info(source)->generation;
    }
    return raw_mask_apply(&scaler->grid, masks->polygons, masks->count, raw);
}

static enum err scaler_convert(void *converter, const struct frame *source, const struct work_limit *limit,
                               struct frame **derived) {
    struct scaler *scaler = converter;
    unsigned eighths = eighths_for(scaler->request.width_px, frame_info(source)->width_px);
    struct frame *raw = NULL;
    enum err error = ERR_UNSUPPORTED;
    if (eighths < 8 || scaler->request.quality > 0) {
        error = plane_decoder_decode(scaler->decoder, source, eighths, limit, &raw);
    }
    if (error == ERR_OK) {
        error = mask(scaler, source, raw);
    }
    if (error == ERR_OK) {
        error = encoder_encode(scaler->encoder, raw, limit, derived, NULL);
    } else if (error == ERR_UNSUPPORTED) {
        error = copy_frame(scaler->pool, source, derived);
    }
    frame_unref(&raw);
    return error;
}

const struct converter_ops scaler_ops = {
    .resolve = scaler_resolve, .create = scaler_create, .convert = scaler_convert, .destroy = scaler_destroy};
