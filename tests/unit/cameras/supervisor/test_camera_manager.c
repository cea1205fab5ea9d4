#include "broker/subscriber.h"
#include "cameras/supervisor/camera_manager.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/sync.h"
#include "cameras/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CAMERAS 8
#define PATIENCE_NS (20 * NS_PER_S)

static struct broker *broker;
static struct camera_manager *manager;
static struct camera_manager_report report;

/* ---- A driver that does not listen: it stays in open() until the test lets it go. ---- */

static struct event entered, let_go;

static enum err stubborn_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                              struct reason *reason) {
    (void)context;
    (void)deadline_ns;
    (void)state;
    event_set(&entered);
    bool released = event_wait_until(&let_go, clock_monotonic_ns() + PATIENCE_NS);
    reason_set(reason, released ? "let go" : "forgotten");
    return ERR_IO;
}

static const struct control_ops no_controls = {.list = NULL};
static const struct driver_ops stubborn_driver = {.open = stubborn_open, .controls = &no_controls};

static const struct setting_table no_settings = {.name = "stubborn"};
static const struct camera_type stubborn_type = {
    .name = "stubborn", .driver = &stubborn_driver, .settings = &no_settings};

/* ---- What the tests share ---- */

static int set_up(void **state) {
    (void)state;
    assert_int_equal(event_init(&entered), ERR_OK);
    assert_int_equal(event_init(&let_go), ERR_OK);
    assert_int_equal(broker_create(&(struct broker_settings){.workers = 2}, &broker), ERR_OK);
    assert_int_equal(camera_manager_create(broker, &manager), ERR_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    event_set(&let_go);
    camera_manager_report_finish(&report);
    camera_manager_destroy(&manager);
    broker_destroy(&broker);
    event_finish(&let_go);
    event_finish(&entered);
    return 0;
}

static struct camera_settings pattern_settings(unsigned place) {
    struct camera_settings settings = {
        .topic = {.name = "A pattern",
                  .source = "pattern",
                  .ring_frames = 4,
                  .idle_timeout_ns = NS_PER_S,
                  .fps = 50,
                  .stale_after_ns = PATIENCE_NS},
        .source = {.type = camera_type_find("pattern"), .fps = 50, .width_px = 160, .height_px = 120, .quality = 80}};
    snprintf(settings.topic.id, sizeof settings.topic.id, "camera-%u", place);
    return settings;
}

static struct camera_settings stubborn_settings(unsigned place) {
    struct camera_settings settings = pattern_settings(place);
    settings.source.type = &stubborn_type;
    settings.topic.on_demand = false;
    return settings;
}

static void apply(const struct camera_settings *settings, size_t count) {
    struct reason reason = {""};
    camera_manager_report_finish(&report);
    struct camera_manager_change *change = NULL;
    assert_int_equal(camera_manager_prepare(manager, settings, count, &change, &reason), ERR_OK);
    camera_manager_commit(manager, &change, &report);
    assert_null(change);
    struct topic_list *list = broker_topics(broker);
    assert_int_equal(list->count, count);
    for (size_t i = 0; i < count; i++) {
        assert_string_equal(topic_id(list->topics[i]), settings[i].topic.id);
    }
    topic_list_unref(&list);
}

static void assert_fate(size_t place, const char *id, enum camera_manager_fate fate) {
    assert_true(place < report.count);
    assert_string_equal(report.entries[place].id, id);
    assert_int_equal(report.entries[place].fate, fate);
}

static struct subscriber *watch(struct topic *topic) {
    struct subscriber *viewer;
    assert_int_equal(
        subscriber_create(topic, NULL, &(struct subscriber_settings){.remote = "test", .route = "test"}, &viewer),
        ERR_OK);
    return viewer;
}

/* The sequence of a live frame of that width that is captured from now on. */
static uint64_t await_frame(struct subscriber *viewer, uint32_t width_px) {
    const int64_t from_ns = clock_monotonic_ns();
    uint32_t width_now_px;
    uint64_t sequence;
    do {
        struct frame *frame;
        assert_int_equal(subscriber_wait(viewer, from_ns, false, from_ns + PATIENCE_NS, &frame), ERR_OK);
        width_now_px = frame_info(frame)->width_px;
        sequence = frame_info(frame)->sequence;
        frame_unref(&frame);
    } while (width_now_px != width_px && clock_monotonic_ns() < from_ns + PATIENCE_NS);
    assert_int_equal(width_now_px, width_px);
    return sequence;
}

static void await_live(unsigned place) {
    struct topic *topic = broker_topic_at(broker, place);
    assert_non_null(topic);
    struct subscriber *viewer = watch(topic);
    await_frame(viewer, 160);
    subscriber_destroy(&viewer);
    topic_unref(&topic);
}

/* Without the subscribers. */
static struct topic_snapshot snapshot_of(struct topic *topic) {
    struct topic_snapshot snapshot;
    assert_int_equal(topic_snapshot(topic, &snapshot), ERR_OK);
    topic_snapshot_finish(&snapshot);
    return snapshot;
}

/* ---- Tests ---- */

static void every_camera_serves_its_own_topic(void **state) {
    (void)state;
    struct camera_settings settings[CAMERAS];
    for (unsigned i = 0; i < CAMERAS; i++) {
        settings[i] = pattern_settings(i);
    }
    apply(settings, CAMERAS);
    for (unsigned i = 0; i < CAMERAS; i++) {
        assert_fate(i, settings[i].topic.id, CAMERA_MANAGER_ADDED);
        await_live(i);
    }
}

static void the_topic_tells_whether_its_camera_has_controls(void **state) {
    (void)state;
    struct camera_settings settings[] = {stubborn_settings(1), pattern_settings(2)};
    apply(settings, 2);
    for (size_t i = 0; i < 2; i++) {
        struct topic *topic = broker_topic_at(broker, i);
        assert_int_equal(topic_has_controls(topic), i == 0);
        topic_unref(&topic);
    }
}

/* A rotation shows in the size, and takes the same way as a mask. */
static void no_frame_of_former_settings_is_shown_after_a_change(void **state) {
    (void)state;
    struct camera_settings settings = pattern_settings(1);
    apply(&settings, 1);
    struct topic *topic = broker_topic_at(broker, 0);
    struct subscriber *viewer = watch(topic);
    await_frame(viewer, 160);
    for (unsigned i = 0; i < 10; i++) {
        const bool turned = i % 2 == 0;
        settings.filter.turn_degrees = turned ? 90 : 0;
        apply(&settings, 1);
        int64_t from_ns = 0;
        for (unsigned j = 0; j < 3; j++) {
            struct frame *frame = NULL;
            assert_int_equal(subscriber_wait(viewer, from_ns, false, clock_monotonic_ns() + PATIENCE_NS, &frame),
                             ERR_OK);
            assert_int_equal(frame_info(frame)->width_px, turned ? 120 : 160);
            from_ns = frame_info(frame)->captured_monotonic_ns + 1;
            frame_unref(&frame);
        }
        assert_int_equal(snapshot_of(topic).width_px, turned ? 120 : 160);
    }
    subscriber_destroy(&viewer);
    topic_unref(&topic);
}

static void an_unchanged_camera_stays_open_and_loses_nothing(void **state) {
    (void)state;
    struct camera_settings settings[] = {pattern_settings(1), pattern_settings(2)};
    apply(settings, 2);
    struct topic *topic = broker_topic_at(broker, 0);
    struct subscriber *viewer = watch(topic);
    await_frame(viewer, 160);
    struct topic_snapshot before = snapshot_of(topic);
    for (unsigned i = 0; i < 20; i++) {
        settings[1].topic.ring_frames = 1 + i % 3;
        struct camera_settings turned[] = {settings[1], settings[0]};
        apply(i % 2 == 0 ? turned : settings, 2);
        assert_fate(i % 2 == 0 ? 1 : 0, "camera-1", CAMERA_MANAGER_UNCHANGED);
        await_frame(viewer, 160);
    }
    struct topic_snapshot after;
    int64_t deadline_ns = clock_monotonic_ns() + PATIENCE_NS;
    do { /* what is lost between two frames is counted a moment before or after the second of them */
        assert_true(clock_monotonic_ns() < deadline_ns);
        await_frame(viewer, 160);
        after = snapshot_of(topic);
    } while (after.published + after.dropped != after.last_sequence);
    assert_int_equal(after.state_since_realtime_ns, before.state_since_realtime_ns); /* live all the time */
    subscriber_destroy(&viewer);
    topic_unref(&topic);
}

static void a_changed_camera_keeps_its_viewers_and_its_sequence(void **state) {
    (void)state;
    struct camera_settings settings = pattern_settings(1);
    apply(&settings, 1);
    struct topic *topic = broker_topic_at(broker, 0);
    struct subscriber *viewer = watch(topic);
    uint64_t before = await_frame(viewer, 160);
    settings.source.width_px = 320;
    settings.topic.ring_frames = 1;
    snprintf(settings.topic.name, sizeof settings.topic.name, "Another name");
    apply(&settings, 1);
    assert_fate(0, "camera-1", CAMERA_MANAGER_CHANGED);
    assert_true(await_frame(viewer, 320) > before);
    char name[TOPIC_NAME_MAX_BYTES + 1];
    topic_copy_name(topic, name);
    assert_string_equal(name, "Another name");
    subscriber_destroy(&viewer);
    topic_unref(&topic);
}

static void a_removed_camera_closes_its_topic(void **state) {
    (void)state;
    struct camera_settings settings[] = {pattern_settings(1), pattern_settings(2)};
    apply(settings, 2);
    struct topic *topic = broker_topic_at(broker, 0);
    struct subscriber *viewer = watch(topic);
    await_frame(viewer, 160);
    apply(&settings[1], 1);
    assert_int_equal(report.count, 2);
    assert_fate(0, "camera-2", CAMERA_MANAGER_UNCHANGED);
    assert_fate(1, "camera-1", CAMERA_MANAGER_REMOVED);
    struct frame *frame;
    assert_int_equal(subscriber_take(viewer, &frame), ERR_CLOSED);
    subscriber_destroy(&viewer);
    topic_unref(&topic);
    await_live(0);
}

static void a_returning_id_is_a_new_camera(void **state) {
    (void)state;
    struct camera_settings settings = pattern_settings(1);
    apply(&settings, 1);
    await_live(0);
    apply(NULL, 0);
    apply(&settings, 1);
    assert_fate(0, "camera-1", CAMERA_MANAGER_ADDED);
    await_live(0);
}

/* The storage that the camera had is freed only now: sanitizers see whether something still borrows from it. */
static void settings_live_as_long_as_their_camera(void **state) {
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct camera_settings settings = pattern_settings(1);
        assert_int_equal(arena_create(&settings.arena), ERR_OK);
        struct fault_settings *fault = arena_alloc(settings.arena, 1, sizeof *fault);
        assert_non_null(fault);
        *fault = (struct fault_settings){.kind = FAULT_TRUNCATED, .at_frame = 1 + i / 2};
        settings.source.faults = fault;
        settings.source.fault_count = 1;
        apply(&settings, 1);
        arena_unref(&settings.arena);
        await_live(0);
        assert_fate(0, "camera-1",
                    i == 0   ? CAMERA_MANAGER_ADDED
                    : i == 1 ? CAMERA_MANAGER_UNCHANGED
                             : CAMERA_MANAGER_CHANGED);
    }
}

