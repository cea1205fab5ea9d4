/* Enumerates the capture devices of the system and their capabilities.
 *
 * Threads: any. */
#ifndef CAMERAS_V4L2_V4L2_DEVICES_H
#define CAMERAS_V4L2_V4L2_DEVICES_H

#include "cameras/v4l2/v4l2_settings.h"

#include <stdbool.h>

#define V4L2_PATH_MAX_BYTES 256

/* Whether an open device captures video: not one of the nodes for metadata or output that cameras have too.
 * ERR_UNSUPPORTED with a reason. name (may be NULL) receives the name of the device. */
CHECKED enum err v4l2_check_capture(int fd, const char *path, char name[33], struct reason *reason);

/* The path to open: what is configured, or for a camera without one the first that no other camera names.
 * ERR_NOT_FOUND with a reason. */
CHECKED enum err v4l2_choose_device(const struct v4l2_settings *settings, char path[V4L2_PATH_MAX_BYTES],
                                    struct reason *reason);

/* Called for each device in turn: the device, its stable paths, and its formats, each with its sizes, each with its
 * rates. Texts are valid during the call. */
struct v4l2_visitor {
    /* A node that cannot be opened, and why. */
    void (*refusal)(void *user, const char *path, const char *why);
    void (*device)(void *user, const char *path, const char *name, const char *bus);
    /* Keeps its meaning when devices come and go: in /dev/v4l/by-id or by-path. */
    void (*stable_path)(void *user, const char *path);
    /* is_usable: a configuration may name it. */
    void (*format)(void *user, const char *name, const char *description, bool is_usable);
    /* From least to most, in steps; least is most where there is one size. */
    void (*size)(void *user, const uint32_t least_px[2], const uint32_t most_px[2], const uint32_t step_px[2]);
    /* Frames a second, from least to most; least is most where there is one rate. */
    void (*rate)(void *user, double least_fps, double most_fps);
};

void v4l2_visit_devices(const struct v4l2_visitor *principal, void *user);

#endif
