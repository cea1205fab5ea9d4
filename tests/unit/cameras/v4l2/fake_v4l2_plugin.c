/* The plugin of libv4l2 that answers for a fake device. */
#define _DEFAULT_SOURCE
#include "tests/unit/cameras/v4l2/fake_v4l2_device.h"

#include <errno.h>
#include <libv4l-plugin.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#define NS_PER_S INT64_C(1000000000)

struct opened {
    struct fake_v4l2 *device;
    uint8_t *file;
};

static void *fake_init(int fd) {
    char magic[sizeof FAKE_MAGIC];
    if (pread(fd, magic, sizeof magic, 0) != (ssize_t)sizeof magic || memcmp(magic, FAKE_MAGIC, sizeof magic) != 0) {
        return NULL;
    }
    struct opened *opened = calloc(1, sizeof *opened);
    opened->file = mmap(NULL, FAKE_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    opened->device = (void *)opened->file;
    opened->device->opened++;
    return opened;
}

static void fake_close(void *user) {
    struct opened *opened = user;
    opened->device->closed++;
    munmap(opened->file, FAKE_FILE_BYTES);
    free(opened);
}

static int fail(int number) {
    errno = number;
    return -1;
}

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * NS_PER_S + now.tv_nsec;
}

static int query_capability(const struct fake_v4l2 *device, struct v4l2_capability *capability) {
    *capability = (struct v4l2_capability){
        .driver = "fake",
        .card = "Fake camera",
        .bus_info = "memory",
        .capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING | V4L2_CAP_META_CAPTURE | V4L2_CAP_DEVICE_CAPS,
        .device_caps = device->device_caps != 0 ? device->device_caps : V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING};
    return 0;
}

/* ---- Formats ---- */

static const struct fake_format *find_format(const struct fake_v4l2 *device, uint32_t fourcc) {
    for (unsigned i = 0; i < 4; i++) {
        if (device->formats[i].fourcc == fourcc) {
            return &device->formats[i];
        }
    }
    return NULL;
}

static int enumerate_formats(const struct fake_v4l2 *device, struct v4l2_fmtdesc *format) {
    if (format->index >= 4 || device->formats[format->index].fourcc == 0) {
        return fail(EINVAL);
    }
    format->pixelformat = device->formats[format->index].fourcc;
    return 0;
}

static int enumerate_sizes(const struct fake_v4l2 *device, struct v4l2_frmsizeenum *size) {
    const struct fake_format *format = find_format(device, size->pixel_format);
    if (format == NULL || size->index > 0) {
        return fail(EINVAL);
    }
    size->type = V4L2_FRMSIZE_TYPE_DISCRETE;
    size->discrete.width = format->width;
    size->discrete.height = format->height;
    return 0;
}

static int enumerate_intervals(const struct fake_v4l2 *device, struct v4l2_frmivalenum *interval) {
    const struct fake_format *format = find_format(device, interval->pixel_format);
    if (format == NULL || format->fps == 0) {
        return fail(ENOTTY);
    }
    if (interval->index > 0) {
        return fail(EINVAL);
    }
    interval->type = V4L2_FRMIVAL_TYPE_DISCRETE;
    interval->discrete = (struct v4l2_fract){1, format->fps};
    return 0;
}

static uint32_t bytes_per_pixel(uint32_t fourcc) {
    return fourcc == V4L2_PIX_FMT_GREY ? 1 : fourcc == V4L2_PIX_FMT_RGB24 ? 3 : 2;
}

static int set_format(struct fake_v4l2 *device, struct v4l2_pix_format *pix) {
    if (device->queued > 0) {
        return fail(EBUSY);
    }
    if (find_format(device, pix->pixelformat) == NULL) {
        pix->pixelformat = device->formats[0].fourcc;
    }
    pix->width = device->given_width != 0 ? device->given_width : pix->width;
    pix->height = device->given_height != 0 ? device->given_height : pix->height;
    bool compressed = pix->pixelformat == V4L2_PIX_FMT_MJPEG;
    pix->bytesperline = compressed                  ? 0
                        : device->given_stride != 0 ? device->given_stride
                                                    : pix->width * bytes_per_pixel(pix->pixelformat);
    pix->sizeimage = compressed ? FAKE_BUFFER_BYTES : pix->bytesperline * pix->height;
    pix->quantization = device->quantization;
    device->width = pix->width;
    device->height = pix->height;
    device->fourcc = pix->pixelformat;
    return 0;
}

