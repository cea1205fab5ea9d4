/* Raw pictures as devices and decoders hand them over: format, subsampling, quality, range, and two bytes each of
 * width, height and stride; then the samples, as many as there are. */
#include "cameras/picture/encoder.h"
#include "cameras/picture/jpeg.h"
#include "tests/fuzz/fuzz.h"

#define ENCODED_MAX_PX (256u * 256u)
#define HEAD_BYTES 10

static uint32_t two_bytes(const uint8_t *bytes) { return (uint32_t)bytes[0] << 8 | bytes[1]; }

static void encode(struct frame_pool *pool, const uint8_t *head, const struct frame *raw) {
    struct encoder *encoder = NULL;
    struct frame *jpeg = NULL;
    struct reason reason = {""};
    enum subsampling subsampling = head[1] % 2 == 0 ? SUBSAMPLING_420 : SUBSAMPLING_422;
    REQUIRE(encoder_create(pool, 1 + head[2] % 100, subsampling, &encoder) == ERR_OK);
    enum err error = encoder_encode(encoder, raw, NULL, &jpeg, &reason);
    if (error == ERR_OK) {
        struct span bytes = frame_payload(jpeg);
        struct jpeg_layout layout;
        REQUIRE(jpeg_inspect(bytes.bytes, bytes.count, &layout, &reason) == ERR_OK);
        REQUIRE(layout.width_px == frame_info(raw)->width_px && layout.height_px == frame_info(raw)->height_px);
        frame_unref(&jpeg);
    } else {
        REQUIRE(reason.text[0] != '\0' && jpeg == NULL);
    }
    encoder_destroy(&encoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < HEAD_BYTES) {
        return 0;
    }
    uint32_t width_px = two_bytes(bytes + 4), height_px = two_bytes(bytes + 6);
    if ((uint64_t)width_px * height_px > ENCODED_MAX_PX) {
        width_px %= 257;
        height_px %= 257;
    }
    struct frame_pool *pool = NULL;
    struct frame *raw = NULL;
    size_t sample_count = count - HEAD_BYTES;
    REQUIRE(frame_pool_create(&pool) == ERR_OK);
    REQUIRE(frame_create(pool, sample_count > 0 ? sample_count : 1, &raw) == ERR_OK);
    memcpy(frame_data(raw), bytes + HEAD_BYTES, sample_count);
    frame_set_size(raw, sample_count);
    *frame_edit_info(raw) = (struct frame_info){.format = (enum frame_format)(bytes[0] % (FRAME_GREY + 1)),
                                                .limited_range = bytes[3] % 2 != 0,
                                                .width_px = width_px,
                                                .height_px = height_px,
                                                .stride_px = two_bytes(bytes + 8)};
    encode(pool, bytes, raw);
    frame_unref(&raw);
    frame_pool_destroy(&pool);
    return 0;
}
