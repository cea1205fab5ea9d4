#include "config/app/list_devices.h"

#include "cameras/v4l2/v4l2_devices.h"
#include "config/json/json_writer.h"

#include <inttypes.h>
#include <math.h>

/* ---- For people ---- */

struct text {
    FILE *out;
    bool any;
};

static void text_refusal(void *user, const char *path, const char *why) {
    struct text *text = user;
    fprintf(text->out, "%s%s\n  cannot be opened: %s", text->any ? "\n\n" : "", path, why);
    text->any = true;
}

static void text_device(void *user, const char *path, const char *name, const char *bus) {
    struct text *text = user;
    fprintf(text->out, "%s%s  %s (%s)", text->any ? "\n\n" : "", path, name, bus);
    text->any = true;
}

static void text_stable_path(void *user, const char *path) {
    struct text *text = user;
    fprintf(text->out, "\n  %s", path);
}

static void text_format(void *user, const char *name, const char *description, bool is_usable) {
    struct text *text = user;
    fprintf(text->out, "\n  %-5s %s%s", name, description, is_usable ? "" : " (not usable here)");
}

static void text_size(void *user, const uint32_t min_px[2], const uint32_t max_px[2], const uint32_t step_px[2]) {
    struct text *text = user;
    fprintf(text->out, "\n    %" PRIu32 "x%" PRIu32, min_px[0], min_px[1]);
    if (step_px[0] != 0) {
        fprintf(text->out, " to %" PRIu32 "x%" PRIu32 " in steps of %" PRIu32 "x%" PRIu32, max_px[0], max_px[1],
                step_px[0], step_px[1]);
    }
    fprintf(text->out, ", fps:");
}

static void text_rate(void *user, double min_fps, double max_fps) {
    struct text *text = user;
    fprintf(text->out, " %.4g", min_fps);
    if (max_fps > min_fps) {
        fprintf(text->out, " to %.4g", max_fps);
    }
}

static void write_text(FILE *out) {
    static const struct v4l2_visitor visitor = {.refusal = text_refusal,
                                                .device = text_device,
                                                .stable_path = text_stable_path,
                                                .format = text_format,
                                                .size = text_size,
                                                .rate = text_rate};
    struct text text = {.out = out};
    v4l2_visit_devices(&visitor, &text);
    fputs(text.any ? "\n" : "no V4L2 devices\n", out);
}

/* ---- For machines ---- */

/* Each list belongs to the last entry of the one before it, and is open until another begins. */
enum level { LEVEL_DEVICES, LEVEL_FORMATS, LEVEL_SIZES, LEVEL_RATES };

struct machine_list {
    struct json_writer json;
    enum level level;
    bool paths_open; /* the stable paths of the last device, before its formats */
};

/* Closes what is open below a level. */
static void return_to(struct machine_list *list, enum level level) {
    if (list->paths_open && level <= LEVEL_FORMATS) {
        json_close(&list->json, ']');
        json_open(&list->json, "formats", '[');
        list->paths_open = false;
    }
    for (; list->level > level; list->level--) {
        json_close(&list->json, ']');
        json_close(&list->json, '}');
    }
}

static void json_refusal(void *user, const char *path, const char *why) {
    struct machine_list *list = user;
    return_to(list, LEVEL_DEVICES);
    json_open(&list->json, NULL, '{');
    json_write_text(&list->json, "path", path);
    json_write_text(&list->json, "error", why);
    json_close(&list->json, '}');
}

static void json_device(void *user, const char *path, const char *name, const char *bus) {
    struct machine_list *list = user;
    return_to(list, LEVEL_DEVICES);
    json_open(&list->json, NULL, '{');
    json_write_text(&list->json, "path", path);
    json_write_text(&list->json, "name", name);
    json_write_text(&list->json, "bus", bus);
    json_open(&list->json, "stable_paths", '[');
    list->paths_open = true;
    list->level = LEVEL_FORMATS;
}

static void json_stable_path(void *user, const char *path) {
    struct machine_list *list = user;
    json_write_text(&list->json, NULL, path);
}

static void json_format(void *user, const char *name, const char *description, bool is_usable) {
    struct machine_list *list = user;
    return_to(list, LEVEL_FORMATS);
    json_open(&list->json, NULL, '{');
    json_write_text(&list->json, "name", name);
    json_write_text(&list->json, "description", description);
    json_write_boolean(&list->json, "usable", is_usable);
    json_open(&list->json, "sizes", '[');
    list->level = LEVEL_SIZES;
}

static void json_size(void *user, const uint32_t min_px[2], const uint32_t max_px[2], const uint32_t step_px[2]) {
    struct machine_list *list = user;
    return_to(list, LEVEL_SIZES);
    json_open(&list->json, NULL, '{');
    json_write_integer(&list->json, "width", max_px[0]);
    json_write_integer(&list->json, "height", max_px[1]);
    if (step_px[0] != 0) {
        json_write_integer(&list->json, "least_width", min_px[0]);
        json_write_integer(&list->json, "least_height", min_px[1]);
        json_write_integer(&list->json, "step_width", step_px[0]);
        json_write_integer(&list->json, "step_height", step_px[1]);
    }
    json_open(&list->json, "fps", '[');
    list->level = LEVEL_RATES;
}

static void write_rate(struct machine_list *list, double fps) {
    json_write_number(&list->json, NULL, round(fps * 1000) / 1000);
}

static void json_rate(void *user, double min_fps, double max_fps) {
    write_rate(user, min_fps);
    if (max_fps > min_fps) {
        write_rate(user, max_fps);
    }
}

static void write_json(FILE *out) {
    static const struct v4l2_visitor visitor = {.refusal = json_refusal,
                                                .device = json_device,
                                                .stable_path = json_stable_path,
                                                .format = json_format,
                                                .size = json_size,
                                                .rate = json_rate};
    struct machine_list list = {.level = LEVEL_DEVICES};
    json_writer_init(&list.json, out, 2);
    json_open(&list.json, NULL, '{');
    json_open(&list.json, "devices", '[');
    v4l2_visit_devices(&visitor, &list);
    return_to(&list, LEVEL_DEVICES);
    json_close(&list.json, ']');
    json_close(&list.json, '}');
    fputc('\n', out);
}

enum err list_devices(FILE *out, bool as_json) {
    if (as_json) {
        write_json(out);
    } else {
        write_text(out);
    }
    return fflush(out) != 0 || ferror(out) != 0 ? ERR_IO : ERR_OK;
}
