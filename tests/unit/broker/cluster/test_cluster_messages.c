/* What nodes say to each other: to bytes and back. */
#include "tests/unit/broker/cluster/round_trip.h"

#include <stdio.h>

/* ---- Presence ---- */

static void beacon_arrives(void **state) {
    (void)state;
    struct beacon_message read, beacon = {.epoch = UINT64_MAX,
                                          .started_realtime_ns = 1,
                                          .sent_realtime_ns = 2,
                                          .generation = 3,
                                          .is_leaving = true,
                                          .camera_count = CLUSTER_CAMERAS_MAX};
    ROUND_TRIP(beacon_message, &beacon, &read);
    assert_true(read.epoch == UINT64_MAX && read.started_realtime_ns == 1 && read.sent_realtime_ns == 2);
    assert_true(read.generation == 3 && read.is_leaving && !read.is_new);
    assert_int_equal(read.camera_count, CLUSTER_CAMERAS_MAX);
    REFUSES_OTHER_VERSION(beacon_message, &read);
    beacon.camera_count++;
    REFUSES(beacon_message, &beacon, &read);
    beacon.camera_count = UINT32_MAX;
    REFUSES(beacon_message, &beacon, &read);
}

static void figures_arrive(void **state) {
    (void)state;
    struct camera_figures read, figures = {.state = STATE_STALE,
                                           .sequence = 12,
                                           .captured_realtime_ns = -13,
                                           .age_ns = 14,
                                           .motion_is_configured = true,
                                           .motion_is_moving = true};
    ROUND_TRIP(camera_figures, &figures, &read);
    assert_int_equal(read.state, STATE_STALE);
    assert_true(read.sequence == 12 && read.captured_realtime_ns == -13 && read.age_ns == 14);
    assert_true(read.motion_is_configured && !read.motion_is_active && read.motion_is_moving);
    message[0] = STATE_OFFLINE + 1;
    struct wire_reader reader = {.bytes = message, .count = message_count};
    assert_false(camera_figures_read(&reader, &read));
    figures.age_ns = -1; /* a picture of the future: of now */
    struct wire_writer writer = {.bytes = message, .capacity = sizeof message};
    camera_figures_write(&writer, &figures);
    reader = (struct wire_reader){.bytes = message, .count = writer.count};
    assert_true(camera_figures_read(&reader, &read));
    assert_true(read.age_ns == 0);
}

/* ---- The directory ---- */

static void directory_arrives(void **state) {
    (void)state;
    struct directory_message read,
        directory = {.epoch = 1, .generation = 2, .total = CLUSTER_CAMERAS_MAX, .from = 100, .count = 3};
    ROUND_TRIP(directory_message, &directory, &read);
    assert_true(read.epoch == 1 && read.generation == 2 && read.from == 100 && read.count == 3);
    assert_int_equal(read.total, CLUSTER_CAMERAS_MAX);
    REFUSES_OTHER_VERSION(directory_message, &read);
    static const struct directory_message hostile[] = {
        {.total = CLUSTER_CAMERAS_MAX + 1},
        {.total = UINT32_MAX, .count = UINT32_MAX},
        {.total = 10, .from = 11},
        {.total = 10, .from = 5, .count = 6},
        {.total = 10, .from = 5, .count = UINT32_MAX},
        {.total = 10, .from = UINT32_MAX, .count = 11},
    };
    for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
        REFUSES(directory_message, &hostile[i], &read);
    }
}

static struct directory_entry make_entry(void) {
    struct directory_entry entry = {.settings = {.id = "front",
                                                 .name = "H\xC3\xB6he",
                                                 .ring_frames = 8,
                                                 .stale_after_ns = 3 * NS_PER_S,
                                                 .fps = 12.5,
                                                 .has_controls = true,
                                                 .max_variants = 64},
                                    .generation = 5,
                                    .error = {"no such device"},
                                    .width_px = 1920,
                                    .height_px = 1080,
                                    .figures = {.state = STATE_OFFLINE, .sequence = 9}};
    for (size_t i = 0; i < TOPIC_VARIANTS_MAX; i++) {
        struct variant_settings *variant = &entry.settings.variants[entry.settings.variant_count++];
        snprintf(variant->name, sizeof variant->name, "v%zu", i);
        variant->request = (struct variant_request){.width_px = 320 + (uint32_t)i, .quality = 70, .fps = 2};
    }
    return entry;
}

