#include "cameras/v4l2/v4l2_driver.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "cameras/v4l2/v4l2_controls.h"
#include "cameras/v4l2/v4l2_convert.h"
#include "cameras/v4l2/v4l2_devices.h"
#include "cameras/v4l2/v4l2_node.h"
#include "cameras/v4l2/v4l2_settings.h"
#include "cameras/v4l2/v4l2_signal.h"
#include "cameras/v4l2/v4l2_stream.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A frame older than this many periods, and this time, is skipped for a newer one. */
#define OLD_PERIODS 3
#define OLD_NS (100 * NS_PER_MS)
/* A timestamp that is further off is not of the monotonic clock. */
#define CLOCK_OFF_MAX_NS (10 * NS_PER_S)

struct v4l2 {
    const struct driver_context *context;
    char path[V4L2_PATH_MAX_BYTES];
    char name[33];
    int fd;
    struct v4l2_stream stream;
    struct v4l2_converter *converter; /* NULL: none is needed */
    int64_t period_ns;                /* of the device; 0: unknown */
    bool any_taken;                   /* since the stream was started */
    uint32_t last_sequence;           /* then */
    int64_t last_captured_ns;         /* 0: none yet */
    int64_t interval_ns;              /* of the frames wanted; 0: all of them */
    int64_t due_ns;
};

/* ---- Opening ---- */

static enum err create_converter(struct v4l2 *v4l2, struct reason *reason) {
    const struct v4l2_stream *stream = &v4l2->stream;
    if (!stream->format->converted) {
        return ERR_OK;
    }
    const struct v4l2_layout layout = {.fourcc = stream->format->fourcc,
                                       .width_px = stream->width_px,
                                       .height_px = stream->height_px,
                                       .stride_bytes = stream->stride_bytes,
                                       .picture_bytes = stream->picture_bytes};
    enum err error = v4l2_converter_create(v4l2->fd, &layout, &v4l2->converter);
    if (error != ERR_OK) {
        reason_set(reason, "%s cannot be converted: choose another format", stream->format->name);
    }
    return error;
}

/* Drops frames if the device is faster than requested. */
static void init_rate(struct v4l2 *v4l2) {
    const double given = v4l2->stream.fps, wanted = v4l2->context->settings->fps;
    v4l2->period_ns = given > 0 ? (int64_t)((double)NS_PER_S / given) : 0;
    v4l2->interval_ns = given > wanted * 1.01 ? (int64_t)((double)NS_PER_S / wanted) : 0;
    v4l2->due_ns = 0;
    v4l2->any_taken = false;
}

static void log_start(const struct v4l2 *v4l2) {
    const struct v4l2_stream *stream = &v4l2->stream;
    const struct source_settings *settings = v4l2->context->settings;
    log_rate_limited(LOG_LEVEL_INFO, v4l2->context->id, "capture", "%s (%s) gives %s %ux%u at %.4g fps%s", v4l2->path,
                     v4l2->name, stream->format->name, stream->width_px, stream->height_px, stream->fps,
                     v4l2->interval_ns != 0 ? ", of which some are left out" : "");
    if (stream->halved) {
        log_rate_limited(
            LOG_LEVEL_WARNING, v4l2->context->id, "bandwidth",
            "not enough USB bandwidth for %ux%u at %.4g fps: plug the camera into another USB controller, or use "
            "MJPEG",
            settings->width_px, settings->height_px, settings->fps);
    }
}

static void stop(struct v4l2 *v4l2) {
    v4l2_converter_destroy(&v4l2->converter);
    v4l2_stream_stop(&v4l2->stream);
}

static enum err start_capture(struct v4l2 *v4l2, struct reason *reason) {
    struct source_settings wanted = *v4l2->context->settings;
    enum err error = v4l2_signal_follow(v4l2->fd, &wanted.width_px, &wanted.height_px, reason);
    if (error == ERR_OK) {
        error = v4l2_stream_start(&v4l2->stream, &wanted, reason);
    }
    if (error != ERR_OK) {
        return error;
    }
    error = create_converter(v4l2, reason);
    if (error != ERR_OK) {
        v4l2_stream_stop(&v4l2->stream);
        return error;
    }
    init_rate(v4l2);
    log_start(v4l2);
    return ERR_OK;
}

