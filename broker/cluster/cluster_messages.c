#include "broker/cluster/cluster_messages.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/frame/frame_ring.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define FPS_MAX 1000.0
#define SPEED_MAX 1000.0
#define SIDE_MAX_PX 65535
#define SETTING_MAX_NS (24 * 3600 * NS_PER_S)

/* ---- Parts ---- */

static void begin_message(struct wire_writer *writer) { wire_put_u8(writer, CLUSTER_PROTOCOL); }

static void check_version(struct wire_reader *reader) { reader->is_broken |= wire_get_u8(reader) != CLUSTER_PROTOCOL; }

static void require(struct wire_reader *reader, bool holds) { reader->is_broken |= !holds; }

static bool get_flag(struct wire_reader *reader) {
    const uint8_t value = wire_get_u8(reader);
    require(reader, value <= 1);
    return value == 1;
}

static void get_id(struct wire_reader *reader, char *id, size_t max_bytes) {
    wire_get_text(reader, id, max_bytes + 1);
    require(reader, string_view_is_id(string_view_of(id), max_bytes));
}

static enum camera_state get_state(struct wire_reader *reader) {
    const uint8_t state = wire_get_u8(reader);
    require(reader, state <= STATE_OFFLINE);
    return state <= STATE_OFFLINE ? (enum camera_state)state : STATE_OFFLINE;
}

static double get_between(struct wire_reader *reader, double min, double max) {
    const double value = wire_get_double(reader);
    require(reader, value >= min && value <= max);
    return value;
}

static void put_request(struct wire_writer *writer, const struct variant_request *request) {
    wire_put_u32(writer, request->width_px);
    wire_put_u8(writer, (uint8_t)request->quality);
    wire_put_double(writer, request->fps);
}

static void get_request(struct wire_reader *reader, struct variant_request *request) {
    request->width_px = wire_get_u32(reader);
    request->quality = wire_get_u8(reader);
    request->fps = get_between(reader, 0, FPS_MAX);
    require(reader, request->width_px <= VARIANT_WIDTH_MAX_PX && request->quality <= 100);
}

/* ---- Presence ---- */

void beacon_message_write(struct wire_writer *writer, const struct beacon_message *beacon) {
    begin_message(writer);
    wire_put_u64(writer, beacon->epoch);
    wire_put_i64(writer, beacon->started_realtime_ns);
    wire_put_i64(writer, beacon->sent_realtime_ns);
    wire_put_u64(writer, beacon->generation);
    wire_put_u8(writer, beacon->is_leaving);
    wire_put_u8(writer, beacon->is_new);
    wire_put_u32(writer, beacon->camera_count);
}

bool beacon_message_read(struct wire_reader *reader, struct beacon_message *beacon) {
    check_version(reader);
    beacon->epoch = wire_get_u64(reader);
    beacon->started_realtime_ns = wire_get_i64(reader);
    beacon->sent_realtime_ns = wire_get_i64(reader);
    beacon->generation = wire_get_u64(reader);
    beacon->is_leaving = get_flag(reader);
    beacon->is_new = get_flag(reader);
    beacon->camera_count = wire_get_u32(reader);
    require(reader, beacon->camera_count <= CLUSTER_CAMERAS_MAX);
    return !reader->is_broken;
}

enum { FIGURE_MOTION_CONFIGURED = 1, FIGURE_MOTION_ACTIVE = 2, FIGURE_MOTION_MOVING = 4 };

void camera_figures_write(struct wire_writer *writer, const struct camera_figures *figures) {
    wire_put_u8(writer, (uint8_t)figures->state);
    wire_put_u64(writer, figures->sequence);
    wire_put_i64(writer, figures->captured_realtime_ns);
    wire_put_i64(writer, figures->age_ns);
    wire_put_u8(writer, (uint8_t)((figures->motion_is_configured ? FIGURE_MOTION_CONFIGURED : 0) |
                                  (figures->motion_is_active ? FIGURE_MOTION_ACTIVE : 0) |
                                  (figures->motion_is_moving ? FIGURE_MOTION_MOVING : 0)));
}

