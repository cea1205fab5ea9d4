#include "web/views/json/control_json.h"

#include "web/views/json/json_body.h"
#include "web/views/json/json_values.h"

#include <stdlib.h>

static json_t *value_json(const struct control *control, int64_t value) {
    return control->type == CONTROL_BOOLEAN ? json_boolean(value != 0) : json_integer((json_int_t)value);
}

static json_t *menu_json(const struct control *control) {
    json_t *menu = json_array();
    for (size_t i = 0; i < control->choice_count; i++) {
        const struct control_choice *choice = &control->choices[i];
        json_t *entry = json_pack("{s:I, s:o}", "value", (json_int_t)choice->value, "label", text_json(choice->label));
        if (json_array_append_new(menu, entry) != 0) {
            json_decref(menu);
            return NULL;
        }
    }
    return menu;
}

static json_t *control_json(const struct control *control) {
    static const char *const types[] = {
        [CONTROL_INTEGER] = "integer", [CONTROL_BOOLEAN] = "boolean", [CONTROL_MENU] = "menu"};
    json_t *object =
        json_pack("{s:s, s:o, s:s, s:o, s:o, s:b}", "name", control->name, "label", text_json(control->label), "type",
                  types[control->type], "value", value_json(control, control->value), "default",
                  value_json(control, control->fallback), "writable", control->writable);
    json_t *more = NULL;
    if (control->type == CONTROL_MENU) {
        more = json_pack("{s:o}", "menu", menu_json(control));
    } else if (control->type == CONTROL_INTEGER) {
        more = json_pack("{s:I, s:I, s:I}", "min", (json_int_t)control->min, "max", (json_int_t)control->max, "step",
                         (json_int_t)control->step);
    }
    if (control->type != CONTROL_BOOLEAN && json_object_update_new(object, more) != 0) {
        json_decref(object);
        return NULL;
    }
    return object;
}

static json_t *refusals_json(const struct control_refusal *refusals, size_t count) {
    json_t *errors = json_object();
    for (size_t i = 0; i < count; i++) {
        if (json_object_set_new(errors, refusals[i].name, text_json(refusals[i].reason.text)) != 0) {
            json_decref(errors);
            return NULL;
        }
    }
    return errors;
}

char *control_json_render(const struct control_list *list, const struct control_refusal *refusals,
                          size_t refusal_count) {
    json_t *controls = json_array();
    for (size_t i = 0; i < list->count; i++) {
        if (json_array_append_new(controls, control_json(&list->controls[i])) != 0) {
            json_decref(controls);
            return NULL;
        }
    }
    if (refusal_count == 0) {
        return json_render(json_pack("{s:o}", "controls", controls));
    }
    return json_render(json_pack("{s:{s:s, s:o}, s:o, s:o}", "error", "code", "control_refused", "message",
                                 text_json(refusals[0].reason.text), "errors", refusals_json(refusals, refusal_count),
                                 "controls", controls));
}

static bool read_control_request(const char *name, const json_t *value, struct control_request *request) {
    *request = (struct control_request){.name = name, .choice = json_string_value(value)};
    if (json_is_integer(value)) {
        request->value = json_integer_value(value);
    } else if (json_is_boolean(value)) {
        request->value = json_is_true(value);
    }
    return json_is_integer(value) || json_is_boolean(value) || json_is_string(value);
}

enum err control_json_parse(const char *text, size_t length, struct control_requests *requests, struct reason *reason) {
    json_t *document = NULL;
    enum err error =
        json_body_parse(text, length, "the body must be a JSON object of controls and their values", &document, reason);
    if (error != ERR_OK) {
        return error;
    }
    *requests = (struct control_requests){.document = document};
    size_t count = json_object_size(document);
    requests->requests = calloc(count > 0 ? count : 1, sizeof *requests->requests);
    if (requests->requests == NULL) {
        control_requests_finish(requests);
        return ERR_MEMORY;
    }
    const char *name;
    json_t *value;
    json_object_foreach(document, name, value) {
        if (!read_control_request(name, value, &requests->requests[requests->count++])) {
            reason_set(reason, "a control's value must be a whole number, true or false, or an entry of its menu");
            control_requests_finish(requests);
            return ERR_INVALID;
        }
    }
    return ERR_OK;
}

void control_requests_finish(struct control_requests *requests) {
    free(requests->requests);
    json_decref(requests->document);
    *requests = (struct control_requests){0};
}
