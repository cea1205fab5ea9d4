#include "cameras/v4l2/v4l2_convert.h"

#include "cameras/v4l2/v4l2_node.h"

#include <errno.h>
#include <libv4l-plugin.h>
#include <libv4lconvert.h>
#include <stdlib.h>
#include <string.h>

struct v4l2_converter {
    struct v4lconvert_data *library;
    struct v4l2_format from, to;
};

/* The library asks the device what it is. */
static int pass_on(void *user, int fd, unsigned long request, void *argument) {
    (void)user;
    errno = v4l2_node_call(fd, request, argument);
    return errno == 0 ? 0 : -1;
}

enum err v4l2_converter_create(int fd, const struct v4l2_layout *layout, struct v4l2_converter **out) {
    static const struct libv4l_dev_ops device = {.ioctl = pass_on};
    struct v4l2_converter *converter = calloc(1, sizeof *converter);
    if (converter == NULL) {
        return ERR_MEMORY;
    }
    converter->library = v4lconvert_create_with_dev_ops(fd, NULL, &device);
    if (converter->library == NULL) {
        v4l2_converter_destroy(&converter);
        return ERR_UNSUPPORTED;
    }
    const uint32_t width = layout->width_px & ~1U, height = layout->height_px & ~1U; /* it knows only even sizes */
    converter->from = (struct v4l2_format){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    converter->from.fmt.pix = (struct v4l2_pix_format){.width = width,
                                                       .height = height,
                                                       .pixelformat = layout->fourcc,
                                                       .bytesperline = layout->stride_bytes,
                                                       .sizeimage = layout->picture_bytes};
    converter->to = (struct v4l2_format){.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    converter->to.fmt.pix = (struct v4l2_pix_format){.width = width,
                                                     .height = height,
                                                     .pixelformat = V4L2_PIX_FMT_YUV420,
                                                     .bytesperline = width,
                                                     .sizeimage = width * height * 3 / 2};
    *out = converter;
    return ERR_OK;
}

void v4l2_converter_destroy(struct v4l2_converter **converter) {
    if (*converter == NULL) {
        return;
    }
    if ((*converter)->library != NULL) {
        v4lconvert_destroy((*converter)->library);
    }
    free(*converter);
    *converter = NULL;
}

enum err v4l2_converter_convert(struct v4l2_converter *converter, struct frame_pool *pool, struct span picture,
                                struct frame **out, struct reason *reason) {
    const struct v4l2_pix_format *to = &converter->to.fmt.pix;
    struct frame *frame;
    enum err error = frame_create(pool, to->sizeimage, &frame);
    if (error != ERR_OK) {
        return error;
    }
    uint8_t *bytes = (uint8_t *)(uintptr_t)picture.bytes; /* the library only reads it */
    int count = v4lconvert_convert(converter->library, &converter->from, &converter->to, bytes, (int)picture.count,
                                   frame_data(frame), (int)to->sizeimage);
    if (count != (int)to->sizeimage) {
        const char *message = v4lconvert_get_error_message(converter->library);
        reason_set(reason, "it cannot be converted: %.*s", (int)strcspn(message, "\n"), message);
        frame_unref(&frame);
        return ERR_INVALID;
    }
    frame_set_size(frame, to->sizeimage);
    struct frame_info *info = frame_edit_info(frame);
    info->format = FRAME_I420;
    info->width_px = to->width;
    info->height_px = to->height;
    *out = frame;
    return ERR_OK;
}