bool camera_figures_read(struct wire_reader *reader, struct camera_figures *figures) {
    figures->state = get_state(reader);
    figures->sequence = wire_get_u64(reader);
    figures->captured_realtime_ns = wire_get_i64(reader);
    figures->age_ns = max_i64(wire_get_i64(reader), 0);
    const uint8_t motion = wire_get_u8(reader);
    figures->motion_is_configured = (motion & FIGURE_MOTION_CONFIGURED) != 0;
    figures->motion_is_active = (motion & FIGURE_MOTION_ACTIVE) != 0;
    figures->motion_is_moving = (motion & FIGURE_MOTION_MOVING) != 0;
    return !reader->is_broken;
}

/* ---- The directory ---- */

void directory_message_write(struct wire_writer *writer, const struct directory_message *directory) {
    begin_message(writer);
    wire_put_u64(writer, directory->epoch);
    wire_put_u64(writer, directory->generation);
    wire_put_u32(writer, directory->total);
    wire_put_u32(writer, directory->from);
    wire_put_u32(writer, directory->count);
}

bool directory_message_read(struct wire_reader *reader, struct directory_message *directory) {
    check_version(reader);
    directory->epoch = wire_get_u64(reader);
    directory->generation = wire_get_u64(reader);
    directory->total = wire_get_u32(reader);
    directory->from = wire_get_u32(reader);
    directory->count = wire_get_u32(reader);
    require(reader, directory->total <= CLUSTER_CAMERAS_MAX && directory->from <= directory->total &&
                        directory->count <= directory->total - directory->from);
    return !reader->is_broken;
}

static void put_settings(struct wire_writer *writer, const struct topic_settings *settings) {
    wire_put_text(writer, settings->id);
    wire_put_text(writer, settings->name);
    wire_put_u8(writer, (uint8_t)settings->ring_frames);
    wire_put_i64(writer, settings->stale_after_ns);
    wire_put_double(writer, settings->fps);
    wire_put_u8(writer, settings->has_controls);
    wire_put_u8(writer, (uint8_t)settings->max_variants);
    wire_put_u8(writer, (uint8_t)settings->variant_count);
    for (size_t i = 0; i < settings->variant_count; i++) {
        wire_put_text(writer, settings->variants[i].name);
        put_request(writer, &settings->variants[i].request);
    }
}

static void get_settings(struct wire_reader *reader, struct topic_settings *settings) {
    *settings = (struct topic_settings){.on_demand = true};
    get_id(reader, settings->id, TOPIC_ID_MAX_BYTES);
    wire_get_text(reader, settings->name, sizeof settings->name);
    settings->ring_frames = wire_get_u8(reader);
    settings->stale_after_ns = wire_get_i64(reader);
    settings->fps = get_between(reader, 0, FPS_MAX);
    settings->has_controls = get_flag(reader);
    settings->max_variants = wire_get_u8(reader);
    const size_t count = wire_get_u8(reader);
    require(reader, settings->ring_frames >= 1 && settings->ring_frames <= FRAME_RING_MAX &&
                        settings->stale_after_ns >= 0 && settings->stale_after_ns <= SETTING_MAX_NS &&
                        count <= TOPIC_VARIANTS_MAX);
    for (size_t i = 0; i < count && !reader->is_broken; i++) {
        struct variant_settings *variant = &settings->variants[settings->variant_count++];
        get_id(reader, variant->name, VARIANT_NAME_MAX_BYTES);
        get_request(reader, &variant->request);
    }
}

void directory_entry_write(struct wire_writer *writer, const struct directory_entry *entry) {
    put_settings(writer, &entry->settings);
    wire_put_u64(writer, entry->generation);
    wire_put_text(writer, entry->error.text);
    wire_put_u32(writer, entry->width_px);
    wire_put_u32(writer, entry->height_px);
    camera_figures_write(writer, &entry->figures);
}

