/* The cameras that others may see. */
#include "broker/cluster/directory.h"
#include "tests/topics.h"
#include "tests/unit/support.h"

#include <stdio.h>

#define EPOCH 77
#define CAMERAS 20

static const char *const patterns[] = {"open*"};
static const struct cluster_settings settings = {.exports = patterns, .export_count = 1};
static const struct cluster_settings no_exports = {.export_count = 0};

static struct broker *broker;
static struct cluster_rules rules;
static struct directory *directory;
static uint8_t bytes[64 * 1024];
static struct wire_reader reader;

static void add_camera(const char *id) {
    struct topic_settings topic = {.ring_frames = 2, .source = "pattern", .stale_after_ns = 3 * NS_PER_S};
    snprintf(topic.id, sizeof topic.id, "%s", id);
    snprintf(topic.name, sizeof topic.name, "Camera %s", id);
    assert_int_equal(add_topic(broker, &topic, NULL), ERR_OK);
}

static int set_up(void **state) {
    (void)state;
    assert_int_equal(broker_create(&(struct broker_settings){.workers = 1}, &broker), ERR_OK);
    cluster_rules_init(&rules, &settings);
    add_camera("secret");
    for (unsigned i = 0; i < CAMERAS; i++) {
        char id[16];
        snprintf(id, sizeof id, "open-%u", i);
        add_camera(id);
    }
    assert_int_equal(directory_create(broker, &rules, EPOCH, &directory), ERR_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    directory_destroy(&directory);
    cluster_rules_finish(&rules);
    broker_close(broker);
    broker_destroy(&broker);
    return 0;
}

/* The head of a page that has so much room; its entries follow in the reader. */
static struct directory_message take_page(uint32_t from, size_t room) {
    struct directory_message head;
    struct wire_writer writer = {.bytes = bytes, .capacity = room};
    directory_write_page(directory, from, &writer);
    assert_false(writer.is_full);
    reader = (struct wire_reader){.bytes = bytes, .count = writer.count};
    assert_true(directory_message_read(&reader, &head));
    assert_true(head.epoch == EPOCH);
    return head;
}

static struct beacon_message take_beacon(void) {
    struct beacon_message beacon;
    struct wire_writer writer = {.bytes = bytes, .capacity = sizeof bytes};
    directory_write_beacon(directory, &(struct beacon_message){.started_realtime_ns = 5, .is_new = true}, &writer);
    reader = (struct wire_reader){.bytes = bytes, .count = writer.count};
    assert_true(beacon_message_read(&reader, &beacon));
    return beacon;
}

static void lists_what_is_exported(void **state) {
    (void)state;
    const struct directory_message head = take_page(0, sizeof bytes);
    assert_int_equal(directory_count(directory), CAMERAS);
    assert_true(head.total == CAMERAS && head.from == 0 && head.count == CAMERAS);
    for (unsigned i = 0; i < CAMERAS; i++) {
        struct directory_entry entry;
        char id[16], name[32];
        assert_true(directory_entry_read(&reader, &entry));
        snprintf(id, sizeof id, "open-%u", i);
        snprintf(name, sizeof name, "Camera %s", id);
        assert_string_equal(entry.settings.id, id);
        assert_string_equal(entry.settings.name, name);
        assert_int_equal(entry.settings.ring_frames, 2);
    }
    assert_int_equal(reader.count, 0);
}

static void pages_cover_all_of_it(void **state) {
    (void)state;
    unsigned pages = 0, count = 0;
    for (uint32_t from = 0; from < CAMERAS; pages++) {
        const struct directory_message head = take_page(from, 500);
        assert_true(head.total == CAMERAS && head.from == from && head.count > 0);
        for (uint32_t i = 0; i < head.count; i++, count++) {
            struct directory_entry entry;
            char id[16];
            assert_true(directory_entry_read(&reader, &entry));
            snprintf(id, sizeof id, "open-%u", count);
            assert_string_equal(entry.settings.id, id);
        }
        assert_int_equal(reader.count, 0);
        from += head.count;
    }
    assert_true(pages > 1);
    assert_int_equal(count, CAMERAS);
}

static void place_behind_its_end_is_an_empty_page(void **state) {
    (void)state;
    static const uint32_t places[] = {CAMERAS, CAMERAS + 1, UINT32_MAX};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        const struct directory_message head = take_page(places[i], sizeof bytes);
        assert_true(head.total == CAMERAS && head.from == CAMERAS && head.count == 0);
        assert_int_equal(reader.count, 0);
    }
}