static void entry_arrives(void **state) {
    (void)state;
    struct directory_entry read, entry = make_entry();
    ROUND_TRIP(directory_entry, &entry, &read);
    assert_string_equal(read.settings.id, "front");
    assert_string_equal(read.settings.name, entry.settings.name);
    assert_true(read.settings.ring_frames == 8 && read.settings.stale_after_ns == 3 * NS_PER_S);
    assert_true(read.settings.fps == 12.5 && read.settings.has_controls && read.settings.max_variants == 64);
    assert_int_equal(read.settings.variant_count, TOPIC_VARIANTS_MAX);
    assert_string_equal(read.settings.variants[31].name, "v31");
    assert_int_equal(read.settings.variants[31].request.width_px, 351);
    assert_true(read.settings.variants[31].request.fps == 2);
    assert_true(read.generation == 5 && read.width_px == 1920 && read.height_px == 1080);
    assert_string_equal(read.error.text, "no such device");
    assert_int_equal(read.figures.state, STATE_OFFLINE);
    assert_true(read.figures.sequence == 9);
}

static void entry_that_is_out_of_bounds_is_refused(void **state) {
    (void)state;
    static const char *const ids[] = {"", "a b", "site-a.front", "../front", "-front", "Front"};
    struct directory_entry read, entry;
    for (size_t i = 0; i < sizeof ids / sizeof ids[0]; i++) {
        entry = make_entry();
        snprintf(entry.settings.id, sizeof entry.settings.id, "%s", ids[i]);
        REFUSES(directory_entry, &entry, &read);
        entry = make_entry();
        snprintf(entry.settings.variants[3].name, sizeof entry.settings.variants[3].name, "%s", ids[i]);
        REFUSES(directory_entry, &entry, &read);
    }
#define REFUSES_ENTRY(field, value)                                                                                    \
    do {                                                                                                               \
        entry = make_entry();                                                                                          \
        entry.field = value;                                                                                           \
        REFUSES(directory_entry, &entry, &read);                                                                       \
    } while (0)
    REFUSES_ENTRY(settings.ring_frames, 0);
    REFUSES_ENTRY(settings.ring_frames, 65);
    REFUSES_ENTRY(settings.stale_after_ns, -1);
    REFUSES_ENTRY(settings.stale_after_ns, INT64_MAX);
    REFUSES_ENTRY(settings.fps, -1);
    REFUSES_ENTRY(settings.fps, 1e300);
    REFUSES_ENTRY(settings.variants[0].request.width_px, UINT32_MAX);
    REFUSES_ENTRY(settings.variants[0].request.quality, 101);
    REFUSES_ENTRY(settings.variants[31].request.fps, -0.5);
    REFUSES_ENTRY(width_px, 65536);
    REFUSES_ENTRY(height_px, UINT32_MAX);
}

static void variants_are_bounded(void **state) {
    (void)state;
    static const uint8_t counts[] = {TOPIC_VARIANTS_MAX + 1, 255};
    struct directory_entry read, entry = make_entry();
    entry.settings.variant_count = 0;
    struct wire_writer writer = {.bytes = message, .capacity = sizeof message};
    directory_entry_write(&writer, &entry);
    const size_t at = 2 + strlen(entry.settings.id) + 2 + strlen(entry.settings.name) + 1 + 8 + 8 + 1 + 1;
    assert_int_equal(message[at], 0);
    for (size_t i = 0; i < sizeof counts; i++) {
        message[at] = counts[i];
        struct wire_reader reader = {.bytes = message, .count = sizeof message};
        assert_false(directory_entry_read(&reader, &read));
        assert_true(read.settings.variant_count <= TOPIC_VARIANTS_MAX);
    }
}

/* The reason of one camera, cut inside a character, does not hide the others. */
static void entry_with_a_broken_reason_arrives(void **state) {
    (void)state;
    struct directory_entry read, entry = make_entry();
    snprintf(entry.error.text, sizeof entry.error.text, "cannot open caf\xC3");
    struct wire_writer writer = {.bytes = message, .capacity = sizeof message};
    directory_entry_write(&writer, &entry);
    struct wire_reader reader = {.bytes = message, .count = writer.count};
    assert_true(directory_entry_read(&reader, &read));
    assert_string_equal(read.error.text, "cannot open caf?");
}

/* ---- Demand ---- */