bool directory_entry_read(struct wire_reader *reader, struct directory_entry *entry) {
    get_settings(reader, &entry->settings);
    entry->generation = wire_get_u64(reader);
    wire_get_text(reader, entry->error.text, sizeof entry->error.text);
    entry->width_px = wire_get_u32(reader);
    entry->height_px = wire_get_u32(reader);
    require(reader, entry->width_px <= SIDE_MAX_PX && entry->height_px <= SIDE_MAX_PX);
    return camera_figures_read(reader, &entry->figures);
}

/* ---- Demand ---- */

void lease_message_write(struct wire_writer *writer, const struct lease_message *lease) {
    begin_message(writer);
    wire_put_u64(writer, lease->epoch);
    wire_put_u32(writer, lease->number);
    wire_put_i64(writer, lease->sent_ns);
    wire_put_u64(writer, lease->max_in_flight);
    wire_put_u32(writer, lease->stream);
    wire_put_u64(writer, lease->received);
    wire_put_u32(writer, lease->channel_count);
}

bool lease_message_read(struct wire_reader *reader, struct lease_message *lease) {
    check_version(reader);
    lease->epoch = wire_get_u64(reader);
    lease->number = wire_get_u32(reader);
    lease->sent_ns = wire_get_i64(reader);
    lease->max_in_flight = wire_get_u64(reader);
    lease->stream = wire_get_u32(reader);
    lease->received = wire_get_u64(reader);
    lease->channel_count = wire_get_u32(reader);
    require(reader, lease->channel_count <= CLUSTER_CHANNELS_MAX);
    return !reader->is_broken;
}

void lease_channel_write(struct wire_writer *writer, const struct lease_channel *channel) {
    wire_put_u32(writer, channel->number);
    wire_put_text(writer, channel->camera);
    put_request(writer, &channel->request);
    wire_put_u32(writer, channel->playback);
    if (channel->playback != 0) {
        wire_put_i64(writer, channel->at_ns);
        wire_put_i64(writer, channel->to_ns);
        wire_put_double(writer, channel->speed);
        wire_put_u8(writer, channel->shows_gaps);
    }
}

bool lease_channel_read(struct wire_reader *reader, struct lease_channel *channel) {
    *channel = (struct lease_channel){.number = wire_get_u32(reader)};
    get_id(reader, channel->camera, TOPIC_ID_MAX_BYTES);
    get_request(reader, &channel->request);
    channel->playback = wire_get_u32(reader);
    if (channel->playback != 0) {
        channel->at_ns = wire_get_i64(reader);
        channel->to_ns = wire_get_i64(reader);
        channel->speed = get_between(reader, 0, SPEED_MAX);
        channel->shows_gaps = get_flag(reader);
        require(reader, channel->speed > 0 && channel->at_ns >= 0 && channel->to_ns >= channel->at_ns);
    }
    return !reader->is_broken;
}

void ack_message_write(struct wire_writer *writer, const struct ack_message *ack) {
    begin_message(writer);
    wire_put_u64(writer, ack->epoch);
    wire_put_u32(writer, ack->stream);
    wire_put_u64(writer, ack->number);
    wire_put_i64(writer, ack->waited_ns);
}

bool ack_message_read(struct wire_reader *reader, struct ack_message *ack) {
    check_version(reader);
    ack->epoch = wire_get_u64(reader);
    ack->stream = wire_get_u32(reader);
    ack->number = wire_get_u64(reader);
    ack->waited_ns = wire_get_i64(reader);
    return !reader->is_broken;
}

/* ---- Delivery ---- */

void delivery_message_write(struct wire_writer *writer, const struct delivery_message *delivery) {
    begin_message(writer);
    wire_put_u8(writer, (uint8_t)delivery->kind);
    wire_put_u64(writer, delivery->epoch);
    wire_put_u32(writer, delivery->stream);
    wire_put_u64(writer, delivery->number);
    wire_put_i64(writer, delivery->sent_ns);
}

