#include "cameras/v4l2/v4l2_settings.h"

#include "cameras/filter/picture_filter.h"
#include "cameras/source_rows.h"
#include "cameras/v4l2/v4l2_formats.h"

#include <string.h>

#define AUTO "auto"
#define CONTROLS_MAX 100
#define OWN(field) .block = 1, .offset = offsetof(struct v4l2_settings, field)

static const char *const subsamplings[] = {[SUBSAMPLING_420] = "4:2:0", [SUBSAMPLING_422] = "4:2:2", NULL};
static const char *const ranges[] = {[RANGE_AUTO] = AUTO, [RANGE_FULL] = "full", [RANGE_LIMITED] = "limited", NULL};

static const char *format_at(size_t index) {
    return index == 0 ? AUTO : index <= V4L2_PIXEL_FORMATS ? v4l2_pixel_formats[index - 1].name : NULL;
}

static enum err check_device(const char *text, struct reason *reason) {
    if (text[0] == '/') {
        return ERR_OK;
    }
    reason_set(reason, "must be \"" AUTO "\" or the path of a device, such as \"/dev/video0\"");
    return ERR_INVALID;
}

static const struct setting rows[] = {
    {.name = "device",
     .type = SETTING_TEXT,
     OWN(path),
     .fallback_text = AUTO,
     .check = check_device,
     .schema = "\"pattern\": \"^(auto$|/|.*\\\\$\\\\{.*)\"",
     .help = "Path of the device; paths in /dev/v4l/by-id and by-path stay the same when devices come and go. auto: "
             "the first device that no other camera names. framebroker --list-devices lists them."},
    {.name = "format",
     .type = SETTING_WORD,
     OWN(format),
     .choice_at = format_at,
     .what = "format",
     .help = "The format to capture, by its V4L2 name. auto: MJPEG if the camera has it at this size and rate, or else "
             "the raw format that costs least. MJPEG and JPEG are passed on unchanged; the server encodes the others; "
             "formats after YVYU, except GREY, are slow."},
    {SOURCE_WIDTH, .fallback = 1280,
     .help = "Width to request, in pixels. If the camera gives another, that is used and shown in /api/status; an HDMI "
             "input has the size of its signal."},
    {SOURCE_HEIGHT, .fallback = 720, .help = "Height to request, in pixels."},
    {SOURCE_FPS, .fallback = 30, .help = "Frames per second to request."},
    SOURCE_QUALITY,
    {.name = "subsampling",
     .type = SETTING_CHOICE,
     SOURCE_FIELD(subsampling),
     .choices = subsamplings,
     .what = "subsampling",
     .help = "Chroma subsampling of the JPEG made from a raw picture. Formats with halved chroma, such as NV12, and "
             "rotated pictures are always 4:2:0."},
    {.name = "range",
     .type = SETTING_CHOICE,
     OWN(range),
     .choices = ranges,
     .what = "range",
     .help = "Range of raw samples: full is 0 to 255, limited is 16 to 235, which is expanded. auto: as the driver "
             "says."},
    {.name = "controls",
     .type = SETTING_CONTROLS,
     OWN(controls),
     .count_offset = offsetof(struct v4l2_settings, control_count),
     .max = CONTROLS_MAX,
     .help = "Values of the camera's controls, set at each opening: numbers, true and false, or menu entries, by the "
             "names that v4l2-ctl --list-ctrls and /api/cameras/N/controls show."},
    {.name = "rotate",
     .type = SETTING_INTEGER,
     SOURCE_FIELD(filter.turn_degrees),
     CAMERA_ROTATE_RANGE,
     .help = "Like the camera's key of this name, which applies where this one is missing; here it makes the camera "
             "capture a raw format."},
    {.name = "flip", .type = SETTING_CHOICE, SOURCE_FIELD(filter.flip), CAMERA_FLIP_CHOICES, .help = "Likewise."},
    {.name = "timestamp",
     .type = SETTING_BOOLEAN,
     SOURCE_FIELD(filter.caption.is_shown),
     .help = "Likewise; the camera's name and the capture time are written."},
    /* Derived from the other cameras. */
    {.type = SETTING_TEXTS, OWN(named_paths), .count_offset = offsetof(struct v4l2_settings, named_count)},
    {.type = SETTING_INTEGER, OWN(unnamed_before)},
};

/* In the source these keys are about what is captured. */
static const char *finish(void *const blocks[], struct reason *reason) {
    const struct source_settings *source = blocks[0];
    const struct v4l2_settings *settings = blocks[1];
    if (settings->format == NULL || v4l2_pixel_format_by_name(settings->format)->frame != FRAME_JPEG ||
        !picture_filter_is_wanted(&source->filter)) {
        return NULL;
    }
    reason_set(reason, "rotate, flip and timestamp in the source need a raw format, such as \"YUYV\", or \"" AUTO
                       "\"; as keys of the camera they take any");
    return "format";
}

const struct setting_table v4l2_settings_table = {
    .name = "v4l2",
    .help = "A camera of this machine: a USB webcam, a capture card, or any other device with a /dev/video.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct v4l2_settings),
    .finish = finish,
};

/* ---- Cameras that take any device ---- */

/* NULL: another kind of camera. */
static struct v4l2_settings *own_settings(const struct camera_settings *camera) {
    const struct camera_type *type = camera->source.type;
    return type != NULL && type->settings == &v4l2_settings_table ? camera->source.own : NULL;
}

/* Copied, so that no camera borrows from another. */
static void list_named_devices(struct camera_settings *camera, const struct camera_settings *cameras, size_t count,
                               size_t named_count) {
    struct v4l2_settings *settings = own_settings(camera);
    const char **paths = arena_alloc(camera->arena, named_count, sizeof *paths);
    if (paths == NULL) {
        return;
    }
    settings->named_paths = paths;
    for (size_t i = 0; i < count; i++) {
        const struct v4l2_settings *other = own_settings(&cameras[i]);
        if (other != NULL && other->path != NULL) {
            paths[settings->named_count++] = arena_format(camera->arena, "%s", other->path);
        }
    }
}

void v4l2_link_cameras(struct camera_settings *cameras, size_t count) {
    size_t named_count = 0;
    for (size_t i = 0; i < count; i++) {
        const struct v4l2_settings *settings = own_settings(&cameras[i]);
        named_count += settings != NULL && settings->path != NULL;
    }
    unsigned unnamed_count = 0;
    for (size_t i = 0; i < count; i++) {
        struct v4l2_settings *settings = own_settings(&cameras[i]);
        if (settings == NULL || settings->path != NULL) {
            continue;
        }
        settings->unnamed_before = unnamed_count++;
        if (named_count > 0 && cameras[i].arena != NULL) {
            list_named_devices(&cameras[i], cameras, count, named_count);
        }
    }
}