static void any_room_is_kept_to(void **state) {
    (void)state;
    for (size_t room = 0; room < 400; room++) {
        memset(bytes, 0xEE, sizeof bytes);
        struct wire_writer writer = {.bytes = bytes, .capacity = room};
        directory_write_page(directory, 0, &writer);
        assert_true(writer.count <= room);
        for (size_t i = room; i < room + 100; i++) {
            assert_int_equal(bytes[i], 0xEE);
        }
        struct directory_message head;
        struct directory_entry entry;
        reader = (struct wire_reader){.bytes = bytes, .count = writer.count};
        assert_true(directory_message_read(&reader, &head) == !writer.is_full);
        for (uint32_t i = 0; !writer.is_full && i < head.count; i++) {
            assert_true(directory_entry_read(&reader, &entry));
        }
    }
}

static void beacon_has_figures_in_the_same_order(void **state) {
    (void)state;
    struct frame_pool *pool = broker_frame_pool(broker);
    struct topic *topic = broker_find_topic(broker, "open-3");
    publish(topic, pool, 9);
    topic_unref(&topic);
    const struct beacon_message beacon = take_beacon();
    assert_true(beacon.epoch == EPOCH && beacon.started_realtime_ns == 5 && beacon.is_new && !beacon.is_leaving);
    assert_true(beacon.sent_realtime_ns > 0);
    assert_int_equal(beacon.camera_count, CAMERAS);
    for (unsigned i = 0; i < CAMERAS; i++) {
        struct camera_figures figures;
        assert_true(camera_figures_read(&reader, &figures));
        assert_int_equal(figures.sequence, i == 3 ? 9 : 0);
        assert_true((figures.captured_realtime_ns > 0) == (i == 3));
    }
    assert_int_equal(reader.count, 0);
}

static void generation_changes_with_what_is_listed(void **state) {
    (void)state;
    const uint64_t generation = take_beacon().generation;
    assert_true(take_page(0, sizeof bytes).generation == generation);
    assert_false(directory_refresh(directory));
    add_camera("secret-too"); /* which nobody sees */
    assert_false(directory_refresh(directory));
    assert_true(take_beacon().generation == generation);
    add_camera("open-too");
    assert_true(directory_refresh(directory));
    assert_false(directory_refresh(directory));
    assert_true(take_beacon().generation == generation + 1);
    assert_int_equal(directory_count(directory), CAMERAS + 1);
    struct topic *topic = broker_find_topic(broker, "open-too");
    topic_set_state(topic, STATE_OFFLINE, "no such device");
    topic_unref(&topic);
    assert_true(directory_refresh(directory));
    cluster_rules_set(&rules, &no_exports);
    assert_true(directory_refresh(directory));
    const struct directory_message head = take_page(0, sizeof bytes);
    assert_true(head.generation == generation + 3 && head.total == 0 && head.count == 0);
}

static void pictures_do_not_change_the_generation(void **state) {
    (void)state;
    struct topic *topic = broker_find_topic(broker, "open-0");
    publish(topic, broker_frame_pool(broker), 1);
    (void)directory_refresh(directory); /* it is live now */
    const uint64_t generation = take_beacon().generation;
    publish(topic, broker_frame_pool(broker), 2);
    assert_false(directory_refresh(directory));
    assert_true(take_beacon().generation == generation);
    topic_unref(&topic);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(lists_what_is_exported),
        TEST(pages_cover_all_of_it),
        TEST(place_behind_its_end_is_an_empty_page),
        TEST(any_room_is_kept_to),
        TEST(beacon_has_figures_in_the_same_order),
        TEST(generation_changes_with_what_is_listed),
        TEST(pictures_do_not_change_the_generation),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