bool delivery_message_read(struct wire_reader *reader, struct delivery_message *delivery) {
    check_version(reader);
    const uint8_t kind = wire_get_u8(reader);
    require(reader, kind == DELIVERY_FRAME || kind == DELIVERY_ANSWER);
    delivery->kind = kind == DELIVERY_FRAME ? DELIVERY_FRAME : DELIVERY_ANSWER;
    delivery->epoch = wire_get_u64(reader);
    delivery->stream = wire_get_u32(reader);
    delivery->number = wire_get_u64(reader);
    delivery->sent_ns = wire_get_i64(reader);
    require(reader, delivery->stream != 0);
    return !reader->is_broken;
}

void frame_message_write(struct wire_writer *writer, const struct frame_message *frame) {
    const struct frame_info *info = &frame->info;
    wire_put_u32(writer, frame->channel);
    wire_put_u32(writer, frame->total_bytes);
    wire_put_u32(writer, frame->offset);
    wire_put_u64(writer, info->sequence);
    wire_put_i64(writer, info->captured_realtime_ns);
    wire_put_i64(writer, frame->age_ns);
    wire_put_u64(writer, info->generation);
    wire_put_u16(writer, (uint16_t)info->width_px);
    wire_put_u16(writer, (uint16_t)info->height_px);
    wire_put_u8(writer, info->orientation);
    wire_put_u8(writer, (uint8_t)info->state);
    wire_put_u8(writer, info->is_recorded);
}

bool frame_message_read(struct wire_reader *reader, struct frame_message *frame) {
    frame->channel = wire_get_u32(reader);
    frame->total_bytes = wire_get_u32(reader);
    frame->offset = wire_get_u32(reader);
    frame->info = (struct frame_info){.format = FRAME_JPEG, .sequence = wire_get_u64(reader)};
    frame->info.captured_realtime_ns = wire_get_i64(reader);
    frame->age_ns = max_i64(wire_get_i64(reader), 0);
    frame->info.generation = wire_get_u64(reader);
    frame->info.width_px = wire_get_u16(reader);
    frame->info.height_px = wire_get_u16(reader);
    frame->info.orientation = wire_get_u8(reader);
    frame->info.state = get_state(reader);
    frame->info.is_recorded = get_flag(reader);
    frame->payload.count = reader->count;
    frame->payload.bytes = wire_get_bytes(reader, reader->count);
    require(reader, frame->total_bytes <= FRAME_PAYLOAD_MAX_BYTES && frame->payload.count > 0 &&
                        frame->offset <= frame->total_bytes &&
                        frame->payload.count <= frame->total_bytes - frame->offset && frame->info.orientation <= 8);
    return !reader->is_broken;
}

void answer_message_write(struct wire_writer *writer, const struct answer_message *answer) {
    wire_put_u32(writer, answer->lease);
    wire_put_i64(writer, answer->lease_sent_ns);
    wire_put_u32(writer, answer->refusal_count);
}

bool answer_message_read(struct wire_reader *reader, struct answer_message *answer) {
    answer->lease = wire_get_u32(reader);
    answer->lease_sent_ns = wire_get_i64(reader);
    answer->refusal_count = wire_get_u32(reader);
    require(reader, answer->refusal_count <= CLUSTER_CHANNELS_MAX);
    return !reader->is_broken;
}

void channel_refusal_write(struct wire_writer *writer, const struct channel_refusal *refusal) {
    wire_put_u32(writer, refusal->channel);
    wire_put_u8(writer, refusal->has_ended);
    wire_put_text(writer, refusal->reason.text);
}

bool channel_refusal_read(struct wire_reader *reader, struct channel_refusal *refusal) {
    refusal->channel = wire_get_u32(reader);
    refusal->has_ended = get_flag(reader);
    wire_get_text(reader, refusal->reason.text, sizeof refusal->reason.text);
    return !reader->is_broken;
}
