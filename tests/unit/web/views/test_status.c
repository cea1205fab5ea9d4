#include "web/views/status.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define NEW_YEAR_NS (INT64_C(1767225600) * NS_PER_S) /* 2026-01-01T00:00:00Z */

static struct subscriber_snapshot viewer = {
    .id = 7,
    .remote = "127.0.0.1:52034",
    .route = "video_feed",
    .connected_ns = 3234567890,
    .sent = 90,
    .skipped = 2,
    .bytes = 3600000,
    .fps = 29.912,
};

static struct topic_snapshot live_camera(void) {
    return (struct topic_snapshot){
        .settings = {.id = "front-door", .name = "Front door", .source = "emulated", .fps = 30},
        .state = STATE_LIVE,
        .state_since_realtime_ns = NEW_YEAR_NS + 500 * NS_PER_MS,
        .created_realtime_ns = NEW_YEAR_NS + NS_PER_MS,
        .width_px = 1280,
        .height_px = 720,
        .format = "MJPEG",
        .captured_fps = 29.9701,
        .published = 1234,
        .dropped = 1,
        .invalid = 2,
        .restarts = 3,
        .last_sequence = 1237,
        .last_captured_realtime_ns = NEW_YEAR_NS + 12345678 * NS_PER_US,
        .last_age_ns = 12999999,
        .last_bytes = 40123,
        .motion = {.is_configured = true, .is_active = true, .score = 12, .events = 3},
        .subscriber_count = 1,
        .subscribers = &viewer,
    };
}

static struct topic_snapshot new_camera(const char *id, enum camera_state state, const char *error) {
    struct topic_snapshot camera = {
        .settings = {.name = "New", .source = "pattern"},
        .state = state,
        .state_since_realtime_ns = NEW_YEAR_NS,
        .created_realtime_ns = NEW_YEAR_NS,
    };
    strcpy(camera.settings.id, id);
    strcpy(camera.error, error);
    return camera;
}

#define LIVE_CAMERA                                                                                                    \
    "{\"id\":\"front-door\",\"name\":\"Front door\",\"source\":\"emulated\",\"state\":\"live\","                       \
    "\"state_since\":\"2026-01-01T00:00:00.500Z\",\"error\":null,\"counting_since\":\"2026-01-01T00:00:00.001Z\","     \
    "\"restarts\":3,\"width\":1280,\"height\":720,"                                                                    \
    "\"format\":\"MJPEG\",\"fps\":{\"configured\":30.0,\"captured\":29.97},"                                           \
    "\"frames\":{\"published\":1234,\"dropped\":1,\"invalid\":2},"                                                     \
    "\"last_frame\":{\"sequence\":1237,\"captured_at\":\"2026-01-01T00:00:12.345678Z\",\"age_ms\":12,"                 \
    "\"bytes\":40123},\"motion\":{\"active\":true,\"moving\":false,\"score\":12,\"events\":3},"                        \
    "\"recording\":null,\"variants\":[],"                                                                              \
    "\"subscribers\":[{\"id\":7,\"remote\":\"127.0.0.1:52034\","                                                       \
    "\"route\":\"video_feed\",\"connected_s\":3.235,\"sent\":90,\"skipped\":2,\"bytes\":3600000,\"fps\":29.91,"        \
    "\"variant\":null}]}"
#define NEW_CAMERA                                                                                                     \
    "{\"id\":\"new\",\"name\":\"New\",\"source\":\"pattern\",\"state\":\"offline\","                                   \
    "\"state_since\":\"2026-01-01T00:00:00.000Z\",\"error\":\"no such "                                                \
    "device\",\"counting_since\":\"2026-01-01T00:00:00.000Z\",\"restarts\":0,\"width\":null,"                          \
    "\"height\":null,\"format\":null,\"fps\":{\"configured\":null,\"captured\":0.0},"                                  \
    "\"frames\":{\"published\":0,\"dropped\":0,\"invalid\":0},\"last_frame\":null,\"motion\":null,"                    \
    "\"recording\":null,\"variants\":[],"                                                                              \
    "\"subscribers\":[]}"

