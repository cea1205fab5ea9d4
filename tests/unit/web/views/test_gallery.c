#include "web/views/gallery.h"

#include "broker/base/clock.h"
#include "web/assets/assets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct topic_snapshot camera_of(const char *id, const char *name, enum camera_state state) {
    struct topic_snapshot camera = {.settings = {.source = "pattern"}, .state = state};
    strcpy(camera.settings.id, id);
    strcpy(camera.settings.name, name);
    return camera;
}

static size_t occurrences(const char *page, const char *text) {
    size_t count = 0;
    for (const char *at = strstr(page, text); at != NULL; at = strstr(at + 1, text)) {
        count++;
    }
    return count;
}

static void assert_shows(const char *page, const char *text) {
    if (strstr(page, text) == NULL) {
        print_error("missing: %s\n", text);
    }
    assert_non_null(strstr(page, text));
}

static const struct page_settings root = {.base_path = ""};
static const struct page_settings cams = {.base_path = "/cams", .stream_life_ns = 1500 * NS_PER_MS};

static char *render_gallery(struct topic_snapshot *cameras, size_t count) {
    const struct broker_snapshot snapshot = {.topic_count = count, .topics = cameras};
    static const char *const floor[] = {"2", "front-*", "*or"}, *const nowhere[] = {"nobody"};
    static const struct wall_view list[] = {{"Ground <floor>", floor, 3, 9}, {"Nowhere", nowhere, 1, 0}};
    static const struct wall_views views = {.list = list, .count = 2};
    char *page = gallery_render(&snapshot, &views, &cams);
    assert_non_null(page);
    assert_null(strstr(page, "{{"));
    assert_shows(page, "</html>");
    assert_shows(page, "<base href=\"/cams/\">");
    return page;
}

static char *render_camera(const struct topic_snapshot *camera) {
    char *page = gallery_render_camera(camera, &cams);
    assert_non_null(page);
    assert_null(strstr(page, "{{"));
    assert_shows(page, "</html>");
    return page;
}

static void gallery_has_a_tile_for_each_camera(void **state) {
    (void)state;
    struct topic_snapshot cameras[] = {camera_of("front-door", "Front door", STATE_LIVE),
                                       camera_of("2", "Garage", STATE_OFFLINE), camera_of("3", "Yard", STATE_LIVE)};
    strcpy(cameras[1].error, "no such device");
    char *page = render_gallery(cameras, 3);
    assert_int_equal(occurrences(page, "class=\"tile\""), 3);
    assert_shows(page, "<p class=\"empty\" hidden>");
    assert_shows(page, "src=\"camera/front-door/snapshot\"");
    assert_shows(page, "<a href=\"camera/2\" title=\"Garage\">Garage</a>");
    assert_shows(page, ">no such device</p>");
    free(page);
}

static void views_are_tabs_with_the_cameras_that_may_be_seen(void **state) {
    (void)state;
    struct topic_snapshot cameras[] = {camera_of("front-door", "Front door", STATE_LIVE),
                                       camera_of("2", "Garage", STATE_OFFLINE)};
    char *page = render_gallery(cameras, 2);
    assert_shows(page, "data-name=\"Ground &lt;floor&gt;\" data-layout=\"9\" data-cameras=\"2,front-door\">");
    assert_null(strstr(page, "Nowhere"));
    free(page);
}

static void gallery_without_cameras_says_so(void **state) {
    (void)state;
    char *page = render_gallery(NULL, 0);
    assert_int_equal(occurrences(page, "class=\"tile\""), 0);
    assert_shows(page, "<p class=\"empty\" >No cameras are configured yet.");
    free(page);
}

static void many_cameras_fit(void **state) {
    (void)state;
    enum { COUNT = 1000 };
    struct topic_snapshot *cameras = calloc(COUNT, sizeof *cameras);
    assert_non_null(cameras);
    for (size_t i = 0; i < COUNT; i++) {
        cameras[i] = camera_of("x", "X", (enum camera_state)(i % 5));
    }
    char *page = render_gallery(cameras, COUNT);
    assert_int_equal(occurrences(page, "class=\"tile\""), COUNT);
    free(page);
    free(cameras);
}

static void markup_in_texts_is_shown_as_text(void **state) {
    (void)state;
    struct topic_snapshot camera = camera_of("1", "<script>alert(1)</script>\" onload='x' {name}", STATE_OFFLINE);
    strcpy(camera.error, "<b>&");
    char *pages[] = {render_gallery(&camera, 1), render_camera(&camera)};
    for (size_t i = 0; i < 2; i++) {
        assert_null(strstr(pages[i], "<script>alert"));
        assert_null(strstr(pages[i], "\" onload"));
        assert_shows(pages[i], "&lt;script&gt;alert(1)&lt;/script&gt;&quot; onload=&#39;x&#39; {name}");
        assert_shows(pages[i], "&lt;b&gt;&amp;");
        free(pages[i]);
    }
}