static void lease_arrives(void **state) {
    (void)state;
    struct lease_message read, lease = {.epoch = 1,
                                        .number = 2,
                                        .sent_ns = -3,
                                        .max_in_flight = 4,
                                        .stream = 5,
                                        .received = 6,
                                        .channel_count = CLUSTER_CHANNELS_MAX};
    ROUND_TRIP(lease_message, &lease, &read);
    assert_true(read.epoch == 1 && read.number == 2 && read.sent_ns == -3 && read.max_in_flight == 4);
    assert_true(read.stream == 5 && read.received == 6 && read.channel_count == CLUSTER_CHANNELS_MAX);
    REFUSES_OTHER_VERSION(lease_message, &read);
    lease.channel_count++;
    REFUSES(lease_message, &lease, &read);
    lease.channel_count = UINT32_MAX;
    REFUSES(lease_message, &lease, &read);
}

static void channel_arrives(void **state) {
    (void)state;
    struct lease_channel read,
        channel = {.number = 7, .camera = "front", .request = {.width_px = 640, .quality = 60, .fps = 0.5}};
    ROUND_TRIP(lease_channel, &channel, &read);
    assert_true(read.number == 7 && read.request.width_px == 640 && read.request.quality == 60);
    assert_string_equal(read.camera, "front");
    assert_true(read.request.fps == 0.5 && read.playback == 0);
    channel.playback = 3;
    channel.at_ns = 10;
    channel.to_ns = INT64_MAX;
    channel.speed = 4;
    channel.shows_gaps = true;
    ROUND_TRIP(lease_channel, &channel, &read);
    assert_true(read.playback == 3 && read.at_ns == 10 && read.to_ns == INT64_MAX);
    assert_true(read.speed == 4 && read.shows_gaps);
#define REFUSES_CHANNEL(field, value)                                                                                  \
    do {                                                                                                               \
        struct lease_channel hostile = channel;                                                                        \
        hostile.field = value;                                                                                         \
        REFUSES(lease_channel, &hostile, &read);                                                                       \
    } while (0)
    REFUSES_CHANNEL(camera[0], '.');
    REFUSES_CHANNEL(camera[0], '\0');
    REFUSES_CHANNEL(at_ns, -1);
    REFUSES_CHANNEL(to_ns, 9);
    REFUSES_CHANNEL(speed, 0);
    REFUSES_CHANNEL(speed, -1);
    REFUSES_CHANNEL(speed, 1e9);
    REFUSES_CHANNEL(request.fps, 1e9);
    REFUSES_CHANNEL(request.width_px, 65536);
    REFUSES_CHANNEL(request.quality, 200);
}

static void ack_arrives(void **state) {
    (void)state;
    struct ack_message read, ack = {.epoch = 1, .stream = 2, .number = 3, .waited_ns = 4};
    ROUND_TRIP(ack_message, &ack, &read);
    assert_true(read.epoch == 1 && read.stream == 2 && read.number == 3 && read.waited_ns == 4);
    REFUSES_OTHER_VERSION(ack_message, &read);
}

/* ---- Delivery ---- */

static void delivery_arrives(void **state) {
    (void)state;
    struct delivery_message read,
        delivery = {.kind = DELIVERY_ANSWER, .epoch = 1, .stream = 2, .number = 3, .sent_ns = 4};
    ROUND_TRIP(delivery_message, &delivery, &read);
    assert_int_equal(read.kind, DELIVERY_ANSWER);
    assert_true(read.epoch == 1 && read.stream == 2 && read.number == 3 && read.sent_ns == 4);
    REFUSES_OTHER_VERSION(delivery_message, &read);
    delivery.stream = 0;
    REFUSES(delivery_message, &delivery, &read);
    delivery.stream = 1;
    for (unsigned kind = 0; kind < 256; kind++) {
        struct wire_writer writer = {.bytes = message, .capacity = sizeof message};
        delivery_message_write(&writer, &delivery);
        message[1] = (uint8_t)kind;
        struct wire_reader reader = {.bytes = message, .count = writer.count};
        assert_true(delivery_message_read(&reader, &read) == (kind == DELIVERY_FRAME || kind == DELIVERY_ANSWER));
    }
}

static const uint8_t picture[] = {0xFF, 0xD8, 1, 2, 3};

static struct frame_message make_part(void) {
    return (struct frame_message){.channel = 1,
                                  .total_bytes = 1000,
                                  .offset = 995,
                                  .info = {.sequence = 2,
                                           .captured_realtime_ns = 3,
                                           .generation = 4,
                                           .width_px = 1920,
                                           .height_px = 1080,
                                           .orientation = 8,
                                           .state = STATE_LIVE,
                                           .is_recorded = true},
                                  .age_ns = 5};
}

static bool read_part(const struct frame_message *part, size_t count, struct frame_message *read) {
    struct wire_writer writer = {.bytes = message, .capacity = sizeof message};
    frame_message_write(&writer, part);
    message_count = writer.count;
    wire_put_bytes(&writer, picture, count);
    struct wire_reader reader = {.bytes = message, .count = writer.count};
    return frame_message_read(&reader, read);
}