static void assert_text(char *text, const char *expected) {
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void status_shows_the_whole_broker(void **state) {
    (void)state;
    struct topic_snapshot cameras[] = {live_camera(), new_camera("new", STATE_OFFLINE, "no such device")};
    const struct broker_snapshot snapshot = {
        .started_realtime_ns = NEW_YEAR_NS,
        .uptime_ns = 12345678901,
        .workers = {.threads = 2, .queued = 1, .replaced = 9},
        .frames = {.frames = 10, .bytes = 400000},
        .topic_count = 2,
        .topics = cameras,
    };
    const struct server_counts counts = {
        .streams_active = 3,
        .streams_max = 256,
        .streams_rejected = 4,
        .reloads = {.count = 3, .failed = 1, .last_ns = NEW_YEAR_NS, .last_fault = {"c.json:1: no"}}};
    char *text = status_render(&snapshot, &counts);
    assert_non_null(text);
    /* The version is the build's. */
    assert_int_equal(strncmp(text, "{\"version\":\"", 12), 0);
    char *after_version = strstr(text, "\",\"uptime_s\"");
    assert_non_null(after_version);
    assert_string_equal(after_version, "\",\"uptime_s\":12.346,\"started_at\":\"2026-01-01T00:00:00Z\","
                                       "\"streams\":{\"active\":3,\"max\":256,\"rejected\":4},"
                                       "\"workers\":{\"threads\":2,\"queued\":1,\"replaced\":9},"
                                       "\"memory\":{\"frames\":10,\"bytes\":400000},"
                                       "\"reloads\":{\"count\":3,\"failed\":1,"
                                       "\"last_at\":\"2026-01-01T00:00:00.000Z\",\"last_error\":\"c.json:1: "
                                       "no\"},\"mqtt\":{\"state\":\"off\",\"error\":null},"
                                       "\"cluster\":{\"state\":\"off\",\"error\":null,\"nodes\":0,\"online\":0},"
                                       "\"recording\":null,"
                                       "\"cameras\":[" LIVE_CAMERA "," NEW_CAMERA "]}");
    free(text);
}

static void recording_is_shown_where_there_is_any(void **state) {
    (void)state;
    struct recorder_camera_status recorded = {.id = "front-door",
                                              .mode = RECORD_ALWAYS,
                                              .is_writing = true,
                                              .bytes = 1000,
                                              .oldest_ns = NEW_YEAR_NS,
                                              .newest_ns = NEW_YEAR_NS,
                                              .lost_frames = 2};
    struct recorder_status recording = {
        .path = "/r", .bytes = 1000, .free_bytes = 5, .camera_count = 1, .cameras = &recorded};
    struct topic_snapshot cameras[] = {live_camera(), new_camera("new", STATE_OFFLINE, "no such device")};
    const struct broker_snapshot snapshot = {.topic_count = 2, .topics = cameras};
    const struct server_counts counts = {.recording = &recording};
    char *text = status_render(&snapshot, &counts);
    assert_non_null(strstr(
        text,
        "\"recording\":{\"path\":\"/r\",\"state\":\"recording\",\"error\":null,\"bytes\":1000,\"free_bytes\":5}"));
    assert_non_null(strstr(text, "\"recording\":{\"mode\":\"always\",\"state\":\"recording\",\"bytes\":1000,"
                                 "\"oldest\":\"2026-01-01T00:00:00.000Z\",\"newest\":\"2026-01-01T00:00:00.000Z\","
                                 "\"lost_frames\":2}"));
    assert_non_null(strstr(text, "\"recording\":{\"mode\":\"off\",\"state\":\"off\",\"bytes\":0,\"oldest\":null,"
                                 "\"newest\":null,\"lost_frames\":0}"));
    free(text);
    recording.state = RECORDER_FAILED;
    reason_set(&recording.reason, "no disk");
    recorded.is_writing = false;
    text = status_render(&snapshot, &counts);
    assert_non_null(strstr(text, "\"state\":\"failed\",\"error\":\"no disk\""));
    assert_non_null(strstr(text, "\"mode\":\"always\",\"state\":\"failed\""));
    free(text);
}

static void list_holds_each_camera(void **state) {
    (void)state;
    struct topic_snapshot cameras[] = {new_camera("new", STATE_OFFLINE, "no such device"), live_camera()};
    const struct broker_snapshot snapshot = {.topic_count = 2, .topics = cameras};
    assert_text(status_render_cameras(&snapshot, NULL), "{\"cameras\":[" NEW_CAMERA "," LIVE_CAMERA "]}");
    const struct broker_snapshot empty = {0};
    assert_text(status_render_cameras(&empty, NULL), "{\"cameras\":[]}");
}

static void a_brief_camera_lacks_who_watches_it(void **state) {
    (void)state;
    struct topic_snapshot camera = new_camera("new", STATE_OFFLINE, "no such device");
    camera.is_brief = true;
    const char brief[] = "\"last_frame\":null,\"motion\":null,\"recording\":null}";
    char *text = status_render_camera(&camera, NULL);
    assert_non_null(text);
    assert_int_equal(strncmp(text, NEW_CAMERA, strlen(text) - 1), 0); /* the same up to there */
    assert_string_equal(text + strlen(text) - strlen(brief), brief);
    free(text);
}

static void one_camera_is_as_in_the_list(void **state) {
    (void)state;
    struct topic_snapshot camera = live_camera();
    assert_text(status_render_camera(&camera, NULL), LIVE_CAMERA);
}

static void broken_and_special_text_is_still_json(void **state) {
    (void)state;
    struct topic_snapshot camera = new_camera("1", STATE_OFFLINE, "cannot open \"a\xff\n\"");
    char *text = status_render_camera(&camera, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"error\":\"cannot open \\\"a?\\n\\\"\""));
    free(text);
}

