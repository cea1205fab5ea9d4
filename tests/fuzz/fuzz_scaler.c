/* Variants of pictures that cameras send: what is admitted is scaled and encoded again, and the work that this takes
 * is counted, not timed. The first two bytes are width and quality of the request. */
#include "cameras/picture/exif.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/scaler.h"
#include "tests/fuzz/fuzz.h"

#include "broker/base/clock.h"

/* Larger pictures cost time, and reach no other code. */
#define SCALED_MAX_PX (512u * 512u)
#define WIDTH_UNIT_PX 8u

struct work {
    uint64_t checks; /* one a row of blocks of each scan, decoded or encoded */
    uint64_t checks_max;
};

static bool count_check(void *user) {
    struct work *work = user;
    return ++work->checks > work->checks_max;
}

/* Each check stands for a row of blocks, so that at most `coded_blocks` of them can be decoded, and a few for each row
 * that is written. */
static uint64_t allowed_checks(const struct jpeg_layout *layout) {
    return layout->coded_blocks + 4u * layout->height_px;
}

static void scale(struct frame_pool *pool, const struct frame *source, const struct jpeg_layout *layout,
                  const struct variant_request *wanted) {
    struct work work = {.checks_max = allowed_checks(layout)};
    const struct work_limit limit = {.cpu_deadline_ns = CLOCK_NEVER, .is_stopped = count_check, .user = &work};
    const struct variant_request request = scaler_ops.resolve(wanted, frame_info(source)->width_px);
    const struct variant_request again = scaler_ops.resolve(&request, frame_info(source)->width_px);
    REQUIRE(again.width_px == request.width_px && again.quality == request.quality);
    void *scaler = NULL;
    struct frame *derived = NULL;
    REQUIRE(scaler_ops.create(pool, &request, &scaler) == ERR_OK);
    enum err error = scaler_ops.convert(scaler, source, &limit, &derived);
    REQUIRE(error != ERR_INTERRUPTED && error != ERR_TIMEOUT);
    if (error == ERR_OK) {
        struct span jpeg = frame_payload(derived);
        struct jpeg_layout small;
        struct reason reason = {""};
        REQUIRE(jpeg_inspect(jpeg.bytes, jpeg.count, &small, &reason) == ERR_OK);
        REQUIRE(small.width_px <= layout->width_px && small.height_px <= layout->height_px);
        REQUIRE((small.orientation > 1 ? small.orientation : 0) == (layout->orientation > 1 ? layout->orientation : 0));
        const bool is_sideways = exif_is_sideways(small.orientation);
        REQUIRE(frame_info(derived)->width_px == (is_sideways ? small.height_px : small.width_px));
        frame_unref(&derived);
    }
    REQUIRE(derived == NULL);
    scaler_ops.destroy(scaler);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 3) {
        return 0;
    }
    const struct variant_request wanted = {.width_px = bytes[0] * WIDTH_UNIT_PX, .quality = bytes[1] % 101};
    bytes += 2;
    count -= 2;
    struct frame_pool *pool = NULL;
    struct frame *frame = NULL;
    struct jpeg_layout layout;
    struct reason reason = {""};
    REQUIRE(frame_pool_create(&pool) == ERR_OK);
    REQUIRE(frame_create(pool, count, &frame) == ERR_OK);
    memcpy(frame_data(frame), bytes, count);
    frame_set_size(frame, count);
    struct span payload;
    if (jpeg_admit(frame, false, NULL, &reason) == ERR_OK && (payload = frame_payload(frame)).count > 0 &&
        jpeg_inspect(payload.bytes, payload.count, &layout, &reason) == ERR_OK) {
        REQUIRE(layout.coded_blocks <= JPEG_CODED_BLOCKS_MAX);
        if (layout.width_px * (uint64_t)layout.height_px <= SCALED_MAX_PX) {
            scale(pool, frame, &layout, &wanted);
        }
    }
    frame_unref(&frame);
    frame_pool_destroy(&pool);
    return 0;
}