static void part_of_a_frame_arrives(void **state) {
    (void)state;
    struct frame_message read = {.number = 77}, part = make_part();
    assert_true(read_part(&part, sizeof picture, &read));
    assert_true(read.number == 77 && read.channel == 1 && read.total_bytes == 1000 && read.offset == 995);
    assert_true(read.info.sequence == 2 && read.info.captured_realtime_ns == 3 && read.info.generation == 4);
    assert_true(read.info.width_px == 1920 && read.info.height_px == 1080 && read.info.orientation == 8);
    assert_true(read.info.format == FRAME_JPEG && read.info.state == STATE_LIVE && read.info.is_recorded);
    assert_true(read.age_ns == 5);
    assert_int_equal(read.payload.count, sizeof picture);
    assert_ptr_equal(read.payload.bytes, message + message_count);
    for (size_t i = 0; i <= message_count; i++) { /* without any of the picture, too */
        struct wire_reader reader = {.bytes = message, .count = i};
        assert_false(frame_message_read(&reader, &read));
    }
    struct wire_writer writer = {.bytes = message, .capacity = sizeof message};
    delivery_message_write(&writer, &(struct delivery_message){.kind = DELIVERY_FRAME});
    assert_true(writer.count + message_count <= FRAME_HEADER_BYTES);
}

static void part_that_is_out_of_bounds_is_refused(void **state) {
    (void)state;
    struct frame_message read;
#define REFUSES_PART(field, value)                                                                                     \
    do {                                                                                                               \
        struct frame_message hostile = make_part();                                                                    \
        hostile.field = value;                                                                                         \
        assert_false(read_part(&hostile, sizeof picture, &read));                                                      \
    } while (0)
    REFUSES_PART(total_bytes, 999);
    REFUSES_PART(total_bytes, 0);
    REFUSES_PART(total_bytes, (uint32_t)FRAME_PAYLOAD_MAX_BYTES + 1);
    REFUSES_PART(total_bytes, UINT32_MAX);
    REFUSES_PART(offset, 996);
    REFUSES_PART(offset, 1001);
    REFUSES_PART(offset, UINT32_MAX);
    REFUSES_PART(info.orientation, 9);
    REFUSES_PART(info.state, STATE_OFFLINE + 1);
    struct frame_message future = make_part();
    future.age_ns = INT64_MIN;
    assert_true(read_part(&future, sizeof picture, &read));
    assert_true(read.age_ns == 0);
}

static void answer_arrives(void **state) {
    (void)state;
    struct answer_message read, answer = {.lease = 1, .lease_sent_ns = 2, .refusal_count = CLUSTER_CHANNELS_MAX};
    ROUND_TRIP(answer_message, &answer, &read);
    assert_true(read.lease == 1 && read.lease_sent_ns == 2 && read.refusal_count == CLUSTER_CHANNELS_MAX);
    answer.refusal_count++;
    REFUSES(answer_message, &answer, &read);
    answer.refusal_count = UINT32_MAX;
    REFUSES(answer_message, &answer, &read);
}

static void refusal_arrives(void **state) {
    (void)state;
    struct channel_refusal read, refusal = {.channel = 1, .has_ended = true, .reason = {"there is no such camera"}};
    ROUND_TRIP(channel_refusal, &refusal, &read);
    assert_true(read.channel == 1 && read.has_ended);
    assert_string_equal(read.reason.text, "there is no such camera");
    memset(refusal.reason.text, 'a', sizeof refusal.reason.text - 1);
    ROUND_TRIP(channel_refusal, &refusal, &read);
    assert_int_equal(strlen(read.reason.text), sizeof read.reason.text - 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(beacon_arrives),
        cmocka_unit_test(figures_arrive),
        cmocka_unit_test(directory_arrives),
        cmocka_unit_test(entry_arrives),
        cmocka_unit_test(entry_that_is_out_of_bounds_is_refused),
        cmocka_unit_test(variants_are_bounded),
        cmocka_unit_test(entry_with_a_broken_reason_arrives),
        cmocka_unit_test(lease_arrives),
        cmocka_unit_test(channel_arrives),
        cmocka_unit_test(ack_arrives),
        cmocka_unit_test(delivery_arrives),
        cmocka_unit_test(part_of_a_frame_arrives),
        cmocka_unit_test(part_that_is_out_of_bounds_is_refused),
        cmocka_unit_test(answer_arrives),
        cmocka_unit_test(refusal_arrives),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
