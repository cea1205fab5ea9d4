#define _DEFAULT_SOURCE /* realpath with a buffer of its own */
#include "cameras/v4l2/v4l2_devices.h"

#include "cameras/driver.h"
#include "cameras/v4l2/v4l2_formats.h"
#include "cameras/v4l2/v4l2_node.h"

#include <dirent.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODES_MAX 256

enum err v4l2_check_capture(int fd, const char *path, char name[33], struct reason *reason) {
    struct v4l2_capability capability = {.capabilities = 0};
    if (v4l2_node_call(fd, VIDIOC_QUERYCAP, &capability) != 0) {
        reason_set(reason, "%s is not a camera; --list-devices shows the cameras", driver_shown_path(path));
        return ERR_UNSUPPORTED;
    }
    /* What this node does; the field capabilities covers all nodes of the device. */
    uint32_t abilities =
        (capability.capabilities & V4L2_CAP_DEVICE_CAPS) != 0 ? capability.device_caps : capability.capabilities;
    if ((abilities & V4L2_CAP_VIDEO_CAPTURE) == 0 || (abilities & V4L2_CAP_STREAMING) == 0) {
        reason_set(reason, "%s does not capture video: a camera may have several nodes; --list-devices shows which",
                   driver_shown_path(path));
        return ERR_UNSUPPORTED;
    }
    if (name != NULL) {
        snprintf(name, 33, "%.32s", (const char *)capability.card);
    }
    return ERR_OK;
}

static void node_path(unsigned number, char path[V4L2_PATH_MAX_BYTES]) {
    snprintf(path, V4L2_PATH_MAX_BYTES, "/dev/video%u", number);
}

/* ---- Taking the first that is free ---- */

static bool is_same_file(const char *a, const char *b) {
    char *a_real = realpath(a, NULL);
    char *b_real = realpath(b, NULL);
    bool same = a_real != NULL && b_real != NULL && strcmp(a_real, b_real) == 0;
    free(a_real);
    free(b_real);
    return same;
}

static bool is_named(const struct v4l2_settings *settings, const char *path) {
    for (size_t i = 0; i < settings->named_count; i++) {
        if (is_same_file(settings->named_paths[i], path)) {
            return true;
        }
    }
    return false;
}

static bool captures(const char *path) {
    int fd;
    if (access(path, F_OK) != 0 || v4l2_node_open(path, &fd, NULL) != ERR_OK) {
        return false;
    }
    bool does = v4l2_check_capture(fd, path, NULL, NULL) == ERR_OK;
    v4l2_node_close(fd);
    return does;
}

enum err v4l2_choose_device(const struct v4l2_settings *settings, char path[V4L2_PATH_MAX_BYTES],
                            struct reason *reason) {
    if (settings->path != NULL) {
        snprintf(path, V4L2_PATH_MAX_BYTES, "%s", settings->path);
        return ERR_OK;
    }
    size_t before = settings->unnamed_before;
    for (unsigned i = 0; i < NODES_MAX; i++) {
        node_path(i, path);
        if (captures(path) && !is_named(settings, path) && before-- == 0) {
            return ERR_OK;
        }
    }
    reason_set(reason, "no camera that no other entry of the configuration names: plug one in, or see --list-devices");
    return ERR_NOT_FOUND;
}

/* ---- Listing ---- */

static void visit_stable_paths(const struct v4l2_visitor *principal, void *user, const char *directory,
                               const char *path) {
    DIR *links = opendir(directory);
    if (links == NULL) {
        return;
    }
    struct dirent *entry;
    while ((entry = readdir(links)) != NULL) {
        char link[2 * V4L2_PATH_MAX_BYTES];
        snprintf(link, sizeof link, "%s/%s", directory, entry->d_name);
        if (entry->d_name[0] != '.' && is_same_file(link, path)) {
            principal->stable_path(user, link);
        }
    }
    closedir(links);
}

/* Of an interval; 0 where it is none. */
static double rate_of(const struct v4l2_fract *interval) {
    return interval->numerator != 0 ? (double)interval->denominator / interval->numerator : 0;
}

