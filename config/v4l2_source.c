#include "cameras/retouch.h"
#include "cameras/v4l2_formats.h"
#include "config/sections.h"

#include <string.h>

#define AUTO "auto"
#define CONTROLS_MAX 100

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The place of a key's text among the choices; `otherwise` where the key is missing or has a fault. */
static size_t read_choice(struct section *section, const char *key, const char *what, const char *const *choices,
                          size_t count, size_t otherwise) {
    struct node node;
    const char *text = section_find(section, key, &node) ? node_text(&node) : NULL;
    if (text == NULL) {
        return otherwise;
    }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(text, choices[i]) == 0) {
            return i;
        }
    }
    node_fault_choice(&node, what, choices, count);
    return otherwise;
}

static void read_device(struct section *section, struct device_settings *device) {
    struct node node;
    const char *path = section_find(section, "device", &node) ? node_text(&node) : NULL;
    if (path == NULL || strcmp(path, AUTO) == 0) {
        return;
    }
    if (path[0] != '/') {
        node_fault(&node, "must be \"" AUTO "\" or the path of a device, such as \"/dev/video0\"");
        return;
    }
    device->path = path;
}

/* All of them would be too many to read: those that need no conversion. */
static void fault_format(const struct node *node) {
    const char *names[V4L2_PIXEL_FORMATS + 1];
    size_t count = 0;
    names[count++] = AUTO;
    for (size_t i = 0; i < V4L2_PIXEL_FORMATS; i++) {
        if (!v4l2_pixel_formats[i].converted) {
            names[count++] = v4l2_pixel_formats[i].name;
        }
    }
    node_fault_choice(node, "unknown format (the schema lists them all)", names, count);
}

/* NULL: the best that there is. */
static const char *read_format(struct section *section) {
    struct node node;
    const char *text = section_find(section, "format", &node) ? node_text(&node) : NULL;
    if (text == NULL || strcmp(text, AUTO) == 0) {
        return NULL;
    }
    const struct v4l2_pixel_format *format = v4l2_pixel_format_by_name(text);
    if (format == NULL) {
        fault_format(&node);
        return NULL;
    }
    return format->name;
}

/* ---- Controls ---- */

static bool read_control(const struct node *node, struct control_wish *wish) {
    wish->name = storage_format(node->document->storage, "%s", node->key);
    if (json_is_string(node->json)) {
        wish->choice = node_text(node);
        return wish->choice != NULL;
    }
    if (json_is_boolean(node->json) || json_is_integer(node->json)) {
        wish->value = json_is_integer(node->json) ? json_integer_value(node->json) : json_is_true(node->json);
        return true;
    }
    node_fault(node, "must be a whole number, true or false, or an entry of the control's menu");
    return false;
}

static void read_controls(struct section *section, struct device_settings *device) {
    struct node object;
    struct section controls;
    if (!section_find(section, "controls", &object) || !section_begin(&controls, &object)) {
        return;
    }
    size_t count = json_object_size(object.json);
    if (count > CONTROLS_MAX) {
        node_fault(&object, "must have at most %d entries (got %zu)", CONTROLS_MAX, count);
        return;
    }
    struct control_wish *wishes = count > 0 ? storage_alloc(object.document->storage, count, sizeof *wishes) : NULL;
    struct node member = {0};
    for (size_t i = 0; wishes != NULL && node_next(&object, &member); i++) {
        if (!read_control(&member, &wishes[i])) {
            return;
        }
    }
    device->controls = wishes;
    device->control_count = wishes != NULL ? count : 0;
}

/* ---- Raw pictures ---- */

