#include "config/list_devices.h"

#include "cameras/v4l2_devices.h"

#include <inttypes.h>
#include <jansson.h>
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

static void text_size(void *user, const uint32_t least_px[2], const uint32_t most_px[2], const uint32_t step_px[2]) {
    struct text *text = user;
    fprintf(text->out, "\n    %" PRIu32 "x%" PRIu32, least_px[0], least_px[1]);
    if (step_px[0] != 0) {
        fprintf(text->out, " to %" PRIu32 "x%" PRIu32 " in steps of %" PRIu32 "x%" PRIu32, most_px[0], most_px[1],
                step_px[0], step_px[1]);
    }
    fprintf(text->out, ", fps:");
}

static void text_rate(void *user, double least_fps, double most_fps) {
    struct text *text = user;
    fprintf(text->out, " %.4g", least_fps);
    if (most_fps > least_fps) {
        fprintf(text->out, " to %.4g", most_fps);
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

/* Each list belongs to the last entry of the one before it. jansson's functions pass NULL on, so that a failed
 * allocation shows in the end. */
struct json {
    json_t *devices, *paths, *formats, *sizes, *rates;
    bool failed;
};

static void append(struct json *json, json_t *list, json_t *entry) {
    json->failed |= json_array_append_new(list, entry) != 0;
}

/* Devices name themselves in whatever bytes they like. */
static json_t *text_json(const char *text) {
    json_t *string = json_string(text);
    return string != NULL ? string : json_string("?");
}

static void json_refusal(void *user, const char *path, const char *why) {
    struct json *json = user;
    append(json, json->devices, json_pack("{s:o, s:o}", "path", text_json(path), "error", text_json(why)));
}

static void json_device(void *user, const char *path, const char *name, const char *bus) {
    struct json *json = user;
    json->paths = json_array();
    json->formats = json_array();
    append(json, json->devices,
           json_pack("{s:o, s:o, s:o, s:o, s:o}", "path", text_json(path), "name", text_json(name), "bus",
                     text_json(bus), "stable_paths", json->paths, "formats", json->formats));
}

static void json_stable_path(void *user, const char *path) {
    struct json *json = user;
    append(json, json->paths, text_json(path));
}

static void json_format(void *user, const char *name, const char *description, bool is_usable) {
    struct json *json = user;
    json->sizes = json_array();
    append(json, json->formats,
           json_pack("{s:o, s:o, s:b, s:o}", "name", text_json(name), "description", text_json(description), "usable",
                     is_usable, "sizes", json->sizes));
}

static void json_size(void *user, const uint32_t least_px[2], const uint32_t most_px[2], const uint32_t step_px[2]) {
    struct json *json = user;
    json->rates = json_array();
    json_t *size = json_pack("{s:I, s:I, s:o}", "width", (json_int_t)most_px[0], "height", (json_int_t)most_px[1],
                             "fps", json->rates);
    if (step_px[0] != 0) {
        json_t *range = json_pack("{s:I, s:I, s:I, s:I}", "least_width", (json_int_t)least_px[0], "least_height",
                                  (json_int_t)least_px[1], "step_width", (json_int_t)step_px[0], "step_height",
                                  (json_int_t)step_px[1]);
        json->failed |= json_object_update_new(size, range) != 0;
    }
    append(json, json->sizes, size);
}

static json_t *rate_json(double fps) { return json_real(round(fps * 1000) / 1000); }

static void json_rate(void *user, double least_fps, double most_fps) {
    struct json *json = user;
    append(json, json->rates, rate_json(least_fps));
    if (most_fps > least_fps) {
        append(json, json->rates, rate_json(most_fps));
    }
}

static enum err write_json(FILE *out) {
    static const struct v4l2_visitor visitor = {.refusal = json_refusal,
                                                .device = json_device,
                                                .stable_path = json_stable_path,
                                                .format = json_format,
                                                .size = json_size,
                                                .rate = json_rate};
    struct json json = {.devices = json_array()};
    v4l2_visit_devices(&visitor, &json);
    json_auto_t *root = json_pack("{s:o}", "devices", json.devices);
    if (root == NULL || json.failed) {
        return ERR_MEMORY;
    }
    bool written = json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(10)) == 0;
    fputc('\n', out);
    return written ? ERR_OK : ERR_IO;
}

enum err list_devices(FILE *out, bool as_json) {
    enum err error = ERR_OK;
    if (as_json) {
        error = write_json(out);
    } else {
        write_text(out);
    }
    return error == ERR_OK && (fflush(out) != 0 || ferror(out) != 0) ? ERR_IO : error;
}
