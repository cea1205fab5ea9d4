#include "cameras/v4l2/v4l2_signal.h"

#include "cameras/v4l2/v4l2_node.h"

#include <errno.h>
#include <linux/videodev2.h>

void v4l2_signal_watch(int fd) {
    struct v4l2_event_subscription subscription = {.type = V4L2_EVENT_SOURCE_CHANGE};
    (void)v4l2_node_call(fd, VIDIOC_SUBSCRIBE_EVENT, &subscription);
}

bool v4l2_signal_has_changed(int fd) {
    bool changed = false;
    struct v4l2_event event;
    while (v4l2_node_call(fd, VIDIOC_DQEVENT, &event) == 0) {
        changed |= event.type == V4L2_EVENT_SOURCE_CHANGE;
    }
    return changed;
}

enum err v4l2_signal_follow(int fd, uint32_t *width_px, uint32_t *height_px, struct reason *reason) {
    struct v4l2_dv_timings timings = {0};
    int number = v4l2_node_call(fd, VIDIOC_QUERY_DV_TIMINGS, &timings);
    switch (number) {
    case 0: break;
    case ENOTTY:
    case ENODATA:
    case EINVAL: return ERR_OK;
    case ENOLINK:
        reason_set(reason, "no signal on the HDMI input: connect a source and switch it on");
        return ERR_NOT_FOUND;
    case ENOLCK:
        reason_set(reason, "the signal on the HDMI input is not stable: check the cable");
        return ERR_NOT_FOUND;
    case ERANGE:
        reason_set(reason, "the device cannot capture the signal on the HDMI input: set the source to "
                           "another resolution");
        return ERR_UNSUPPORTED;
    default:
        reason_set(reason, "cannot read the signal on the HDMI input: %s", err_text(err_from_errno(number)));
        return err_from_errno(number);
    }
    number = v4l2_node_call(fd, VIDIOC_S_DV_TIMINGS, &timings);
    if (number != 0) {
        reason_set(reason, "cannot follow the signal on the HDMI input: %s", err_text(err_from_errno(number)));
        return err_from_errno(number);
    }
    *width_px = timings.bt.width;
    *height_px = timings.bt.height;
    return ERR_OK;
}