static void await_entry(void) {
    assert_true(event_wait_until(&entered, clock_monotonic_ns() + PATIENCE_NS));
    event_clear(&entered);
}

static void a_driver_that_hangs_holds_up_no_other_change(void **state) {
    (void)state;
    struct camera_settings settings[] = {stubborn_settings(1), pattern_settings(2)};
    apply(settings, 2);
    await_entry();
    int64_t began_ns = clock_monotonic_ns();
    settings[1].topic.ring_frames = 2;
    apply(&settings[1], 1);
    assert_fate(0, "camera-2", CAMERA_MANAGER_CHANGED);
    await_live(0);
    assert_true(clock_monotonic_ns() - began_ns < PATIENCE_NS / 2);
    event_set(&let_go);
    apply(&settings[1], 1);
}

static void a_camera_whose_driver_hangs_is_started_again_when_that_returns(void **state) {
    (void)state;
    struct camera_settings settings = stubborn_settings(1);
    apply(&settings, 1);
    await_entry();
    for (unsigned i = 0; i < 2; i++) { /* the second time while the first one still waits */
        settings.topic.ring_frames++;
        apply(&settings, 1);
        assert_fate(0, "camera-1", CAMERA_MANAGER_CHANGED);
    }
    assert_false(event_wait_until(&entered, 0)); /* never two of them on one device */
    event_set(&let_go);
    await_entry();
}

