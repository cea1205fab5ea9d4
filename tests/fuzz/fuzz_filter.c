/* What cameras send, rotated, masked and written into: the result is a whole picture that shows nothing below the mask,
 * or there is none; masks alone give what libjpeg makes of it. The work that this takes is counted, not timed. The
 * first byte chooses what is done, the second the mask. */
#include "broker/base/clock.h"
#include "cameras/filter/jpeg_filter.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/jpeg_decode.h"
#include "cameras/picture/plane_decoder.h"
#include "tests/fuzz/fuzz.h"

/* Larger pictures cost time, and reach no other code. */
#define FILTERED_MAX_PX (512u * 512u)

struct work {
    uint64_t checks; /* one a row of blocks of each scan, decoded or encoded */
    uint64_t checks_max;
};

static bool count_check(void *user) {
    struct work *work = user;
    return ++work->checks > work->checks_max;
}

static struct picture_filter_settings choose(const uint8_t bytes[2], struct polygon_point points[3],
                                             struct polygon *mask) {
    static const enum flip flips[] = {FLIP_NONE, FLIP_HORIZONTAL, FLIP_VERTICAL, FLIP_BOTH};
    points[0] = (struct polygon_point){(bytes[1] & 3) / 4.0, (bytes[1] >> 2 & 3) / 4.0};
    points[1] = (struct polygon_point){1, (bytes[1] >> 4 & 3) / 3.0};
    points[2] = (struct polygon_point){(bytes[1] >> 6 & 3) / 3.0, 1};
    *mask = (struct polygon){points, 3};
    return (struct picture_filter_settings){
        .turn_degrees = 90u * (bytes[0] & 3),
        .flip = flips[bytes[0] >> 2 & 3],
        .rotate_mode = (bytes[0] & 16) != 0 ? ROTATE_FAST : ROTATE_LOSSLESS,
        .caption = {.is_shown = (bytes[0] & 32) != 0, .format = (bytes[0] & 64) != 0 ? "{name} %c" : NULL},
        .masks = mask,
        .mask_count = 1,
    };
}

/* NULL: it does not decode, or its colours are of another kind. */
static struct frame *planes_of(struct frame_pool *pool, const struct frame *jpeg) {
    struct plane_decoder *decoder;
    struct frame *raw = NULL;
    REQUIRE(plane_decoder_create(pool, &decoder) == ERR_OK);
    const enum err error = plane_decoder_decode(decoder, jpeg, 8, NULL, &raw);
    REQUIRE((error == ERR_OK) == (raw != NULL));
    plane_decoder_destroy(&decoder);
    return raw;
}

/* One value below the whole mask, but for the caption. */
static void require_hidden(struct frame_pool *pool, const struct frame *jpeg, const struct polygon *mask) {
    struct frame *raw = planes_of(pool, jpeg);
    if (raw != NULL) {
        const uint32_t width = frame_info(raw)->width_px, height = frame_info(raw)->height_px;
        const uint8_t *luma = frame_payload(raw).bytes;
        int shown = -1;
        for (uint32_t y = 0; y < height; y++) {
            for (uint32_t x = 0; x < width; x++) {
                if (polygon_has(mask, (x + 0.5) / width, (y + 0.5) / height)) {
                    REQUIRE(shown < 0 || shown == luma[(size_t)y * width + x]);
                    shown = luma[(size_t)y * width + x];
                }
            }
        }
    }
    frame_unref(&raw);
}

/* A comment behind the scan leaves a picture to libjpeg. */
static struct frame *with_comment(struct frame_pool *pool, const struct frame *plain) {
    static const uint8_t comment_and_end[] = {0xFF, 0xFE, 0, 2, 0xFF, 0xD9};
    const struct span jpeg = frame_payload(plain);
    const size_t kept = jpeg.count - 2;
    struct frame *frame;
    REQUIRE(frame_create(pool, kept + sizeof comment_and_end, &frame) == ERR_OK);
    memcpy(frame_data(frame), jpeg.bytes, kept);
    memcpy(frame_data(frame) + kept, comment_and_end, sizeof comment_and_end);
    frame_set_size(frame, kept + sizeof comment_and_end);
    *frame_edit_info(frame) = *frame_info(plain);
    return frame;
}

