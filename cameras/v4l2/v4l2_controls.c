#include "cameras/v4l2/v4l2_controls.h"

#include "broker/base/log.h"
#include "cameras/v4l2/v4l2_node.h"

#include <ctype.h>
#include <inttypes.h>
#include <linux/videodev2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that kernels before 5.16 had, as configurations still do. */
static const struct {
    const char *old_name, *name;
} renamed[] = {
    {"exposure_auto", "auto_exposure"},
    {"exposure_absolute", "exposure_time_absolute"},
    {"exposure_auto_priority", "exposure_dynamic_framerate"},
    {"white_balance_temperature_auto", "white_balance_automatic"},
    {"focus_auto", "focus_automatic_continuous"},
};

/* "White Balance, Automatic" is white_balance_automatic. */
static void make_name(const char *label, char name[CONTROL_TEXT_BYTES]) {
    size_t used = 0;
    bool gap = false;
    for (; *label != '\0' && used + 2 < CONTROL_TEXT_BYTES; label++) {
        if (!isalnum((unsigned char)*label)) {
            gap = used > 0;
            continue;
        }
        if (gap) {
            name[used++] = '_';
        }
        gap = false;
        name[used++] = (char)tolower((unsigned char)*label);
    }
    name[used] = '\0';
}

/* ---- Reading ---- */

static bool find_type(uint32_t type, enum control_type *found) {
    switch (type) {
    case V4L2_CTRL_TYPE_INTEGER: *found = CONTROL_INTEGER; return true;
    case V4L2_CTRL_TYPE_BOOLEAN: *found = CONTROL_BOOLEAN; return true;
    case V4L2_CTRL_TYPE_MENU:
    case V4L2_CTRL_TYPE_INTEGER_MENU: *found = CONTROL_MENU; return true;
    default: return false;
    }
}

/* The next control behind *query that is of a type we know. False at the end. */
static bool next_control(int fd, struct v4l2_queryctrl *query, struct control *control) {
    const uint32_t unwritable = V4L2_CTRL_FLAG_GRABBED | V4L2_CTRL_FLAG_READ_ONLY | V4L2_CTRL_FLAG_INACTIVE;
    enum control_type type;
    do {
        query->id |= V4L2_CTRL_FLAG_NEXT_CTRL;
        if (v4l2_node_call(fd, VIDIOC_QUERYCTRL, query) != 0) {
            return false;
        }
    } while ((query->flags & V4L2_CTRL_FLAG_DISABLED) != 0 || !find_type(query->type, &type));
    *control = (struct control){.type = type,
                                .min = query->minimum,
                                .max = query->maximum,
                                .step = query->step,
                                .fallback = query->default_value,
                                .writable = (query->flags & unwritable) == 0};
    snprintf(control->label, sizeof control->label, "%.31s", (const char *)query->name);
    make_name(control->label, control->name);
    return true;
}

/* An entry of a menu; false for one that the device leaves out. */
static bool read_choice(int fd, const struct v4l2_queryctrl *query, int64_t value, struct control_choice *choice) {
    struct v4l2_querymenu entry = {.id = query->id, .index = (uint32_t)value};
    if (v4l2_node_call(fd, VIDIOC_QUERYMENU, &entry) != 0) {
        return false;
    }
    *choice = (struct control_choice){.value = value};
    if (query->type == V4L2_CTRL_TYPE_INTEGER_MENU) {
        snprintf(choice->label, sizeof choice->label, "%" PRId64, (int64_t)entry.value);
    } else {
        snprintf(choice->label, sizeof choice->label, "%.31s", (const char *)entry.name);
    }
    return true;
}

static enum err read_choices(int fd, const struct v4l2_queryctrl *query, struct control *control) {
    if (control->type != CONTROL_MENU || control->max < control->min) {
        return ERR_OK;
    }
    control->choices = calloc((size_t)(control->max - control->min + 1), sizeof *control->choices);
    if (control->choices == NULL) {
        return ERR_MEMORY;
    }
    for (int64_t value = control->min; value <= control->max; value++) {
        if (read_choice(fd, query, value, &control->choices[control->choice_count])) {
            control->choice_count++;
        }
    }
    return ERR_OK;
}

static void read_value(int fd, uint32_t id, struct control *control) {
    struct v4l2_control current = {.id = id};
    control->value = v4l2_node_call(fd, VIDIOC_G_CTRL, &current) == 0 ? current.value : control->fallback;
}