static int get_format(const struct fake_v4l2 *device, struct v4l2_format *format) {
    format->fmt.pix = (struct v4l2_pix_format){.width = device->formats[0].width,
                                               .height = device->formats[0].height,
                                               .pixelformat = device->formats[0].fourcc};
    return 0;
}

static int set_rate(struct fake_v4l2 *device, struct v4l2_fract *period) {
    device->fps = device->given_fps != 0 ? device->given_fps : period->denominator / period->numerator;
    if (device->given_fps != 0) {
        *period = (struct v4l2_fract){1, device->given_fps};
    }
    return 0;
}

static int query_timings(const struct fake_v4l2 *device, struct v4l2_dv_timings *timings) {
    if (device->signal_error != 0 || device->signal_width == 0) {
        return fail(device->signal_error != 0 ? device->signal_error : ENOTTY);
    }
    timings->bt.width = device->signal_width;
    timings->bt.height = device->signal_height;
    return 0;
}

/* ---- Buffers ---- */

static int start(struct fake_v4l2 *device) {
    if (device->start_error != 0) {
        return fail(device->start_error);
    }
    if (device->bandwidth != 0 && (uint64_t)device->width * device->height * device->fps > device->bandwidth) {
        return fail(ENOSPC);
    }
    device->started++;
    return 0;
}

static int stop(struct fake_v4l2 *device) {
    device->stopped++;
    device->queued = 0;
    memset(device->is_queued, 0, sizeof device->is_queued);
    return 0;
}

static int queue(struct fake_v4l2 *device, const struct v4l2_buffer *buffer) {
    if (buffer->index >= FAKE_BUFFERS || device->is_queued[buffer->index]) {
        return fail(EINVAL);
    }
    device->is_queued[buffer->index] = true;
    device->queued++;
    return 0;
}

static const struct fake_step *next_step(struct fake_v4l2 *device) {
    if (device->next_step < device->step_count) {
        return &device->steps[device->next_step++];
    }
    bool due = device->period_ns == 0 || now_ns() - device->last_ns >= device->period_ns;
    return device->repeats_last && due ? &device->steps[device->step_count - 1] : NULL;
}

static int dequeue(const struct opened *opened, struct v4l2_buffer *buffer) {
    struct fake_v4l2 *device = opened->device;
    unsigned index = 0;
    while (index < FAKE_BUFFERS && !device->is_queued[index]) {
        index++;
    }
    const struct fake_step *step = index < FAKE_BUFFERS ? next_step(device) : NULL;
    if (step == NULL || step->error != 0) {
        return fail(step == NULL ? EAGAIN : step->error);
    }
    device->is_queued[index] = false;
    device->queued--;
    device->last_ns = now_ns();
    uint32_t size = device->payload_bytes[step->payload];
    memcpy(opened->file + FAKE_BUFFERS_AT + index * FAKE_BUFFER_BYTES,
           opened->file + FAKE_PAYLOADS_AT + step->payload * FAKE_PAYLOAD_BYTES, size);
    int64_t stamp_ns = step->timestamp_ns == FAKE_NOW ? device->last_ns : step->timestamp_ns;
    buffer->index = index;
    buffer->bytesused = step->is_empty ? 0 : step->bytes != 0 ? step->bytes : size;
    buffer->flags =
        step->flags | (device->clock_is_unknown ? V4L2_BUF_FLAG_TIMESTAMP_UNKNOWN : V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC);
    buffer->sequence = device->first_sequence + device->sequence + step->lost_before;
    device->sequence += step->lost_before + 1;
    buffer->timestamp.tv_sec = stamp_ns / NS_PER_S;
    buffer->timestamp.tv_usec = stamp_ns % NS_PER_S / 1000;
    return 0;
}

/* ---- Controls ---- */

static struct fake_control *find_control(struct fake_v4l2 *device, uint32_t id) {
    for (unsigned i = 0; i < 6; i++) {
        if (device->controls[i].id == id && id != 0) {
            return &device->controls[i];
        }
    }
    return NULL;
}

static bool is_held(struct fake_v4l2 *device, const struct fake_control *control) {
    const struct fake_control *holder = find_control(device, control->freed_by);
    return holder != NULL && holder->value != 0;
}

