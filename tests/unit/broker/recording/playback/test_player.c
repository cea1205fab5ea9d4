#include "broker/recording/playback/player.h"

#include "broker/base/sync.h"
#include "tests/unit/broker/recording/recorded_fixture.h"

#include <sched.h>

#define CAMERAS_MAX 3

struct fixture {
    struct recorded recorded;
    struct players *players;
    struct inbox *inbox;
    struct topic *topics[CAMERAS_MAX];
    struct subscriber *subscribers[CAMERAS_MAX];
};

static enum err draw_gap(struct frame_pool *pool, const struct gap *gap, struct frame **jpeg) {
    assert_string_equal(gap->name, "Camera");
    *jpeg = make_frame(pool, 0);
    return ERR_OK;
}

static int set_up(void **state) {
    static struct fixture fixture;
    fixture = (struct fixture){.players = NULL};
    recorded_make(&fixture.recorded);
    assert_int_equal(
        players_create(fixture.recorded.folder.path, fixture.recorded.folder.pool, draw_gap, &fixture.players), ERR_OK);
    assert_int_equal(inbox_create(&fixture.inbox), ERR_OK);
    static const char *const ids[CAMERAS_MAX] = {"a", "b", "c"};
    for (int i = 0; i < CAMERAS_MAX; i++) {
        struct topic_settings settings = {.name = "Camera", .source = "test", .ring_frames = 1, .on_demand = true};
        snprintf(settings.id, sizeof settings.id, "%s", ids[i]);
        assert_int_equal(topic_create(&settings, NULL, &fixture.topics[i]), ERR_OK);
    }
    *state = &fixture;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *fixture = *state;
    for (int i = 0; i < CAMERAS_MAX; i++) {
        subscriber_destroy(&fixture->subscribers[i]);
        topic_unref(&fixture->topics[i]);
    }
    players_destroy(&fixture->players);
    inbox_destroy(&fixture->inbox);
    recorded_remove(&fixture->recorded);
    return 0;
}

static struct playback *begin(struct fixture *fixture, size_t cameras, struct playback_settings settings) {
    settings.topics = fixture->topics;
    settings.topic_count = cameras;
    settings.at_ns += NEW_YEAR_NS;
    settings.to_ns = settings.to_ns == 0 ? INT64_MAX : settings.to_ns + NEW_YEAR_NS;
    struct playback *playback = NULL;
    assert_int_equal(playback_begin(fixture->players, &settings, &playback), ERR_OK);
    for (size_t i = 0; i < cameras; i++) {
        fixture->subscribers[i] = subscribe(fixture->topics[i], fixture->inbox);
    }
    return playback;
}

/* The next frame of any camera; *camera says of which. NULL once all topics are closed. */
static struct frame *next_frame(struct fixture *fixture, size_t cameras, size_t *camera) {
    struct event news = {.fd = inbox_fd(fixture->inbox)};
    for (;;) {
        size_t closed = 0;
        for (*camera = 0; *camera < cameras; (*camera)++) {
            struct frame *frame = NULL;
            enum err error = subscriber_take(fixture->subscribers[*camera], &frame);
            if (error == ERR_OK) {
                return frame;
            }
            closed += error == ERR_CLOSED;
        }
        if (closed == cameras) {
            return NULL;
        }
        assert_true(event_wait_until(&news, clock_monotonic_ns() + PATIENCE_NS));
        inbox_begin(fixture->inbox);
        while (inbox_next(fixture->inbox) != NULL) {
        }
    }
}