static enum err v4l2_open_device(const struct driver_context *context, int64_t deadline_ns, void **state,
                                 struct reason *reason) {
    (void)deadline_ns; /* no call here waits for anything but the driver */
    const struct v4l2_settings *settings = context->settings->own;
    struct v4l2 *v4l2 = calloc(1, sizeof *v4l2);
    if (v4l2 == NULL) {
        return ERR_MEMORY;
    }
    v4l2->context = context;
    v4l2->fd = -1;
    enum err error = v4l2_choose_device(settings, v4l2->path, reason);
    if (error == ERR_OK) {
        error = v4l2_node_open(v4l2->path, &v4l2->fd, reason);
    }
    if (error != ERR_OK) {
        goto out;
    }
    v4l2->stream.fd = v4l2->fd;
    error = v4l2_check_capture(v4l2->fd, v4l2->path, v4l2->name, reason);
    if (error != ERR_OK) {
        goto out;
    }
    v4l2_signal_watch(v4l2->fd);
    v4l2_controls_apply(v4l2->fd, context->id, settings->controls, settings->control_count);
    error = start_capture(v4l2, reason);
out:
    if (error != ERR_OK) {
        if (v4l2->fd >= 0) {
            v4l2_node_close(v4l2->fd);
        }
        free(v4l2);
        return error;
    }
    *state = v4l2;
    return ERR_OK;
}

static void v4l2_close_device(void *state) {
    struct v4l2 *v4l2 = state;
    stop(v4l2);
    v4l2_node_close(v4l2->fd);
    free(v4l2);
}

/* ---- Reading ---- */

/* Blocks: until a buffer may be ready. *changed: something else has happened to the device. */
static enum err wait_for_device(const struct v4l2 *v4l2, int64_t deadline_ns, short *happened) {
    struct pollfd fds[] = {{.fd = v4l2->fd, .events = POLLIN | POLLPRI},
                           {.fd = v4l2->context->cancel->fd, .events = POLLIN}};
    int ready = poll(fds, 2, clock_poll_timeout_ms(deadline_ns));
    if (fds[1].revents != 0) {
        return ERR_INTERRUPTED;
    }
    if (ready == 0 && clock_monotonic_ns() >= deadline_ns) {
        return ERR_TIMEOUT;
    }
    *happened = ready > 0 ? fds[0].revents : 0;
    return ERR_OK;
}

/* Monotonic. The device's own time, where that is our clock and moves on. */
static int64_t capture_time(const struct v4l2 *v4l2, const struct v4l2_taken *taken) {
    const int64_t now_ns = clock_monotonic_ns();
    const int64_t told_ns = taken->timestamp_ns;
    bool is_ours = told_ns > v4l2->last_captured_ns && told_ns <= now_ns && now_ns - told_ns < CLOCK_OFF_MAX_NS;
    return is_ours ? told_ns : now_ns;
}

static bool is_old(const struct v4l2 *v4l2, int64_t captured_ns) {
    const int64_t age_ns = clock_monotonic_ns() - captured_ns;
    return age_ns > OLD_NS && age_ns > OLD_PERIODS * v4l2->period_ns;
}

/* The driver fills what is queued, so a reader that was held up finds old frames before the newest. */
static enum err skip_old(struct v4l2 *v4l2, struct v4l2_taken *taken, struct reason *reason) {
    while (is_old(v4l2, capture_time(v4l2, taken))) {
        struct v4l2_taken newer;
        enum err error = v4l2_stream_take(&v4l2->stream, &newer, reason);
        if (error == ERR_BUSY) {
            return ERR_OK;
        }
        if (error == ERR_OK) {
            error = v4l2_stream_give_back(&v4l2->stream, taken, reason);
            *taken = newer;
        }
        if (error != ERR_OK) {
            return error;
        }
    }
    return ERR_OK;
}