static void read_retouch(struct section *section, struct retouch_settings *retouch) {
    static const char *const flips[] = {"none", "horizontal", "vertical", "both"};
    struct node node;
    if (section_find(section, "rotate", &node)) {
        json_int_t degrees = json_is_integer(node.json) ? json_integer_value(node.json) : -1;
        if (degrees < 0 || degrees > 270 || degrees % 90 != 0) {
            node_fault(&node, "must be 0, 90, 180 or 270");
        } else {
            retouch->turn_degrees = (unsigned)degrees;
        }
    }
    size_t flip = read_choice(section, "flip", "unknown way to flip", flips, COUNT_OF(flips), 0);
    retouch->flip_horizontal = flip == 1 || flip == 3;
    retouch->flip_vertical = flip == 2 || flip == 3;
    retouch->timestamp = section_boolean(section, "timestamp", false);
}

/* Only raw pictures can be turned and written into. */
static void check_retouch(struct section *section, const struct source_settings *settings) {
    const char *name = settings->device.format;
    struct node format;
    if (name != NULL && v4l2_pixel_format_by_name(name)->frame == FRAME_JPEG && retouch_is_wanted(&settings->retouch) &&
        node_find(section->object, "format", &format)) {
        node_fault(&format, "rotate, flip and timestamp need a raw format, such as \"YUYV\", or \"" AUTO "\"");
    }
}

void v4l2_source_read(struct section *section, struct source_settings *settings) {
    static const char *const subsamplings[] = {[SUBSAMPLING_420] = "4:2:0", [SUBSAMPLING_422] = "4:2:2"};
    static const char *const ranges[] = {[RANGE_AUTO] = AUTO, [RANGE_FULL] = "full", [RANGE_LIMITED] = "limited"};
    read_device(section, &settings->device);
    settings->device.format = read_format(section);
    settings->width_px = (uint32_t)section_integer(section, "width", CAMERA_SIZE_MIN_PX, CAMERA_WIDTH_MAX_PX, 1280);
    settings->height_px = (uint32_t)section_integer(section, "height", CAMERA_SIZE_MIN_PX, CAMERA_HEIGHT_MAX_PX, 720);
    settings->fps = section_number(section, "fps", CAMERA_RATE_MIN, CAMERA_RATE_MAX, 30);
    settings->quality = (int)section_integer(section, "quality", 1, 100, settings->quality);
    settings->subsampling = (enum subsampling)read_choice(section, "subsampling", "unknown subsampling", subsamplings,
                                                          COUNT_OF(subsamplings), SUBSAMPLING_420);
    settings->device.range =
        (enum sample_range)read_choice(section, "range", "unknown range", ranges, COUNT_OF(ranges), RANGE_AUTO);
    read_controls(section, &settings->device);
    read_retouch(section, &settings->retouch);
    check_retouch(section, settings);
}

/* ---- Cameras that take any device ---- */

static bool takes_device(const struct camera_settings *camera, bool named) {
    return camera->source.type == SOURCE_V4L2 && (camera->source.device.path != NULL) == named;
}

/* Copied, so that no camera borrows from another. */
static void list_named_devices(const struct config *config, size_t count, struct camera_settings *camera) {
    const char **paths = storage_alloc(camera->storage, count, sizeof *paths);
    if (paths == NULL) {
        return;
    }
    struct device_settings *device = &camera->source.device;
    device->named_paths = paths;
    for (size_t i = 0; i < config->camera_count; i++) {
        if (takes_device(&config->cameras[i], true)) {
            paths[device->named_count++] = storage_format(camera->storage, "%s", config->cameras[i].source.device.path);
        }
    }
}

void v4l2_share_devices(struct config *config) {
    size_t named_count = 0;
    size_t unnamed_count = 0;
    for (size_t i = 0; i < config->camera_count; i++) {
        named_count += takes_device(&config->cameras[i], true);
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        struct camera_settings *camera = &config->cameras[i];
        if (!takes_device(camera, false)) {
            continue;
        }
        camera->source.device.unnamed_before = unnamed_count++;
        if (named_count > 0 && camera->storage != NULL) {
            list_named_devices(config, named_count, camera);
        }
    }
}
