#include "tests/unit/web/route_fixture.h"

#include <stdio.h>

static void every_path_has_its_target(void **state) {
    (void)state;
    assert_route("/", NULL, ROUTE_GALLERY, "");
    assert_route("/camera/front-door", NULL, ROUTE_CAMERA_PAGE, "front-door");
    assert_route("/camera/1/video_feed", NULL, ROUTE_VIDEO_FEED, "1");
    assert_route("/camera/a_b/snapshot", NULL, ROUTE_SNAPSHOT, "a_b");
    assert_route("/status", NULL, ROUTE_STATUS_PAGE, "");
    assert_route("/api/status", NULL, ROUTE_STATUS, "");
    assert_route("/api/cameras", NULL, ROUTE_CAMERAS, "");
    assert_route("/api/events", NULL, ROUTE_EVENTS, "");
    assert_route("/api/cameras/x", NULL, ROUTE_CAMERA, "x");
    assert_route("/api/cameras/x/controls", NULL, ROUTE_CONTROLS, "x");
    assert_route("/api/openapi.json", NULL, ROUTE_OPENAPI, "");
    assert_route("/healthz", NULL, ROUTE_HEALTH, "");
    assert_route("/readyz", NULL, ROUTE_READY, "");
    assert_route("/metrics", NULL, ROUTE_METRICS, "");
    assert_route("/feed", NULL, ROUTE_FEED, "");
    assert_route("/assets/gallery.css", NULL, ROUTE_ASSET, "gallery.css");
}

static void every_pattern_is_reached(void **state) {
    (void)state;
    for (size_t i = 0; i < route_path_count; i++) {
        const char *pattern = route_paths[i].pattern, *open = strchr(pattern, '{');
        char path[128];
        snprintf(path, sizeof path, "%.*s%s%s", open == NULL ? (int)strlen(pattern) : (int)(open - pattern), pattern,
                 open == NULL ? "" : "x", open == NULL ? "" : strchr(open, '}') + 1);
        struct route route;
        struct route_error error;
        const char *method = (route_paths[i].methods & METHOD_GET) != 0 ? "GET" : "POST";
        assert_int_equal(route_parse(method, path, NULL, &route, &error), ERR_OK);
        assert_int_equal(route.target, route_paths[i].target);
        assert_string_equal(route.name, open == NULL ? "" : "x");
    }
}