/* Whether a frame is wanted: the one nearest to each due time is. */
static bool is_due(struct v4l2 *v4l2, int64_t captured_ns) {
    if (v4l2->interval_ns == 0) {
        return true;
    }
    if (captured_ns + v4l2->period_ns / 2 < v4l2->due_ns) {
        return false;
    }
    v4l2->due_ns += v4l2->interval_ns;
    if (v4l2->due_ns < captured_ns) {
        v4l2->due_ns = captured_ns + v4l2->interval_ns;
    }
    return true;
}

/* Adds what the device lost between the last buffer and this one. */
static void count_lost(struct v4l2 *v4l2, uint32_t sequence, uint64_t *lost) {
    const uint32_t gap = sequence - v4l2->last_sequence - 1; /* wraps as the sequence does */
    if (v4l2->any_taken && gap < UINT32_MAX / 2) {
        *lost += gap;
    }
    v4l2->any_taken = true;
    v4l2->last_sequence = sequence;
}

/* ERR_INVALID with a reason: the buffer holds no picture. */
static enum err check_taken_frame(const struct v4l2 *v4l2, const struct v4l2_taken *taken, struct reason *reason) {
    const char *fault = NULL;
    if (taken->flagged) {
        fault = "the camera says that it is broken";
    } else if (taken->oversize) {
        fault = "it is larger than its buffer";
    } else if (taken->picture.count == 0) {
        fault = "it is empty";
    } else if (!v4l2->stream.format->converted && taken->picture.count < v4l2->stream.picture_bytes) {
        fault = "it is too short";
    }
    if (fault == NULL) {
        return ERR_OK;
    }
    reason_set(reason, "%s", fault);
    return ERR_INVALID;
}

static enum err copy_picture(struct v4l2 *v4l2, const struct v4l2_taken *taken, struct frame **frame,
                             struct reason *reason) {
    const struct v4l2_stream *stream = &v4l2->stream;
    struct frame_pool *pool = v4l2->context->pool;
    if (v4l2->converter != NULL) {
        return v4l2_converter_convert(v4l2->converter, pool, taken->picture, frame, reason);
    }
    const bool raw = stream->format->frame != FRAME_JPEG;
    const size_t count = raw ? stream->picture_bytes : taken->picture.count; /* some pad raw pictures */
    enum err error = frame_create(pool, count, frame);
    if (error != ERR_OK) {
        reason_set(reason, "cannot take a picture of %zu bytes: %s", count, err_text(error));
        return error;
    }
    memcpy(frame_data(*frame), taken->picture.bytes, count);
    frame_set_size(*frame, count);
    const bool packed = stream->format->frame != FRAME_I420 && stream->format->frame != FRAME_NV12 &&
                        stream->format->frame != FRAME_GREY;
    struct frame_info *info = frame_edit_info(*frame);
    info->format = stream->format->frame;
    info->width_px = stream->width_px;
    info->height_px = stream->height_px;
    info->stride_px = raw ? stream->stride_bytes / (packed ? 2 : 1) : 0;
    return ERR_OK;
}

/* Makes a frame of a buffer, and returns the buffer in any case. */
static enum err make_frame(struct v4l2 *v4l2, const struct v4l2_taken *taken, int64_t captured_ns, struct frame **frame,
                           struct reason *reason) {
    enum err error = check_taken_frame(v4l2, taken, reason);
    if (error == ERR_OK) {
        error = copy_picture(v4l2, taken, frame, reason);
    }
    struct reason why_not;
    enum err queued = v4l2_stream_give_back(&v4l2->stream, taken, &why_not);
    if (queued != ERR_OK && error == ERR_OK) {
        frame_unref(frame);
    }
    if (queued != ERR_OK) {
        *reason = why_not;
        return queued;
    }
    if (error != ERR_OK) {
        return error;
    }
    struct frame_info *info = frame_edit_info(*frame);
    info->limited_range = v4l2->stream.limited_range;
    info->captured_monotonic_ns = captured_ns;
    info->captured_realtime_ns = clock_realtime_ns() - (clock_monotonic_ns() - captured_ns);
    return ERR_OK;
}