static void frames_come_in_their_order_at_their_pace(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "a", 11, 0, NS_PER_S / 10, 10, true);
    int64_t began_ns = clock_monotonic_ns();
    struct playback *playback = begin(fixture, 1, (struct playback_settings){.at_ns = 200 * NS_PER_MS, .speed = 1});
    uint64_t sequence = 13;
    size_t camera;
    struct frame *frame;
    while ((frame = next_frame(fixture, 1, &camera)) != NULL) {
        const struct frame_info *info = frame_info(frame);
        if (info->sequence != sequence++) { /* a busy machine may have been too late for one of them */
            print_message("skipped to %llu\n", (unsigned long long)info->sequence);
            sequence = info->sequence + 1;
        }
        int64_t captured_ns = info->captured_realtime_ns - NEW_YEAR_NS;
        assert_int_equal(captured_ns, (int64_t)(info->sequence - 11) * NS_PER_S / 10);
        assert_true(clock_monotonic_ns() - began_ns >= captured_ns - 200 * NS_PER_MS);
        assert_true(info->is_recorded);
        assert_int_equal(info->state, STATE_LIVE);
        frame_unref(&frame);
    }
    assert_int_equal(sequence, 21);
    playback_end(&playback);
}

static void cameras_of_other_rates_stay_in_step(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "a", 1, 0, NS_PER_S / 5, 15, true);
    recorded_add(&fixture->recorded, "b", 1, 0, NS_PER_S / 25, 75, true);
    struct playback *playback = begin(fixture, 2, (struct playback_settings){.at_ns = 2 * NS_PER_S, .speed = 1});
    int64_t shown_ns[2] = {0, 0};
    unsigned counts[2] = {0, 0};
    size_t camera;
    struct frame *frame;
    while ((frame = next_frame(fixture, 2, &camera)) != NULL) {
        shown_ns[camera] = frame_info(frame)->captured_realtime_ns;
        counts[camera]++;
        frame_unref(&frame);
        if (camera == 1 && shown_ns[0] != 0) { /* a interval of a, and what a busy machine needs */
            assert_in_range(shown_ns[1] - shown_ns[0] + NS_PER_S, NS_PER_S - 200 * NS_PER_MS,
                            NS_PER_S + 500 * NS_PER_MS);
        }
    }
    assert_in_range(counts[0], 3, 5);
    assert_in_range(counts[1], 5, 25);
    playback_end(&playback);
}

static void what_is_fast_skips_frames_and_reaches_the_end(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "a", 1, 0, NS_PER_S / 30, 1800, true);
    struct playback *playback = begin(fixture, 1, (struct playback_settings){.speed = 64});
    unsigned count = 0;
    uint64_t last = 0;
    size_t camera;
    struct frame *frame;
    while ((frame = next_frame(fixture, 1, &camera)) != NULL) {
        assert_true(frame_info(frame)->sequence > last);
        last = frame_info(frame)->sequence;
        count++;
        frame_unref(&frame);
    }
    assert_int_equal(last, 1800);
    assert_in_range(count, 2, 80); /* 60 a second at most, for a second */
    playback_end(&playback);
}

static void time_without_frames_of_any_camera_is_skipped(void **state) {
    struct fixture *fixture = *state;
    struct recorded *recorded = &fixture->recorded;
    recorded_add(recorded, "a", 1, 0, NS_PER_S / 10, 2, true);
    recorded_add(recorded, "a", 3, 7200 * NS_PER_S, NS_PER_S / 10, 2, true);
    recorded_add(recorded, "b", 1, 3600 * NS_PER_S, NS_PER_S / 10, 2, true);
    struct playback *playback = begin(fixture, 3, (struct playback_settings){.speed = 1}); /* c has nothing */
    static const struct {
        size_t camera;
        uint64_t sequence;
    } expected[] = {{0, 1}, {0, 2}, {1, 1}, {1, 2}, {0, 3}, {0, 4}};
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        size_t camera;
        struct frame *frame = next_frame(fixture, 3, &camera);
        assert_non_null(frame);
        assert_int_equal(camera, expected[i].camera);
        assert_int_equal(frame_info(frame)->sequence, expected[i].sequence);
        frame_unref(&frame);
    }
    size_t camera;
    assert_null(next_frame(fixture, 3, &camera));
    playback_end(&playback);
}