static void only_controls_can_be_put(void **state) {
    (void)state;
    struct route route;
    struct route_error error;
    assert_int_equal(route_parse("PUT", "/api/cameras/1/controls", NULL, &route, &error), ERR_OK);
    assert_int_equal(route.method, METHOD_PUT);
    assert_int_equal(route_parse("GET", "/api/cameras/1/controls", NULL, &route, &error), ERR_OK);
    assert_int_equal(route.method, METHOD_GET);
    assert_int_equal(route_parse("POST", "/api/cameras/1/controls", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "GET, HEAD, PUT");
    assert_int_equal(route_parse("PUT", "/api/cameras/1", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "GET, HEAD");
}

static void a_reload_is_posted(void **state) {
    (void)state;
    struct route route;
    struct route_error error;
    assert_int_equal(route_parse("POST", "/api/reload", NULL, &route, &error), ERR_OK);
    assert_int_equal(route.target, ROUTE_RELOAD);
    assert_refused("GET", "/api/reload", NULL, 405, "method_not_allowed");
    assert_refused("HEAD", "/api/reload", NULL, 405, "method_not_allowed");
}

static void frames_can_only_be_posted(void **state) {
    (void)state;
    struct route route;
    struct route_error error;
    assert_int_equal(route_parse("POST", "/camera/a/ingest", NULL, &route, &error), ERR_OK);
    assert_int_equal(route_parse("GET", "/camera/a/frame", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "POST");
}

static void aliases_mean_the_first_camera(void **state) {
    (void)state;
    assert_route("/video_feed", NULL, ROUTE_VIDEO_FEED, "");
    assert_route("/stream", NULL, ROUTE_VIDEO_FEED, "");
    assert_route("/snapshot", NULL, ROUTE_SNAPSHOT, "");
    assert_route("/", "action=stream", ROUTE_VIDEO_FEED, "");
    assert_route("/", "action=snapshot", ROUTE_SNAPSHOT, "");
}

static void trailing_slash_is_accepted(void **state) {
    (void)state;
    assert_route("/camera/1/", NULL, ROUTE_CAMERA_PAGE, "1");
    assert_route("/camera/1/video_feed/", NULL, ROUTE_VIDEO_FEED, "1");
    assert_route("/api/cameras/", NULL, ROUTE_CAMERAS, "");
    assert_route("/healthz/", NULL, ROUTE_HEALTH, "");
    assert_refused("GET", "/healthz//", NULL, 404, "not_found");
}

static void unknown_path_is_not_found(void **state) {
    (void)state;
    static const char *const paths[] = {
        "",
        "*",

        "/x",
        "/Healthz",
        "/healthzz",
        "/camera",
        "/camera/",
        "/camera/a/b",
        "/camera/a/video_feed/b",
        "/camera/a/Snapshot",
        "/api",
        "/api/status/x",
        "healthz",
        "/assets",
        "/assets/",
        "/assets/../router.c",
        "/assets/a b",
        "/assets/a\r\nb",
        "/index.html",
    };
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        assert_refused("GET", paths[i], NULL, 404, "not_found");
    }
    assert_refused("GET", NULL, NULL, 404, "not_found");
}

static void name_that_no_camera_can_have_is_refused(void **state) {
    (void)state;
    static const char *const names[] = {
        "A",     "-a",   "_a",       "a.b",      "a b", "a%20b",     "\r\nSet-Cookie: a=b",
        "a\r\n", "\x01", "\xc3\xbc", "<script>", "..",  NAME_64 "a",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[128] = "/camera/";
        strcat(path, names[i]);
        assert_refused("GET", path, NULL, 404, "no_such_camera");
        strcat(path, "/video_feed");
        assert_refused("GET", path, NULL, 404, "no_such_camera");
    }
    assert_refused("GET", "/camera//snapshot", NULL, 404, "no_such_camera");
}

static void longest_name_fits(void **state) {
    (void)state;
    assert_route("/api/cameras/" NAME_64, NULL, ROUTE_CAMERA, NAME_64);
    assert_route("/assets/" NAME_64, NULL, ROUTE_ASSET, NAME_64);
    assert_refused("GET", "/assets/" NAME_64 "a", NULL, 404, "not_found");
}

static void refusal_never_repeats_the_request(void **state) {
    (void)state;
    struct route route;
    struct route_error error;
    assert_int_equal(route_parse("GET", "/camera/evil\r\nX: y", NULL, &route, &error), ERR_INVALID);
    assert_null(strstr(error.message.text, "evil"));
    assert_int_equal(route_parse("GET", "/stream", "fps=evil", &route, &error), ERR_INVALID);
    assert_null(strstr(error.message.text, "evil"));
}

static void only_get_and_head_are_allowed(void **state) {
    (void)state;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", ""};
    struct route route;
    struct route_error error;
    assert_int_equal(route_parse("HEAD", "/", NULL, &route, &error), ERR_OK);
    assert_int_equal(route.method, METHOD_HEAD);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        assert_refused(methods[i], "/camera/1/snapshot", "max_age_ms=x", 405, "method_not_allowed");
    }
    assert_int_equal(route_parse("POST", "/", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "GET, HEAD");
    assert_refused("POST", "/nowhere", NULL, 404, "not_found");
}

static void refused_request_leaves_the_route_alone(void **state) {
    (void)state;
    struct route route = {.target = ROUTE_READY, .max_age_ms = 42};
    struct route_error error;
    assert_int_equal(route_parse("GET", "/snapshot", "max_age_ms=x", &route, &error), ERR_INVALID);
    assert_int_equal(route.target, ROUTE_READY);
    assert_int_equal(route.max_age_ms, 42);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_has_its_target),
        cmocka_unit_test(every_pattern_is_reached),
        cmocka_unit_test(only_controls_can_be_put),
        cmocka_unit_test(a_reload_is_posted),
        cmocka_unit_test(frames_can_only_be_posted),
        cmocka_unit_test(aliases_mean_the_first_camera),
        cmocka_unit_test(trailing_slash_is_accepted),
        cmocka_unit_test(unknown_path_is_not_found),
        cmocka_unit_test(name_that_no_camera_can_have_is_refused),
        cmocka_unit_test(longest_name_fits),
        cmocka_unit_test(refusal_never_repeats_the_request),
        cmocka_unit_test(only_get_and_head_are_allowed),
        cmocka_unit_test(refused_request_leaves_the_route_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