/* ERR_BUSY: no wanted frame yet. */
static enum err take_captured_frame(struct v4l2 *v4l2, struct frame **frame, uint64_t *lost, struct reason *reason) {
    struct v4l2_taken taken;
    enum err error = v4l2_stream_take(&v4l2->stream, &taken, reason);
    if (error == ERR_OK) {
        error = skip_old(v4l2, &taken, reason);
    }
    if (error != ERR_OK) {
        return error;
    }
    count_lost(v4l2, taken.sequence, lost);
    const int64_t captured_ns = capture_time(v4l2, &taken);
    v4l2->last_captured_ns = captured_ns;
    if (!taken.flagged && !is_due(v4l2, captured_ns)) {
        error = v4l2_stream_give_back(&v4l2->stream, &taken, reason);
        return error == ERR_OK ? ERR_BUSY : error;
    }
    return make_frame(v4l2, &taken, captured_ns, frame, reason);
}

/* Follows a source that has changed its size or rate. */
static enum err follow_signal(struct v4l2 *v4l2, struct reason *reason) {
    if (!v4l2_signal_has_changed(v4l2->fd)) {
        return ERR_OK;
    }
    stop(v4l2);
    return start_capture(v4l2, reason);
}

static enum err v4l2_read_frame(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame,
                                uint64_t *lost, struct reason *reason) {
    (void)sequence;
    struct v4l2 *v4l2 = state;
    for (;;) {
        short happened;
        enum err error = wait_for_device(v4l2, deadline_ns, &happened);
        if (error == ERR_OK && (happened & POLLPRI) != 0) {
            error = follow_signal(v4l2, reason);
        }
        if (error != ERR_OK) {
            return error;
        }
        error = take_captured_frame(v4l2, frame, lost, reason);
        if (error != ERR_BUSY) {
            return error;
        }
        if ((happened & (POLLERR | POLLHUP | POLLNVAL)) != 0 && (happened & POLLPRI) == 0) {
            reason_set(reason, "the camera stopped or was unplugged: opening it again");
            return ERR_GONE;
        }
        if (clock_monotonic_ns() >= deadline_ns) {
            return ERR_TIMEOUT;
        }
    }
}

/* ---- The rest ---- */

static void v4l2_describe(void *state, struct driver_description *description) {
    const struct v4l2 *v4l2 = state;
    description->width_px = v4l2->stream.width_px;
    description->height_px = v4l2->stream.height_px;
    description->format = v4l2->stream.format->name;
}

static enum err list_controls(void *state, struct control_list *list, struct reason *reason) {
    const struct v4l2 *v4l2 = state;
    return v4l2_controls_list(v4l2->fd, list, reason);
}

static enum err set_control(void *state, const struct control_request *request, struct reason *reason) {
    const struct v4l2 *v4l2 = state;
    return v4l2_controls_set(v4l2->fd, request, reason);
}

static const struct control_ops controls = {.list = list_controls, .set = set_control};

/* The links of by-id and by-path come after the node that they name, in directories that come and go: what is watched
 * is the nodes' own. */
static const char *comes_back_at(const struct source_settings *settings) {
    const char *path = ((const struct v4l2_settings *)settings->own)->path;
    bool is_node = path == NULL || strncmp(path, "/dev/", 5) == 0;
    return is_node ? "/dev/video" : path;
}

const struct driver_ops v4l2_driver = {
    .open = v4l2_open_device,
    .read = v4l2_read_frame,
    .describe = v4l2_describe,
    .close = v4l2_close_device,
    .controls = &controls,
    .comes_back_at = comes_back_at,
};
