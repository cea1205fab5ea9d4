/* The last part of cluster_messages.h: events. */
#include "broker/cluster/cluster_messages.h"

#include <string.h>

/* Numbers of the wire, which never change. */
static const enum event_log_kind kinds[] = {
    [1] = EVENT_LOG_MOTION_BEGAN,     [2] = EVENT_LOG_MOTION_ENDED,        [3] = EVENT_LOG_RECORDING_FULL,
    [4] = EVENT_LOG_RECORDING_FAILED, [5] = EVENT_LOG_RECORDING_RECOVERED,
};
#define KINDS (sizeof kinds / sizeof kinds[0])

static uint8_t kind_number(enum event_log_kind kind) {
    for (size_t i = 1; i < KINDS; i++) {
        if (kinds[i] == kind) {
            return (uint8_t)i;
        }
    }
    return 0;
}

bool event_message_is_sent(enum event_log_kind kind) { return kind_number(kind) != 0; }

/* Fractions of the picture, as whole numbers. */
#define FRACTION_MAX 65535.0f

static void put_fraction(struct wire_writer *writer, float value) {
    const float bounded = value > 0 ? (value < 1 ? value : 1) : 0;
    wire_put_u16(writer, (uint16_t)(bounded * FRACTION_MAX + 0.5f));
}

static float get_fraction(struct wire_reader *reader) { return (float)wire_get_u16(reader) / FRACTION_MAX; }

static void put_place(struct wire_writer *writer, const struct motion_place *place) {
    put_fraction(writer, place->x);
    put_fraction(writer, place->y);
    put_fraction(writer, place->width);
    put_fraction(writer, place->height);
}

static struct motion_place get_place(struct wire_reader *reader) {
    struct motion_place place = {.x = get_fraction(reader)};
    place.y = get_fraction(reader);
    place.width = get_fraction(reader);
    place.height = get_fraction(reader);
    return place;
}

void event_message_write(struct wire_writer *writer, const struct event_log_entry *entry) {
    const struct motion_record *motion = &entry->motion;
    wire_put_u8(writer, CLUSTER_PROTOCOL);
    wire_put_u8(writer, kind_number(entry->kind));
    wire_put_text(writer, entry->camera);
    wire_put_text(writer, entry->reason.text);
    wire_put_u64(writer, motion->id);
    wire_put_text(writer, motion->zone);
    wire_put_i64(writer, motion->began_realtime_ns);
    wire_put_i64(writer, motion->ended_realtime_ns);
    wire_put_u8(writer, (uint8_t)motion->score);
    wire_put_u8(writer, (uint8_t)motion->place_count);
    for (unsigned i = 0; i < motion->place_count; i++) {
        put_place(writer, &motion->places[i]);
    }
    wire_put_u8(writer, (uint8_t)motion->step_count);
    for (unsigned i = 0; i < motion->step_count; i++) {
        wire_put_i64(writer, motion->path[i].at_realtime_ns);
        put_place(writer, &motion->path[i].place);
    }
}

bool event_message_read(struct wire_reader *reader, struct event_log_entry *entry) {
    *entry = (struct event_log_entry){.number = 0};
    struct motion_record *motion = &entry->motion;
    reader->is_broken |= wire_get_u8(reader) != CLUSTER_PROTOCOL;
    const uint8_t kind = wire_get_u8(reader);
    reader->is_broken |= kind == 0 || kind >= KINDS;
    entry->kind = kinds[reader->is_broken ? 1 : kind];
    wire_get_text(reader, entry->camera, sizeof entry->camera);
    reader->is_broken |= !string_view_is_id(string_view_of(entry->camera), TOPIC_ID_MAX_BYTES);
    wire_get_text(reader, entry->reason.text, sizeof entry->reason.text);
    motion->id = wire_get_u64(reader);
    wire_get_text(reader, motion->zone, sizeof motion->zone);
    motion->began_realtime_ns = wire_get_i64(reader);
    motion->ended_realtime_ns = wire_get_i64(reader);
    motion->score = wire_get_u8(reader);
    motion->place_count = wire_get_u8(reader);
    reader->is_broken |= motion->score > 100 || motion->place_count > MOTION_PLACES_MAX;
    for (unsigned i = 0; i < motion->place_count && !reader->is_broken; i++) {
        motion->places[i] = get_place(reader);
    }
    motion->step_count = wire_get_u8(reader);
    reader->is_broken |= motion->step_count > MOTION_PATH_MAX;
    for (unsigned i = 0; i < motion->step_count && !reader->is_broken; i++) {
        motion->path[i].at_realtime_ns = wire_get_i64(reader);
        motion->path[i].place = get_place(reader);
    }
    return !reader->is_broken;
}