static int query_control(struct fake_v4l2 *device, struct v4l2_queryctrl *query) {
    uint32_t id = query->id & ~V4L2_CTRL_FLAG_NEXT_CTRL;
    const struct fake_control *next = NULL;
    for (unsigned i = 0; i < 6; i++) {
        const struct fake_control *control = &device->controls[i];
        if (control->id > id && (next == NULL || control->id < next->id)) {
            next = control;
        }
    }
    if (next == NULL) {
        return fail(EINVAL);
    }
    *query = (struct v4l2_queryctrl){.id = next->id,
                                     .type = next->type,
                                     .minimum = next->min,
                                     .maximum = next->max,
                                     .step = 1,
                                     .default_value = next->fallback,
                                     .flags = next->flags | (is_held(device, next) ? V4L2_CTRL_FLAG_INACTIVE : 0)};
    memcpy(query->name, next->name, sizeof next->name);
    return 0;
}

static int query_menu(struct fake_v4l2 *device, struct v4l2_querymenu *entry) {
    const struct fake_control *control = find_control(device, entry->id);
    if (control == NULL || entry->index >= 4 || control->choices[entry->index] == NULL) {
        return fail(EINVAL);
    }
    snprintf((char *)entry->name, sizeof entry->name, "%s", control->choices[entry->index]);
    return 0;
}

static int set_control(struct fake_v4l2 *device, const struct v4l2_control *setting) {
    struct fake_control *control = find_control(device, setting->id);
    if (control == NULL || is_held(device, control)) {
        return fail(control == NULL ? EINVAL : EACCES);
    }
    control->value = setting->value;
    device->set_order[device->set_count++ % 8] = setting->id;
    return 0;
}

static int get_control(struct fake_v4l2 *device, struct v4l2_control *setting) {
    const struct fake_control *control = find_control(device, setting->id);
    if (control == NULL) {
        return fail(EINVAL);
    }
    setting->value = control->value;
    return 0;
}

static int fake_ioctl(void *user, int fd, unsigned long request, void *argument) {
    (void)fd;
    const struct opened *opened = user;
    struct fake_v4l2 *device = opened->device;
    if (device->gone) {
        return fail(ENODEV);
    }
    struct v4l2_buffer *buffer = argument;
    switch ((unsigned)request) {
    case VIDIOC_QUERYCAP: return query_capability(device, argument);
    case VIDIOC_ENUM_FMT: return enumerate_formats(device, argument);
    case VIDIOC_ENUM_FRAMESIZES: return enumerate_sizes(device, argument);
    case VIDIOC_ENUM_FRAMEINTERVALS: return enumerate_intervals(device, argument);
    case VIDIOC_S_FMT: return set_format(device, &((struct v4l2_format *)argument)->fmt.pix);
    case VIDIOC_G_FMT: return get_format(device, argument);
    case VIDIOC_S_PARM: return set_rate(device, &((struct v4l2_streamparm *)argument)->parm.capture.timeperframe);
    case VIDIOC_QUERY_DV_TIMINGS: return query_timings(device, argument);
    case VIDIOC_S_DV_TIMINGS: device->timings_width = ((struct v4l2_dv_timings *)argument)->bt.width; return 0;
    case VIDIOC_REQBUFS: ((struct v4l2_requestbuffers *)argument)->count = FAKE_BUFFERS; return 0;
    case VIDIOC_QUERYBUF:
        buffer->length = FAKE_BUFFER_BYTES;
        buffer->m.offset = FAKE_BUFFERS_AT + buffer->index * FAKE_BUFFER_BYTES;
        return 0;
    case VIDIOC_QBUF: return queue(device, buffer);
    case VIDIOC_DQBUF: return dequeue(opened, buffer);
    case VIDIOC_STREAMON: return start(device);
    case VIDIOC_STREAMOFF: return stop(device);
    case VIDIOC_QUERYCTRL: return query_control(device, argument);
    case VIDIOC_QUERYMENU: return query_menu(device, argument);
    case VIDIOC_S_CTRL: return set_control(device, argument);
    case VIDIOC_G_CTRL: return get_control(device, argument);
    default: return fail(ENOTTY);
    }
}

/* The name that libv4l2 looks for. */
extern const struct libv4l_dev_ops libv4l2_plugin;
const struct libv4l_dev_ops libv4l2_plugin = {.init = fake_init, .close = fake_close, .ioctl = fake_ioctl};