enum err v4l2_controls_list(int fd, struct control_list *list, struct reason *reason) {
    struct v4l2_queryctrl query = {.id = 0};
    struct control control;
    while (next_control(fd, &query, &control)) {
        struct control *grown = realloc(list->controls, (list->count + 1) * sizeof *grown);
        if (grown == NULL) {
            reason_set(reason, "%s", err_text(ERR_MEMORY));
            return ERR_MEMORY;
        }
        list->controls = grown;
        list->controls[list->count] = control;
        struct control *added = &list->controls[list->count++];
        read_value(fd, query.id, added);
        enum err error = read_choices(fd, &query, added);
        if (error != ERR_OK) {
            return error;
        }
    }
    return ERR_OK;
}

/* ---- Setting ---- */

static const char *present_name(const char *name) {
    for (size_t i = 0; i < sizeof renamed / sizeof renamed[0]; i++) {
        if (strcmp(name, renamed[i].old_name) == 0) {
            return renamed[i].name;
        }
    }
    return name;
}

static enum err find_control(int fd, const char *name, struct v4l2_queryctrl *query, struct control *control,
                             struct reason *reason) {
    const char *present = present_name(name);
    *query = (struct v4l2_queryctrl){.id = 0};
    while (next_control(fd, query, control)) {
        if (strcmp(control->name, name) == 0 || strcmp(control->name, present) == 0) {
            return ERR_OK;
        }
    }
    reason_set(reason, "%s: the camera has no such control", name);
    return ERR_NOT_FOUND;
}

/* Whether a menu's label is meant: "manual" means "Manual Mode". */
static bool is_meant(const char *label, const char *choice) {
    char full[CONTROL_TEXT_BYTES];
    char part[CONTROL_TEXT_BYTES];
    make_name(label, full);
    make_name(choice, part);
    size_t count = strlen(part);
    return count > 0 && strncmp(full, part, count) == 0 && (full[count] == '\0' || full[count] == '_');
}

static enum err resolve_choice(int fd, const struct v4l2_queryctrl *query, const struct control *control,
                               const struct control_request *request, int64_t *value, struct reason *reason) {
    if (control->type != CONTROL_MENU) {
        reason_set(reason, "%s: takes a number or a boolean, not a text", request->name);
        return ERR_INVALID;
    }
    char known[120] = "";
    size_t used = 0;
    for (int64_t i = control->min; i <= control->max; i++) {
        struct control_choice choice;
        if (!read_choice(fd, query, i, &choice)) {
            continue;
        }
        if (is_meant(choice.label, request->choice)) {
            *value = i;
            return ERR_OK;
        }
        if (used < sizeof known) {
            int written = snprintf(known + used, sizeof known - used, "%s\"%s\"", used > 0 ? ", " : "", choice.label);
            used += (size_t)written;
        }
    }
    reason_set(reason, "%s: there are %s", request->name, known);
    return ERR_INVALID;
}

static enum err check_value(const struct control *control, const char *name, int64_t value, struct reason *reason) {
    if (value < control->min || value > control->max) {
        reason_set(reason, "%s: must be between %" PRId64 " and %" PRId64 " (got %" PRId64 ")", name, control->min,
                   control->max, value);
        return ERR_INVALID;
    }
    if (!control->writable) {
        reason_set(reason, "%s: cannot be set now; switch its automatic off first", name);
        return ERR_BUSY;
    }
    return ERR_OK;
}

enum err v4l2_controls_set(int fd, const struct control_request *request, struct reason *reason) {
    struct v4l2_queryctrl query;
    struct control control;
    int64_t value = request->value;
    enum err error = find_control(fd, request->name, &query, &control, reason);
    if (error == ERR_OK && request->choice != NULL) {
        error = resolve_choice(fd, &query, &control, request, &value, reason);
    }
    if (error == ERR_OK) {
        error = check_value(&control, request->name, value, reason);
    }
    if (error != ERR_OK) {
        return error;
    }
    struct v4l2_control setting = {.id = query.id, .value = (int32_t)value};
    error = err_from_errno(v4l2_node_call(fd, VIDIOC_S_CTRL, &setting));
    if (error != ERR_OK) {
        reason_set(reason, "%s: the camera refuses %" PRId64 ": %s", request->name, value, err_text(error));
    }
    return error;
}

static bool is_switch(int fd, const char *name) {
    struct v4l2_queryctrl query;
    struct control control;
    return find_control(fd, name, &query, &control, NULL) == ERR_OK && control.type != CONTROL_INTEGER;
}

void v4l2_controls_apply(int fd, const char *camera_id, const struct control_request *requests, size_t count) {
    for (int numbers = 0; numbers < 2; numbers++) {
        for (size_t i = 0; i < count; i++) {
            struct reason reason;
            if (is_switch(fd, requests[i].name) == (numbers == 0) &&
                v4l2_controls_set(fd, &requests[i], &reason) != ERR_OK) {
                log_rate_limited(LOG_LEVEL_WARNING, camera_id, requests[i].name, "control not set: %s", reason.text);
            }
        }
    }
}