static void a_gap_is_shown_where_that_is_asked_for(void **state) {
    struct fixture *fixture = *state;
    struct recorded *recorded = &fixture->recorded;
    recorded_add(recorded, "a", 1, 0, NS_PER_S / 10, 2, true);
    recorded_add(recorded, "a", 3, 16 * NS_PER_S, NS_PER_S / 10, 1, true);
    struct playback *playback = begin(fixture, 1, (struct playback_settings){.speed = 8, .shows_gaps = true});
    const int64_t began_ns = clock_monotonic_ns();
    bool was_shown = false;
    uint64_t last = 0;
    size_t camera;
    struct frame *frame;
    while ((frame = next_frame(fixture, 1, &camera)) != NULL) {
        const struct frame_info *info = frame_info(frame);
        if (info->state == STATE_OFFLINE) {
            assert_in_range(last, 1, 2);
            assert_false(was_shown);
            was_shown = true;
            assert_true(info->is_recorded);
        } else {
            last = info->sequence;
        }
        frame_unref(&frame);
    }
    assert_true(was_shown);
    assert_int_equal(last, 3);
    assert_true(clock_monotonic_ns() - began_ns > 1500 * NS_PER_MS); /* its time passes */
    playback_end(&playback);
}

static void a_playback_ends_behind_its_last_time(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "a", 1, 0, NS_PER_S / 10, 100, true);
    struct playback *playback =
        begin(fixture, 1, (struct playback_settings){.at_ns = NS_PER_S, .to_ns = 1300 * NS_PER_MS, .speed = 1});
    uint64_t last = 0;
    size_t camera;
    struct frame *frame;
    while ((frame = next_frame(fixture, 1, &camera)) != NULL) {
        last = frame_info(frame)->sequence;
        frame_unref(&frame);
    }
    assert_int_equal(last, 14);
    playback_end(&playback);
}

static void nothing_recorded_ends_at_once(void **state) {
    struct fixture *fixture = *state;
    struct playback *playback = begin(fixture, 1, (struct playback_settings){.speed = 1});
    size_t camera;
    assert_null(next_frame(fixture, 1, &camera));
    playback_end(&playback);
}

static void a_playback_can_be_ended_while_it_plays(void **state) {
    struct fixture *fixture = *state;
    recorded_add(&fixture->recorded, "a", 1, 0, NS_PER_S / 10, 1000, true);
    struct playback *playback = begin(fixture, 1, (struct playback_settings){.speed = 1});
    size_t camera;
    struct frame *frame = next_frame(fixture, 1, &camera);
    assert_non_null(frame);
    frame_unref(&frame);
    playback_end(&playback);
    assert_null(playback);
    while ((frame = next_frame(fixture, 1, &camera)) != NULL) {
        frame_unref(&frame);
    }
}

static void there_are_only_so_many_cameras(void **state) {
    struct fixture *fixture = *state;
    struct topic *topics[PLAYERS_CAMERAS_MAX];
    for (unsigned i = 0; i < PLAYERS_CAMERAS_MAX; i++) {
        topics[i] = fixture->topics[0];
    }
    struct playback_settings settings = {
        .topics = topics, .topic_count = PLAYERS_CAMERAS_MAX, .to_ns = INT64_MAX, .speed = 1};
    struct playback *all = NULL, *one_more = NULL;
    assert_int_equal(playback_begin(fixture->players, &settings, &all), ERR_OK);
    settings.topic_count = 1;
    assert_int_equal(playback_begin(fixture->players, &settings, &one_more), ERR_BUSY);
    playback_end(&all);
    const int64_t until_ns = clock_monotonic_ns() + PATIENCE_NS;
    enum err error;
    while ((error = playback_begin(fixture->players, &settings, &one_more)) == ERR_BUSY) {
        assert_true(clock_monotonic_ns() < until_ns);
        sched_yield();
    }
    assert_int_equal(error, ERR_OK);
    playback_end(&one_more);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(frames_come_in_their_order_at_their_pace),
        TEST(cameras_of_other_rates_stay_in_step),
        TEST(what_is_fast_skips_frames_and_reaches_the_end),
        TEST(time_without_frames_of_any_camera_is_skipped),
        TEST(a_gap_is_shown_where_that_is_asked_for),
        TEST(a_playback_ends_behind_its_last_time),
        TEST(nothing_recorded_ends_at_once),
        TEST(a_playback_can_be_ended_while_it_plays),
        TEST(there_are_only_so_many_cameras),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
