#include "cameras/picture/gap_picture.h"

#include "cameras/picture/encoder.h"
#include "cameras/picture/placeholder.h"

#define QUALITY 80
/* Of cameras of which nothing has been seen yet. */
#define DEFAULT_WIDTH_PX 640
#define DEFAULT_HEIGHT_PX 360

enum err gap_picture_draw(struct frame_pool *pool, const struct gap *gap, struct frame **jpeg) {
    const bool is_known = gap->width_px != 0 && gap->height_px != 0;
    const struct placeholder placeholder = {.name = gap->name,
                                            .state = STATE_OFFLINE,
                                            .since_realtime_ns = gap->since_realtime_ns,
                                            .error = gap->reason != NULL ? gap->reason : GAP_REASON,
                                            .width_px = is_known ? gap->width_px : DEFAULT_WIDTH_PX,
                                            .height_px = is_known ? gap->height_px : DEFAULT_HEIGHT_PX};
    struct frame *raw = NULL;
    struct encoder *encoder = NULL;
    enum err error = placeholder_draw(pool, &placeholder, &raw);
    if (error == ERR_OK) {
        error = encoder_create(pool, QUALITY, SUBSAMPLING_420, &encoder);
    }
    if (error == ERR_OK) {
        error = encoder_encode(encoder, raw, NULL, jpeg, NULL);
    }
    encoder_destroy(&encoder);
    frame_unref(&raw);
    return error;
}