/* masked: NULL if it was refused. */
static void require_same_by_libjpeg(struct frame_pool *pool, const struct frame *plain, const struct frame *masked,
                                    struct jpeg_filter *filter) {
    struct frame *expected = with_comment(pool, plain);
    REQUIRE((jpeg_filter_apply(filter, &expected, NULL, NULL) == ERR_OK) == (masked != NULL));
    if (masked != NULL) {
        struct frame *one = planes_of(pool, masked), *other = planes_of(pool, expected);
        REQUIRE((one == NULL) == (other == NULL));
        if (one != NULL) {
            const struct span first = frame_payload(one), second = frame_payload(other);
            REQUIRE(first.count == second.count && memcmp(first.bytes, second.bytes, first.count) == 0);
        }
        frame_unref(&one);
        frame_unref(&other);
    }
    frame_unref(&expected);
}

static void filter_picture(struct frame_pool *pool, struct frame **frame, const struct jpeg_layout *layout,
                           const struct picture_filter_settings *settings) {
    /* All that is read, and each row of blocks that is written. */
    struct work work = {.checks_max = 2 * layout->coded_blocks + 8u * (layout->height_px + layout->width_px)};
    const struct work_limit limit = {.cpu_deadline_ns = CLOCK_NEVER, .is_stopped = count_check, .user = &work};
    struct jpeg_filter *filter;
    struct reason reason = {""};
    struct frame *before = *frame, *plain = frame_ref(before);
    const struct span source = frame_payload(before);
    /* Damage, and what libjpeg does not do: sampling factors that are no multiples of each other. */
    const bool decodes = jpeg_check_decoding(source.bytes, source.count, NULL, NULL) == ERR_OK;
    REQUIRE(jpeg_filter_create(pool, settings, 80, "Front door", &filter) == ERR_OK);
    const enum err error = jpeg_filter_apply(filter, frame, &limit, &reason);
    REQUIRE(error != ERR_INTERRUPTED && error != ERR_TIMEOUT);
    if (error == ERR_OK) {
        const struct span jpeg = frame_payload(*frame);
        struct jpeg_layout changed;
        REQUIRE(*frame != before);
        REQUIRE(jpeg_inspect(jpeg.bytes, jpeg.count, &changed, &reason) == ERR_OK);
        REQUIRE(!decodes || jpeg_check_decoding(jpeg.bytes, jpeg.count, NULL, &reason) == ERR_OK);
        REQUIRE(changed.orientation == 0 && frame_info(*frame)->orientation == 0);
        REQUIRE(frame_info(*frame)->width_px == changed.width_px);
        REQUIRE(frame_info(*frame)->height_px == changed.height_px);
        if (decodes && !settings->caption.is_shown) {
            require_hidden(pool, *frame, settings->masks);
        }
    } else {
        REQUIRE(*frame == before);
        REQUIRE(error == ERR_MEMORY || reason.text[0] != '\0');
    }
    if (settings->turn_degrees == 0 && settings->flip == FLIP_NONE && !settings->caption.is_shown) {
        require_same_by_libjpeg(pool, plain, error == ERR_OK ? *frame : NULL, filter);
    }
    frame_unref(&plain);
    jpeg_filter_destroy(&filter);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    if (count < 3) {
        return 0;
    }
    struct polygon_point points[3];
    struct polygon mask;
    const struct picture_filter_settings settings = choose(bytes, points, &mask);
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
        jpeg_inspect(payload.bytes, payload.count, &layout, &reason) == ERR_OK &&
        layout.width_px * (uint64_t)layout.height_px <= FILTERED_MAX_PX) {
        filter_picture(pool, &frame, &layout, &settings);
    }
    frame_unref(&frame);
    frame_pool_destroy(&pool);
    return 0;
}
