/* The part of node_request.h about controls. */
#include "broker/cluster/requests/node_request.h"

#include <stdlib.h>

#define CHOICES_MAX 1024
#define CHOICE_BYTES_MIN (8u + 2u)
#define CONTROL_BYTES_MIN (2u + 2u + 1u + 5u * 8u + 1u + 2u)

static void put_control(struct wire_writer *writer, const struct control *control) {
    wire_put_text(writer, control->name);
    wire_put_text(writer, control->label);
    wire_put_u8(writer, (uint8_t)control->type);
    wire_put_i64(writer, control->min);
    wire_put_i64(writer, control->max);
    wire_put_i64(writer, control->step);
    wire_put_i64(writer, control->fallback);
    wire_put_i64(writer, control->value);
    wire_put_u8(writer, control->writable);
    wire_put_u16(writer, (uint16_t)control->choice_count);
    for (size_t i = 0; i < control->choice_count; i++) {
        wire_put_i64(writer, control->choices[i].value);
        wire_put_text(writer, control->choices[i].label);
    }
}

void node_write_controls(struct wire_writer *writer, const struct control_list *list) {
    const size_t count = list->count < NODE_CONTROLS_MAX ? list->count : NODE_CONTROLS_MAX;
    wire_put_u16(writer, (uint16_t)count);
    for (size_t i = 0; i < count; i++) {
        put_control(writer, &list->controls[i]);
    }
}

static enum err get_choices(struct wire_reader *reader, size_t count, struct control *control) {
    if (count > CHOICES_MAX || count * CHOICE_BYTES_MIN > reader->count) {
        return ERR_INVALID;
    }
    control->choices = calloc(count + 1, sizeof *control->choices);
    if (control->choices == NULL) {
        return ERR_MEMORY;
    }
    for (; control->choice_count < count; control->choice_count++) {
        struct control_choice *choice = &control->choices[control->choice_count];
        choice->value = wire_get_i64(reader);
        wire_get_text(reader, choice->label, sizeof choice->label);
    }
    return ERR_OK;
}

static enum err get_control(struct wire_reader *reader, struct control *control) {
    wire_get_text(reader, control->name, sizeof control->name);
    wire_get_text(reader, control->label, sizeof control->label);
    const uint8_t type = wire_get_u8(reader);
    control->type = (enum control_type)type;
    control->min = wire_get_i64(reader);
    control->max = wire_get_i64(reader);
    control->step = wire_get_i64(reader);
    control->fallback = wire_get_i64(reader);
    control->value = wire_get_i64(reader);
    control->writable = wire_get_u8(reader) == 1;
    const size_t choices = wire_get_u16(reader);
    if (reader->is_broken || type > CONTROL_MENU || control->name[0] == '\0') {
        return ERR_INVALID;
    }
    return get_choices(reader, choices, control);
}

enum err node_read_controls(struct wire_reader *reader, struct control_list *list) {
    const size_t count = wire_get_u16(reader);
    if (reader->is_broken || count > NODE_CONTROLS_MAX || count * CONTROL_BYTES_MIN > reader->count) {
        return ERR_INVALID;
    }
    list->controls = calloc(count + 1, sizeof *list->controls);
    enum err error = list->controls != NULL ? ERR_OK : ERR_MEMORY;
    while (error == ERR_OK && list->count < count) {
        error = get_control(reader, &list->controls[list->count++]);
    }
    return error == ERR_OK && reader->is_broken ? ERR_INVALID : error;
}
