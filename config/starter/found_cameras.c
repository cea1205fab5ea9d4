#include "config/starter/found_cameras.h"

#include "broker/base/utf8.h"
#include "config/json/json_writer.h"

#include <ctype.h>
#include <math.h>
#include <string.h>

/* ---- Names and ids ---- */

/* What a configuration takes for a name, without what it takes for a variable, from the words of a device. */
static void copy_name(char name[TOPIC_NAME_MAX_BYTES + 1], const char *text) {
    size_t used = 0;
    while (*text != '\0') {
        const size_t length = utf8_character_bytes(text);
        if (used + (length > 0 ? length : 1) > TOPIC_NAME_MAX_BYTES) {
            break;
        }
        const bool is_plain = length == 1 && *text >= ' ' && *text != '\x7f' && *text != '$';
        const bool is_letter = length > 2 || (length == 2 && (unsigned char)text[0] > 0xc2); /* below: C1 controls */
        if (is_plain || is_letter) {
            memcpy(name + used, text, length);
            used += length;
        }
        text += length > 0 ? length : 1;
    }
    while (used > 0 && name[used - 1] == ' ') {
        used--;
    }
    name[used] = '\0';
    if (used == 0) {
        snprintf(name, TOPIC_NAME_MAX_BYTES + 1, "Camera");
    }
}

/* "HD Webcam C270" becomes hd-webcam-c270. */
static void make_id(char id[TOPIC_ID_MAX_BYTES + 1], const char *name) {
    const size_t room = TOPIC_ID_MAX_BYTES - strlen("-500");
    size_t used = 0;
    bool has_letter = false;
    for (; *name != '\0' && used < room; name++) {
        const char letter = (char)tolower((unsigned char)*name);
        const bool is_kept = (letter >= 'a' && letter <= 'z') || (letter >= '0' && letter <= '9');
        if (is_kept) {
            id[used++] = letter;
            has_letter = has_letter || letter > '9';
        } else if (used > 0 && id[used - 1] != '-') {
            id[used++] = '-';
        }
    }
    while (used > 0 && id[used - 1] == '-') {
        used--;
    }
    id[used] = '\0';
    if (!has_letter) { /* a number is a camera's place */
        char digits[TOPIC_ID_MAX_BYTES + 1];
        memcpy(digits, id, sizeof digits);
        snprintf(id, TOPIC_ID_MAX_BYTES + 1, "camera%s%.32s", used > 0 ? "-" : "", digits);
    }
}

static bool is_taken(const struct found_cameras *cameras, const char *id) {
    for (size_t i = 0; i < cameras->count; i++) {
        if (strcmp(cameras->cameras[i].id, id) == 0) {
            return true;
        }
    }
    return false;
}

struct found_camera *found_cameras_add(struct found_cameras *cameras, const char *name) {
    if (cameras->count == FOUND_MAX) {
        return NULL;
    }
    struct found_camera *camera = &cameras->cameras[cameras->count];
    *camera = (struct found_camera){.device = NULL};
    copy_name(camera->name, name);
    make_id(camera->id, camera->name);
    const size_t length = strlen(camera->id);
    for (unsigned number = 2; is_taken(cameras, camera->id); number++) {
        snprintf(camera->id + length, sizeof camera->id - length, "-%u", number);
    }
    cameras->count++;
    return camera;
}

/* ---- The configuration ---- */

static void write_fps(struct json_writer *json, double fps) {
    if (fps == floor(fps)) {
        json_write_integer(json, "fps", (int64_t)fps);
    } else {
        json_write_number(json, "fps", round(fps * 1000) / 1000);
    }
}

static void write_source(struct json_writer *json, const struct found_camera *camera) {
    json_open(json, "source", '{');
    if (camera->device != NULL) {
        json_write_text(json, "type", "v4l2");
        json_write_text(json, "device", camera->device);
    } else if (camera->url != NULL) {
        json_write_text(json, "type", "url");
        json_write_text(json, "url", camera->url);
        if (camera->user_variable != NULL) {
            json_write_text(json, "username", camera->user_variable);
            json_write_text(json, "password", camera->password_variable);
        }
        if (camera->insecure) {
            json_write_boolean(json, "insecure", true);
        }
    } else {
        json_write_text(json, "type", "exec");
        json_open(json, "command", '[');
        for (size_t i = 0; camera->command[i] != NULL; i++) {
            json_write_text(json, NULL, camera->command[i]);
        }
        json_close(json, ']');
    }
    if (camera->width_px != 0) {
        json_write_integer(json, "width", camera->width_px);
        json_write_integer(json, "height", camera->height_px);
    }
    if (camera->fps > 0) {
        write_fps(json, camera->fps);
    }
    json_close(json, '}');
}

static void write_test_picture(struct json_writer *json) {
    json_open(json, NULL, '{');
    json_write_text(json, "id", "test-picture");
    json_write_text(json, "name", "Test picture");
    json_open(json, "source", '{');
    json_write_text(json, "type", "pattern");
    json_close(json, '}');
    json_close(json, '}');
}

void found_cameras_write(const struct found_cameras *cameras, FILE *out) {
    struct json_writer json;
    json_writer_init(&json, out, 2);
    json_open(&json, NULL, '{');
    json_open(&json, "server", '{');
    json_write_text(&json, "listen", "127.0.0.1:8080");
    json_close(&json, '}');
    json_open(&json, "cameras", '[');
    for (size_t i = 0; i < cameras->count; i++) {
        const struct found_camera *camera = &cameras->cameras[i];
        json_open(&json, NULL, '{');
        json_write_text(&json, "id", camera->id);
        json_write_text(&json, "name", camera->name);
        write_source(&json, camera);
        json_close(&json, '}');
    }
    if (cameras->count == 0) {
        write_test_picture(&json);
    }
    json_close(&json, ']');
    json_close(&json, '}');
    putc('\n', out);
}
