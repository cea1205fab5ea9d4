#include "config/starter/find_v4l2.h"

#include "cameras/v4l2/v4l2_devices.h"

#include <string.h>

#define WIDTH_MAX_PX 1280
#define HEIGHT_MAX_PX 720
#define FPS_MIN 15
#define FPS_MAX 30

struct mode {
    uint32_t width_px, height_px; /* 0: none */
    double fps;                   /* 0: unknown */
};

/* A device is added when the next begins, once all about it is known. */
struct finder {
    struct found_cameras *cameras;
    bool skip_platform;
    bool has_device;
    char name[33];
    const char *path; /* the stable one, if it has any */
    bool has_stable_path;
    bool has_format; /* one that can be used */
    bool is_usable;  /* of the format whose sizes come now */
    struct mode best, current;
};

static bool is_small(const struct mode *mode) {
    return mode->width_px <= WIDTH_MAX_PX && mode->height_px <= HEIGHT_MAX_PX;
}

static bool is_better(const struct mode *mode, const struct mode *than) {
    const uint64_t area = (uint64_t)mode->width_px * mode->height_px;
    const uint64_t than_area = (uint64_t)than->width_px * than->height_px;
    const bool is_smooth = mode->fps >= FPS_MIN, than_is_smooth = than->fps >= FPS_MIN;
    if (than_area == 0) {
        return true;
    }
    if (is_small(mode) != is_small(than)) {
        return is_small(mode);
    }
    if (is_smooth != than_is_smooth) {
        return is_smooth;
    }
    if (area != than_area) {
        return is_small(mode) ? area > than_area : area < than_area;
    }
    return mode->fps > than->fps;
}

static void finish_device(struct finder *finder) {
    if (finder->has_device && finder->has_format) {
        struct found_camera *camera = found_cameras_add(finder->cameras, finder->name);
        if (camera != NULL) {
            camera->device = finder->path;
            camera->width_px = finder->best.width_px;
            camera->height_px = finder->best.height_px;
            camera->fps = finder->best.fps;
        }
    }
    finder->has_device = false;
}

static void take_refusal(void *user, const char *path, const char *why) {
    const struct finder *finder = user;
    fprintf(finder->cameras->talk, "%s cannot be opened: %s\n", path, why);
}

static void take_device(void *user, const char *path, const char *name, const char *bus) {
    struct finder *finder = user;
    finish_device(finder);
    *finder = (struct finder){.cameras = finder->cameras,
                              .skip_platform = finder->skip_platform,
                              .has_device = !finder->skip_platform || strncmp(bus, "platform:", 9) != 0,
                              .path = arena_format(finder->cameras->arena, "%s", path)};
    /* UVC has "HD Webcam: HD Webcam". */
    const char *colon = strstr(name, ": ");
    snprintf(finder->name, sizeof finder->name, "%.*s", colon != NULL ? (int)(colon - name) : 32, name);
}

static void take_stable_path(void *user, const char *path) {
    struct finder *finder = user;
    if (!finder->has_stable_path) {
        finder->path = arena_format(finder->cameras->arena, "%s", path);
        finder->has_stable_path = true;
    }
}

static void take_format(void *user, const char *name, const char *description, bool is_usable) {
    struct finder *finder = user;
    (void)name, (void)description;
    finder->is_usable = is_usable;
    finder->has_format = finder->has_format || is_usable;
}

static void consider(struct finder *finder) {
    if (finder->is_usable && is_better(&finder->current, &finder->best)) {
        finder->best = finder->current;
    }
}

/* The wanted length if the range has it, otherwise the longest. */
static uint32_t choose_length(uint32_t wanted, uint32_t min, uint32_t max, uint32_t step) {
    return step > 0 && wanted >= min && wanted <= max && (wanted - min) % step == 0 ? wanted : max;
}

static void take_size(void *user, const uint32_t min_px[2], const uint32_t max_px[2], const uint32_t step_px[2]) {
    struct finder *finder = user;
    finder->current = (struct mode){.width_px = choose_length(WIDTH_MAX_PX, min_px[0], max_px[0], step_px[0]),
                                    .height_px = choose_length(HEIGHT_MAX_PX, min_px[1], max_px[1], step_px[1])};
    consider(finder);
}

static void take_rate(void *user, double min_fps, double max_fps) {
    struct finder *finder = user;
    (void)min_fps;
    finder->current.fps = max_fps < FPS_MAX ? max_fps : FPS_MAX;
    consider(finder);
}

void find_v4l2(struct found_cameras *cameras, bool skip_platform) {
    static const struct v4l2_visitor visitor = {.refusal = take_refusal,
                                                .device = take_device,
                                                .stable_path = take_stable_path,
                                                .format = take_format,
                                                .size = take_size,
                                                .rate = take_rate};
    struct finder finder = {.cameras = cameras, .skip_platform = skip_platform};
    v4l2_visit_devices(&visitor, &finder);
    finish_device(&finder);
}