static void marker_in_a_name_is_not_filled_in(void **state) {
    (void)state;
    struct topic_snapshot camera = camera_of("1", "{{error}}", STATE_OFFLINE);
    char *page = gallery_render_camera(&camera, &root);
    assert_non_null(page);
    assert_shows(page, "<h1>{{error}}</h1>");
    free(page);
}

static void camera_page_shows_stream_and_figures(void **state) {
    (void)state;
    struct topic_snapshot camera = camera_of("front-door", "Front door", STATE_LIVE);
    camera.settings.fps = 30;
    camera.captured_fps = 29.97;
    camera.width_px = 1280;
    camera.height_px = 720;
    camera.format = "MJPEG";
    camera.published = 4321;
    camera.last_sequence = 4321;
    camera.last_age_ns = 12 * NS_PER_MS;
    char *page = render_camera(&camera);
    assert_shows(page, "<title>Front door – framebroker</title>");
    assert_shows(page, "<img class=\"picture\" src=\"camera/front-door/video_feed\"");
    assert_shows(page, "href=\"camera/front-door/snapshot\"");
    assert_shows(page, "href=\"api/cameras/front-door\"");
    assert_shows(page, "data-figure=\"published\">4321<");
    free(page);
}

static void status_page_shows_the_whole_broker(void **state) {
    (void)state;
    struct topic_snapshot cameras[] = {camera_of("front-door", "Front <door>", STATE_LIVE),
                                       camera_of("2", "Garage", STATE_OFFLINE)};
    strcpy(cameras[1].error, "no such device");
    const struct broker_snapshot snapshot = {
        .topic_count = 2,
        .topics = cameras,
        .uptime_ns = 90 * NS_PER_S,
        .workers = {.threads = 4, .queued = 5, .replaced = 6},
        .frames = {.frames = 7, .bytes = 1234567},
    };
    const struct server_counts counts = {.streams_active = 8, .streams_max = 256, .streams_rejected = 9};
    char *page = gallery_render_status(&snapshot, &counts, &root);
    assert_non_null(page);
    assert_null(strstr(page, "{{"));
    static const char *const shown[] = {
        "data-figure=\"streams\">8</b> of 256<",
        "data-figure=\"rejected\">9<",
        "data-figure=\"threads\">4<",
        "data-figure=\"queued\">5<",
        "data-figure=\"replaced\">6<",
        "data-figure=\"frames\">7<",
        "<a href=\"camera/front-door\">Front &lt;door&gt;</a>",
        ">no such device<",
    };
    for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
        assert_shows(page, shown[i]);
    }
    assert_int_equal(occurrences(page, "<tr data-id="), 2);
    free(page);
}

static void idle_camera_that_failed_is_offline(void **state) {
    (void)state;
    struct topic_snapshot cameras[] = {camera_of("1", "Dead", STATE_IDLE), camera_of("2", "Asleep", STATE_IDLE)};
    strcpy(cameras[0].error, "no such device");
    char *page = render_gallery(cameras, 2);
    assert_shows(page, "data-id=\"1\" data-state=\"offline\"");
    assert_shows(page, "data-id=\"2\" data-state=\"idle\"");
    free(page);
}

static void assets_have_an_address_that_changes_with_them(void **state) {
    (void)state;
    char *page = render_gallery(NULL, 0);
    char address[64];
    assert_int_equal(strlen(asset_version()), ASSET_VERSION_DIGITS);
    snprintf(address, sizeof address, "src=\"assets/%s/wall.js\"", asset_version());
    assert_shows(page, address);
    free(page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gallery_has_a_tile_for_each_camera),
        cmocka_unit_test(views_are_tabs_with_the_cameras_that_may_be_seen),
        cmocka_unit_test(gallery_without_cameras_says_so),
        cmocka_unit_test(many_cameras_fit),
        cmocka_unit_test(markup_in_texts_is_shown_as_text),
        cmocka_unit_test(marker_in_a_name_is_not_filled_in),
        cmocka_unit_test(camera_page_shows_stream_and_figures),
        cmocka_unit_test(status_page_shows_the_whole_broker),
        cmocka_unit_test(idle_camera_that_failed_is_offline),
        cmocka_unit_test(assets_have_an_address_that_changes_with_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