static void ready_when_no_camera_holds_up(void **state) {
    (void)state;
    struct topic_snapshot cameras[] = {live_camera(), new_camera("2", STATE_IDLE, "")};
    const struct broker_snapshot snapshot = {.topic_count = 2, .topics = cameras};
    bool ready = false;
    assert_text(status_render_ready(&snapshot, NULL, &ready), "{\"status\":\"ready\"}");
    assert_true(ready);
}

static void not_ready_names_the_cameras_that_hold_up(void **state) {
    (void)state;
    struct topic_snapshot cameras[] = {live_camera(), new_camera("a", STATE_STARTING, ""),
                                       new_camera("b", STATE_STALE, "no frame for 3 s"),
                                       new_camera("c", STATE_OFFLINE, "no such device")};
    const struct broker_snapshot snapshot = {.topic_count = 4, .topics = cameras};
    bool ready = true;
    assert_text(status_render_ready(&snapshot, NULL, &ready),
                "{\"status\":\"not_ready\",\"cameras\":[{\"id\":\"a\",\"state\":\"starting\",\"error\":null},"
                "{\"id\":\"b\",\"state\":\"stale\",\"error\":\"no frame for 3 s\"},"
                "{\"id\":\"c\",\"state\":\"offline\",\"error\":\"no such device\"}]}");
    assert_false(ready);
}

static void health_says_ok(void **state) {
    (void)state;
    char *text = status_render_health();
    assert_non_null(text);
    assert_int_equal(strncmp(text, "{\"status\":\"ok\",\"version\":\"", 26), 0);
    free(text);
}

static void variants_are_listed_and_so_is_who_is_on_which(void **state) {
    (void)state;
    struct variant_snapshot variants[] = {
        {.name = "thumb", .width_px = 320, .height_px = 180, .quality = 60, .fps = 5, .subscriber_count = 1},
        {.fps = 0}};
    struct subscriber_snapshot on_variant = viewer;
    on_variant.variant = 1;
    struct topic_snapshot camera = live_camera();
    camera.subscribers = &on_variant;
    camera.variants = variants;
    camera.variant_count = 2;
    char *text = status_render_camera(&camera, NULL);
    assert_non_null(text);
    assert_non_null(strstr(text, "\"variants\":[{\"name\":\"thumb\",\"width\":320,\"height\":180,\"quality\":60,"
                                 "\"subscribers\":1,\"fps\":5.0},{\"name\":null,\"width\":null,\"height\":null,"
                                 "\"quality\":null,\"subscribers\":0,\"fps\":0.0}]"));
    assert_non_null(strstr(text, "\"variant\":{\"width\":320,\"quality\":60}}]"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_are_listed_and_so_is_who_is_on_which),
        cmocka_unit_test(status_shows_the_whole_broker),
        cmocka_unit_test(recording_is_shown_where_there_is_any),
        cmocka_unit_test(list_holds_each_camera),
        cmocka_unit_test(one_camera_is_as_in_the_list),
        cmocka_unit_test(broken_and_special_text_is_still_json),
        cmocka_unit_test(ready_when_no_camera_holds_up),
        cmocka_unit_test(not_ready_names_the_cameras_that_hold_up),
        cmocka_unit_test(health_says_ok),
        cmocka_unit_test(a_brief_camera_lacks_who_watches_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
