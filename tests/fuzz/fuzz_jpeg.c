/* Pictures as cameras hand them over: the first byte says whether to decode them too. */
#include "cameras/picture/exif.h"
#include "cameras/picture/jpeg.h"
#include "tests/fuzz/fuzz.h"

/* Larger pictures cost time, and reach no other code. */
#define DECODED_MAX_PX (512u * 512u)

static void check_layout(const struct jpeg_layout *layout, size_t count) {
    REQUIRE(layout->end <= count);
    REQUIRE(layout->first_scan < layout->end);
    REQUIRE(layout->width_px > 0 && layout->height_px > 0);
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
