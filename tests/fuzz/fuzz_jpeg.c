/* Pictures as cameras hand them over: the first byte says whether to decode them too. The luma that is read from a scan
 * is that of the coefficients that libjpeg reads. */
#include "cameras/picture/exif.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/jpeg_trap.h"
#include "cameras/picture/luma_scan.h"
#include "tests/fuzz/fuzz.h"

/* Larger pictures cost time, and reach no other code. */
#define DECODED_MAX_PX (512u * 512u)

static void check_layout(const struct jpeg_layout *layout, size_t count) {
    REQUIRE(layout->end <= count);
    REQUIRE(layout->first_scan < layout->end);
    REQUIRE(layout->width_px > 0 && layout->height_px > 0);
}

/* jpeg_read_header() and all that follows may jump. */
static void require_same_luma(struct jpeg_decompress_struct *decompressor, struct jpeg_trap *trap,
                              const uint8_t *samples) {
    if (setjmp(trap->where) != 0) {
        abort(); /* a picture that was admitted, and whose scan is whole */
    }
    const jvirt_barray_ptr *arrays = jpeg_read_coefficients(decompressor);
    const jpeg_component_info *luma = &decompressor->comp_info[0];
    const int step = luma->quant_table->quantval[0];
    for (JDIMENSION y = 0; y < luma->height_in_blocks; y++) {
        const JBLOCKROW row =
            decompressor->mem->access_virt_barray((j_common_ptr)decompressor, arrays[0], y, 1, FALSE)[0];
        for (JDIMENSION x = 0; x < luma->width_in_blocks; x++) {
            const double mean = row[x][0] * step / 8.0 + 128, shown = mean < 0 ? 0 : mean > 255 ? 255 : mean;
            const double difference = *samples++ - shown;
            REQUIRE(difference >= -0.5 && difference <= 0.5);
        }
    }
}

static void read_luma(struct span jpeg, const struct jpeg_layout *layout) {
    static uint8_t samples[DECODED_MAX_PX / 8 + 1];
    static struct jpeg_scan scan;
    struct jpeg_decompress_struct decompressor;
    struct jpeg_trap trap;
    decompressor.err = jpeg_trap_init(&trap);
    if (setjmp(trap.where) == 0) {
        jpeg_create_decompress(&decompressor);
        jpeg_mem_src(&decompressor, jpeg.bytes, jpeg.count);
        jpeg_read_header(&decompressor, TRUE);
    } else {
        jpeg_destroy_decompress(&decompressor);
        return;
    }
    REQUIRE(decompressor.image_width == layout->width_px && decompressor.image_height == layout->height_px);
    if (luma_scan_read(&scan, &decompressor, NULL, samples) == ERR_OK) {
        require_same_luma(&decompressor, &trap, samples);
    }
    jpeg_destroy_decompress(&decompressor);
}

static void admit(const uint8_t *bytes, size_t count, bool thorough) {
    struct frame_pool *pool = NULL;
    struct frame *frame = NULL;
    REQUIRE(frame_pool_create(&pool) == ERR_OK);
    REQUIRE(frame_create(pool, count, &frame) == ERR_OK);
    memcpy(frame_data(frame), bytes, count);
    frame_set_size(frame, count);
    struct reason reason = {""};
    if (jpeg_admit(frame, thorough, NULL, &reason) == ERR_OK) {
        /* What is published is whole: it is admitted again as it is, with tables. */
        struct span payload = frame_payload(frame);
        struct jpeg_layout layout;
        REQUIRE(jpeg_inspect(payload.bytes, payload.count, &layout, &reason) == ERR_OK);
        REQUIRE(layout.end == payload.count);
        REQUIRE(layout.has_huffman_tables);
        const struct frame_info *info = frame_info(frame);
        const bool is_sideways = exif_is_sideways(layout.orientation);
        REQUIRE(layout.width_px == (is_sideways ? info->height_px : info->width_px));
        REQUIRE(layout.height_px == (is_sideways ? info->width_px : info->height_px));
        if (layout.width_px * (uint64_t)layout.height_px <= DECODED_MAX_PX) {
            read_luma(payload, &layout);
        }
    } else {
        REQUIRE(reason.text[0] != '\0');
    }
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count == 0) {
        return 0;
    }
    bool thorough = (bytes[0] & 1) != 0;
    bytes++;
    count--;
    struct jpeg_layout layout;
    struct reason reason = {""};
    enum err error = jpeg_inspect(bytes, count, &layout, &reason);
    if (error == ERR_OK) {
        check_layout(&layout, count);
        admit(bytes, count, thorough && layout.width_px * (uint64_t)layout.height_px <= DECODED_MAX_PX);
    } else {
        REQUIRE(reason.text[0] != '\0');
        admit(bytes, count, false);
    }
    return 0;
}