static void visit_rates(const struct v4l2_visitor *principal, void *user, int fd, uint32_t fourcc,
                        const uint32_t size_px[2]) {
    struct v4l2_frmivalenum interval = {.pixel_format = fourcc, .width = size_px[0], .height = size_px[1]};
    for (; v4l2_node_call(fd, VIDIOC_ENUM_FRAMEINTERVALS, &interval) == 0; interval.index++) {
        if (interval.type != V4L2_FRMIVAL_TYPE_DISCRETE) {
            principal->rate(user, rate_of(&interval.stepwise.max), rate_of(&interval.stepwise.min));
            return;
        }
        principal->rate(user, rate_of(&interval.discrete), rate_of(&interval.discrete));
    }
}

static void visit_sizes(const struct v4l2_visitor *principal, void *user, int fd, uint32_t fourcc) {
    struct v4l2_frmsizeenum size = {.pixel_format = fourcc};
    for (; v4l2_node_call(fd, VIDIOC_ENUM_FRAMESIZES, &size) == 0; size.index++) {
        uint32_t least[2] = {size.discrete.width, size.discrete.height};
        uint32_t most[2] = {size.discrete.width, size.discrete.height};
        uint32_t step[2] = {0, 0};
        bool discrete = size.type == V4L2_FRMSIZE_TYPE_DISCRETE;
        if (!discrete) {
            const struct v4l2_frmsize_stepwise *range = &size.stepwise;
            memcpy(least, (uint32_t[]){range->min_width, range->min_height}, sizeof least);
            memcpy(most, (uint32_t[]){range->max_width, range->max_height}, sizeof most);
            memcpy(step, (uint32_t[]){range->step_width, range->step_height}, sizeof step);
        }
        principal->size(user, least, most, step);
        visit_rates(principal, user, fd, fourcc, most);
        if (!discrete) {
            return;
        }
    }
}

static void visit_formats(const struct v4l2_visitor *principal, void *user, int fd) {
    struct v4l2_fmtdesc format = {.type = V4L2_BUF_TYPE_VIDEO_CAPTURE};
    for (; v4l2_node_call(fd, VIDIOC_ENUM_FMT, &format) == 0; format.index++) {
        const struct v4l2_pixel_format *known = v4l2_pixel_format_by_fourcc(format.pixelformat);
        char fourcc[5] = {(char)format.pixelformat, (char)(format.pixelformat >> 8), (char)(format.pixelformat >> 16),
                          (char)(format.pixelformat >> 24 & 0x7f), '\0'};
        char description[33];
        snprintf(description, sizeof description, "%.32s", (const char *)format.description);
        principal->format(user, known != NULL ? known->name : fourcc, description, known != NULL);
        visit_sizes(principal, user, fd, format.pixelformat);
    }
}

static void visit_device(const struct v4l2_visitor *principal, void *user, int fd, const char *path) {
    char name[33];
    if (v4l2_check_capture(fd, path, name, NULL) != ERR_OK) {
        return;
    }
    struct v4l2_capability capability = {.capabilities = 0};
    (void)v4l2_node_call(fd, VIDIOC_QUERYCAP, &capability);
    char bus[33];
    snprintf(bus, sizeof bus, "%.32s", (const char *)capability.bus_info);
    principal->device(user, path, name, bus);
    visit_stable_paths(principal, user, "/dev/v4l/by-id", path);
    visit_stable_paths(principal, user, "/dev/v4l/by-path", path);
    visit_formats(principal, user, fd);
}

void v4l2_visit_devices(const struct v4l2_visitor *principal, void *user) {
    for (unsigned i = 0; i < NODES_MAX; i++) {
        char path[V4L2_PATH_MAX_BYTES];
        struct reason reason;
        int fd;
        node_path(i, path);
        if (access(path, F_OK) != 0) {
            continue;
        }
        if (v4l2_node_open(path, &fd, &reason) != ERR_OK) {
            principal->refusal(user, path, reason.text);
            continue;
        }
        visit_device(principal, user, fd, path);
        v4l2_node_close(fd);
    }
}
