#include "cameras/picture/raw_picture.h"

#include <string.h>

#define SIZE_MAX_PX 65500 /* libjpeg's limit */

/* In bytes from the first of the payload. */
struct layout {
    unsigned component_count;
    size_t offset[3]; /* of the first sample of Y, Cb and Cr */
    size_t luma_stride, luma_step;
    size_t chroma_stride, chroma_step;
    uint32_t chroma_rows;
    size_t needed;
};

static uint32_t half(uint32_t count) { return count / 2 + count % 2; }

static bool is_packed(enum frame_format format) {
    return format == FRAME_YUYV || format == FRAME_YVYU || format == FRAME_UYVY;
}

/* Packed: groups of four bytes, two pixels that share their chroma. */
static struct layout packed_layout(size_t stride_px, uint32_t rows, size_t y, size_t cb, size_t cr) {
    return (struct layout){.component_count = 3,
                           .offset = {y, cb, cr},
                           .luma_stride = stride_px * 2,
                           .luma_step = 2,
                           .chroma_stride = stride_px * 2,
                           .chroma_step = 4,
                           .chroma_rows = rows,
                           .needed = stride_px * 2 * rows};
}

/* Planar: Y, then Cb and Cr one after the other (chroma_step 1) or in pairs (2). */
static struct layout planar_layout(uint32_t stride_px, uint32_t rows, size_t chroma_step) {
    size_t luma_bytes = (size_t)stride_px * rows;
    size_t chroma_stride = half(stride_px) * chroma_step;
    size_t chroma_bytes = chroma_stride * half(rows);
    return (struct layout){.component_count = 3,
                           .offset = {0, luma_bytes, luma_bytes + (chroma_step == 1 ? chroma_bytes : 1)},
                           .luma_stride = stride_px,
                           .luma_step = 1,
                           .chroma_stride = chroma_stride,
                           .chroma_step = chroma_step,
                           .chroma_rows = half(rows),
                           .needed = luma_bytes + chroma_bytes * (chroma_step == 1 ? 2 : 1)};
}

static struct layout layout_of(enum frame_format format, uint32_t stride_px, uint32_t rows) {
    switch (format) {
    case FRAME_I420: return planar_layout(stride_px, rows, 1);
    case FRAME_NV12: return planar_layout(stride_px, rows, 2);
    case FRAME_YUYV: return packed_layout(stride_px, rows, 0, 1, 3);
    case FRAME_YVYU: return packed_layout(stride_px, rows, 0, 3, 1);
    case FRAME_UYVY: return packed_layout(stride_px, rows, 1, 0, 2);
    case FRAME_GREY:
        return (struct layout){
            .component_count = 1, .luma_stride = stride_px, .luma_step = 1, .needed = (size_t)stride_px * rows};
    case FRAME_JPEG: break;
    }
    return (struct layout){.component_count = 0};
}

/* From limited range to full (ITU-R BT.601: luma from 16 to 235, chroma from 16 to 240 around 128), as
 * sample - offset + (sample - pivot) * factor / 2^9: numbers of 16 bits suffice, of which a vector holds the most. */
struct sample_scale {
    int16_t offset, pivot, factor;
};
#define SCALE_SHIFT 9
static const struct sample_scale luma_scale = {.offset = 16, .pivot = 16, .factor = 84};   /* 255 / 219 - 1 */
static const struct sample_scale chroma_scale = {.offset = 0, .pivot = 128, .factor = 71}; /* 255 / 224 - 1 */

enum err raw_picture_init(struct raw_picture *picture, const struct frame *frame, bool keep_chroma_rows,
                          struct reason *reason) {
    const struct frame_info *info = frame_info(frame);
    const uint32_t width = info->width_px, height = info->height_px;
    if (width < 1 || width > SIZE_MAX_PX || height < 1 || height > SIZE_MAX_PX) {
        reason_set(reason, "a picture of %ux%u cannot be a JPEG", width, height);
        return ERR_INVALID;
    }
    const uint32_t least_stride = is_packed(info->format) ? 2 * half(width) : width;
    const uint32_t stride = info->stride_px != 0 ? info->stride_px : least_stride;
    const struct layout layout = layout_of(info->format, stride, height);
    if (layout.component_count == 0) {
        reason_set(reason, "%s is not a raw format", frame_format_name(info->format));
        return ERR_UNSUPPORTED;
    }
    const struct span payload = frame_payload(frame);
    if (stride < least_stride || payload.count < layout.needed) {
        reason_set(reason, "a raw picture is too small: %zu bytes in rows of %u for %ux%u %s", payload.count, stride,
                   width, height, frame_format_name(info->format));
        return ERR_INVALID;
    }
    picture->component_count = layout.component_count;
    picture->chroma_halved_down = !keep_chroma_rows || !is_packed(info->format);
    for (unsigned i = 0; i < layout.component_count; i++) {
        picture->components[i] =
            (struct raw_component){.samples = payload.bytes + layout.offset[i],
                                   .stride_bytes = i == 0 ? layout.luma_stride : layout.chroma_stride,
                                   .step_bytes = i == 0 ? layout.luma_step : layout.chroma_step,
                                   .source_rows = i == 0 ? height : layout.chroma_rows,
                                   .width = i == 0 ? width : half(width),
                                   .height = i == 0 || !picture->chroma_halved_down ? height : half(height)};
        if (info->limited_range) {
            picture->components[i].scale = i == 0 ? &luma_scale : &chroma_scale;
        }
    }
    return ERR_OK;
}

/* The inner loops have constant steps, so that the compiler makes vector code of them. */

static void gather(uint8_t *restrict to, const uint8_t *restrict from, size_t step, size_t count) {
    switch (step) {
    case 1: memcpy(to, from, count); break;
    case 2:
        for (size_t i = 0; i < count; i++) {
            to[i] = from[2 * i];
        }
        break;
    default:
        for (size_t i = 0; i < count; i++) {
            to[i] = from[4 * i];
        }
    }
}

/* Packed chroma is not halved down: two rows make one. */
static void gather_average(uint8_t *restrict to, const uint8_t *restrict above, const uint8_t *restrict below,
                           size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = (uint8_t)((above[4 * i] + below[4 * i] + 1) / 2);
    }
}

static void expand(uint8_t *samples, size_t count, const struct sample_scale *scale) {
    const int16_t offset = scale->offset, pivot = scale->pivot, factor = scale->factor;
    for (size_t i = 0; i < count; i++) {
        const int16_t product = (int16_t)((samples[i] - pivot) * factor + (1 << (SCALE_SHIFT - 1)));
        const int16_t value = (int16_t)(samples[i] - offset + (product >> SCALE_SHIFT));
        samples[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
}

static const uint8_t *source_row(const struct raw_component *component, uint32_t row) {
    const uint32_t last = component->source_rows - 1;
    return component->samples + component->stride_bytes * (row < last ? row : last);
}

const uint8_t *raw_component_row(const struct raw_component *component, uint32_t row, size_t padded_width,
                                 uint8_t *buffer) {
    const size_t width = component->width;
    if (component->source_rows != component->height) {
        gather_average(buffer, source_row(component, 2 * row), source_row(component, 2 * row + 1), width);
    } else if (component->step_bytes == 1 && width == padded_width && component->scale == NULL) {
        return source_row(component, row);
    } else {
        gather(buffer, source_row(component, row), component->step_bytes, width);
    }
    if (component->scale != NULL) {
        expand(buffer, width, component->scale);
    }
    memset(buffer + width, buffer[width - 1], padded_width - width);
    return buffer;
}