static void frozen_cameras_end_together(void **state) {
    (void)state;
    static const struct fault_settings freeze = {.kind = FAULT_FREEZE, .at_frame = 2, .for_ns = INT64_MAX};
    struct camera_settings settings[CAMERAS];
    for (unsigned i = 0; i < CAMERAS; i++) {
        settings[i] = pattern_settings(i);
        settings[i].topic.on_demand = false;
        settings[i].source.faults = &freeze;
        settings[i].source.fault_count = 1;
    }
    apply(settings, CAMERAS);
    for (unsigned i = 0; i < CAMERAS; i++) {
        struct topic *topic = broker_topic_at(broker, i);
        struct subscriber *viewer = watch(topic);
        struct frame *frame;
        assert_int_equal(subscriber_wait(viewer, 0, false, clock_monotonic_ns() + PATIENCE_NS, &frame), ERR_OK);
        frame_unref(&frame);
        subscriber_destroy(&viewer);
        topic_unref(&topic);
    }
    int64_t began_ns = clock_monotonic_ns();
    camera_manager_destroy(&manager);
    assert_true(clock_monotonic_ns() - began_ns < 2 * NS_PER_S);
}

static void empty_camera_manager_ends(void **state) {
    (void)state;
    camera_manager_destroy(&manager);
    assert_null(manager);
}

#define camera_manager_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        camera_manager_test(every_camera_serves_its_own_topic),
        camera_manager_test(the_topic_tells_whether_its_camera_has_controls),
        camera_manager_test(no_frame_of_former_settings_is_shown_after_a_change),
        camera_manager_test(an_unchanged_camera_stays_open_and_loses_nothing),
        camera_manager_test(a_changed_camera_keeps_its_viewers_and_its_sequence),
        camera_manager_test(a_removed_camera_closes_its_topic),
        camera_manager_test(a_returning_id_is_a_new_camera),
        camera_manager_test(settings_live_as_long_as_their_camera),
        camera_manager_test(a_driver_that_hangs_holds_up_no_other_change),
        camera_manager_test(a_camera_whose_driver_hangs_is_started_again_when_that_returns),
        camera_manager_test(frozen_cameras_end_together),
        camera_manager_test(empty_camera_manager_ends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
