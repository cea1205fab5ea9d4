#include "tests/unit/web/http/route_fixture.h"

static void every_path_has_its_row(void **state) {
    (void)state;
    assert_route("/", NULL, "/", "");
    assert_route("/camera/front-door", NULL, "/camera/{camera}", "front-door");
    assert_route("/camera/1/video_feed", NULL, "/camera/{camera}/video_feed", "1");
    assert_route("/camera/a_b/snapshot", NULL, "/camera/{camera}/snapshot", "a_b");
    assert_route("/status", NULL, "/status", "");
    assert_route("/api/status", NULL, "/api/status", "");
    assert_route("/api/cameras", NULL, "/api/cameras", "");
    assert_route("/api/events", NULL, "/api/events", "");
    assert_route("/api/cameras/x", NULL, "/api/cameras/{camera}", "x");
    assert_route("/api/cameras/x/controls", NULL, "/api/cameras/{camera}/controls", "x");
    assert_route("/api/openapi.json", NULL, "/api/openapi.json", "");
    assert_route("/healthz", NULL, "/healthz", "");
    assert_route("/readyz", NULL, "/readyz", "");
    assert_route("/metrics", NULL, "/metrics", "");
    assert_route("/feed", NULL, "/feed", "");
    assert_route("/assets/gallery.css", NULL, "/assets/{file}", "gallery.css");
}

static void an_asset_may_have_its_version_before_its_name(void **state) {
    (void)state;
    struct route route = accept_route("/assets/0123456789abcdef/wall.js", NULL);
    assert_string_equal(route.name, "wall.js");
    assert_string_equal(route.version, "0123456789abcdef");
    assert_string_equal(accept_route("/assets/wall.js", NULL).version, "");
    assert_refused("GET", "/assets/0123456789abcdeF/wall.js", NULL, 404, "not_found");
    assert_refused("GET", "/assets/0123456789abcdef/a/b", NULL, 404, "not_found");
    assert_refused("GET", "/assets/0123456789abcdef/" NAME_64 "a", NULL, 404, "not_found");
}

static void every_row_is_reached(void **state) {
    (void)state;
    for (size_t i = 0; i < route_table.count; i++) {
        const struct route_row *row = route_table.rows[i];
        char path[128];
        write_example_path(row->pattern, path, sizeof path);
        for (size_t m = 0; m < METHOD_COUNT; m++) {
            struct route route;
            struct route_error error;
            if ((row->methods & method_names[m].method) != 0) {
                assert_int_equal(router_parse(&route_table, method_names[m].name, path, NULL, &route, &error), ERR_OK);
                assert_ptr_equal(route.row, row);
                assert_int_equal(route.method, method_names[m].method);
                assert_string_equal(route.name, strchr(row->pattern, '{') == NULL ? "" : EXAMPLE_NAME);
            }
        }
    }
}

static void only_controls_and_motion_can_be_put(void **state) {
    (void)state;
    struct route route;
    struct route_error error;
    assert_int_equal(router_parse(&route_table, "PUT", "/api/cameras/1/controls", NULL, &route, &error), ERR_OK);
    assert_int_equal(route.method, METHOD_PUT);
    assert_int_equal(router_parse(&route_table, "GET", "/api/cameras/1/controls", NULL, &route, &error), ERR_OK);
    assert_int_equal(route.method, METHOD_GET);
    assert_int_equal(router_parse(&route_table, "POST", "/api/cameras/1/controls", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "GET, HEAD, PUT");
    assert_int_equal(router_parse(&route_table, "PUT", "/api/cameras/1/motion", NULL, &route, &error), ERR_OK);
    assert_int_equal(router_parse(&route_table, "PUT", "/api/cameras/1", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "GET, HEAD");
}

static void a_camera_and_a_file_are_told_apart(void **state) {
    (void)state;
    struct route route = accept_route("/camera/front-door/events/17.jpg", NULL);
    assert_string_equal(route.name, "front-door");
    assert_string_equal(route.file, "17.jpg");
    assert_refused("GET", "/camera/front-door/events", NULL, 404, "not_found");
    assert_refused("GET", "/camera/front-door/events/a/b", NULL, 404, "not_found");
    assert_refused("GET", "/camera/front-door/events/..%2f", NULL, 404, "not_found");
    assert_refused("GET", "/camera/Front/events/17.jpg", NULL, 404, "no_such_camera");
}

static void a_reload_is_posted(void **state) {
    (void)state;
    struct route route;
    struct route_error error;
    assert_int_equal(router_parse(&route_table, "POST", "/api/reload", NULL, &route, &error), ERR_OK);
    assert_string_equal(route.row->pattern, "/api/reload");
    assert_refused("GET", "/api/reload", NULL, 405, "method_not_allowed");
    assert_refused("HEAD", "/api/reload", NULL, 405, "method_not_allowed");
}

static void frames_are_posted_or_put(void **state) {
    (void)state;
    struct route route;
    struct route_error error;
    assert_int_equal(router_parse(&route_table, "POST", "/camera/a/ingest", NULL, &route, &error), ERR_OK);
    assert_int_equal(router_parse(&route_table, "GET", "/camera/a/frame", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "POST, PUT");
    assert_int_equal(router_parse(&route_table, "PUT", "/camera/a/frame", NULL, &route, &error), ERR_OK);
    assert_int_equal(router_parse(&route_table, "PUT", "/camera/a/ingest", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "POST");
}

static void aliases_mean_the_first_camera(void **state) {
    (void)state;
    assert_route("/video_feed", NULL, "/video_feed", "");
    assert_route("/stream", NULL, "/stream", "");
    assert_route("/snapshot", NULL, "/snapshot", "");
    assert_route("/", "action=stream", "/video_feed", "");
    assert_route("/", "action=snapshot", "/snapshot", "");
    assert_route("/", "action=snapshot?1595805826022", "/snapshot", "");
}

static void trailing_slash_is_accepted(void **state) {
    (void)state;
    assert_route("/camera/1/", NULL, "/camera/{camera}", "1");
    assert_route("/camera/1/video_feed/", NULL, "/camera/{camera}/video_feed", "1");
    assert_route("/api/cameras/", NULL, "/api/cameras", "");
    assert_route("/healthz/", NULL, "/healthz", "");
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
        "A",     "-a",   "_a",       "a b",      "a%20b", "\r\nSet-Cookie: a=b", ".a",   "a.",   "a.b.c", "a.-b", "A.b",
        "a\r\n", "\x01", "\xc3\xbc", "<script>", "..",    NAME_64 "a",           "a..b", "-a.b", "a.B",
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

static void camera_of_another_node_has_a_dot(void **state) {
    (void)state;
    assert_route("/camera/site-a.front", NULL, "/camera/{camera}", "site-a.front");
    assert_route("/api/cameras/1.2/motion", NULL, "/api/cameras/{camera}/motion", "1.2");
    struct route route = accept_route("/camera/site_a.front-door/events/17.jpg", NULL);
    assert_string_equal(route.name, "site_a.front-door");
    assert_string_equal(route.file, "17.jpg");
}

static void longest_name_fits(void **state) {
    (void)state;
    assert_route("/api/cameras/" NAME_64, NULL, "/api/cameras/{camera}", NAME_64);
    assert_route("/assets/" NAME_64, NULL, "/assets/{file}", NAME_64);
    assert_refused("GET", "/assets/" NAME_64 "a", NULL, 404, "not_found");
}

static void refusal_never_repeats_the_request(void **state) {
    (void)state;
    struct route route;
    struct route_error error;
    assert_int_equal(router_parse(&route_table, "GET", "/camera/evil\r\nX: y", NULL, &route, &error), ERR_INVALID);
    assert_null(strstr(error.message.text, "evil"));
    assert_int_equal(router_parse(&route_table, "GET", "/stream", "fps=evil", &route, &error), ERR_INVALID);
    assert_null(strstr(error.message.text, "evil"));
}

static void only_get_and_head_are_allowed(void **state) {
    (void)state;
    static const char *const methods[] = {"POST", "PUT", "DELETE", "OPTIONS", "PATCH", "get", ""};
    struct route route;
    struct route_error error;
    assert_int_equal(router_parse(&route_table, "HEAD", "/", NULL, &route, &error), ERR_OK);
    assert_int_equal(route.method, METHOD_HEAD);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        assert_refused(methods[i], "/camera/1/snapshot", "max_age_ms=x", 405, "method_not_allowed");
    }
    assert_int_equal(router_parse(&route_table, "POST", "/", NULL, &route, &error), ERR_INVALID);
    assert_string_equal(error.allow, "GET, HEAD");
    assert_refused("POST", "/nowhere", NULL, 404, "not_found");
}

static void refused_request_leaves_the_route_alone(void **state) {
    (void)state;
    struct route route = {.row = route_table.rows[0], .max_age_ms = 42};
    struct route_error error;
    assert_int_equal(router_parse(&route_table, "GET", "/snapshot", "max_age_ms=x", &route, &error), ERR_INVALID);
    assert_ptr_equal(route.row, route_table.rows[0]);
    assert_int_equal(route.max_age_ms, 42);
}

/* ---- The table ---- */

static void handle_nothing(struct server_context *context, const struct http_request *request,
                           const struct route *route) {
    (void)context;
    (void)request;
    (void)route;
}

static const struct route_row complete = {.pattern = "/x",
                                          .methods = METHODS_READ,
                                          .need = NEED_VIEW,
                                          .parameters = PARAMETER_NONE,
                                          .listener = LISTENER_MAIN,
                                          .handle = handle_nothing};

static enum err check_rows(const struct route_row *first, const struct route_row *second) {
    const struct route_row *rows[] = {first, second};
    struct reason reason = {""};
    enum err error = router_check_table(&(struct route_table){rows, second != NULL ? 2 : 1}, &reason);
    assert_true((error == ERR_OK) == (reason.text[0] == '\0'));
    return error;
}

static void every_row_of_the_server_is_complete(void **state) {
    (void)state;
    struct reason reason = {""};
    if (router_check_table(&route_table, &reason) != ERR_OK) {
        fail_msg("%s", reason.text);
    }
}

static void row_left_incomplete_is_refused(void **state) {
    (void)state;
    assert_int_equal(check_rows(&complete, NULL), ERR_OK);
    struct route_row rows[10];
    for (size_t i = 0; i < 10; i++) {
        rows[i] = complete;
    }
    rows[0].pattern = NULL;
    rows[1].pattern = "/x/{name}";
    rows[2].methods = 0;
    rows[3].need = 0;
    rows[4].need = NEED_ADMIN + 1;
    rows[5].parameters = 0;
    rows[6].listener = 0;
    rows[7].handle = NULL;
    rows[8].pattern = "/x/{file}/{camera}";
    rows[9].pattern = "/x/{camera}/{file}/{file}";
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(check_rows(&rows[i], NULL), ERR_INVALID);
    }
    assert_int_equal(check_rows(&(struct route_row){0}, NULL), ERR_INVALID);
}

static void method_of_a_pattern_has_one_row(void **state) {
    (void)state;
    struct route_row other = complete;
    assert_int_equal(check_rows(&complete, &other), ERR_INVALID);
    other.methods = METHOD_PUT;
    assert_int_equal(check_rows(&complete, &other), ERR_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_path_has_its_row),
        cmocka_unit_test(an_asset_may_have_its_version_before_its_name),
        cmocka_unit_test(every_row_is_reached),
        cmocka_unit_test(only_controls_and_motion_can_be_put),
        cmocka_unit_test(a_camera_and_a_file_are_told_apart),
        cmocka_unit_test(a_reload_is_posted),
        cmocka_unit_test(frames_are_posted_or_put),
        cmocka_unit_test(aliases_mean_the_first_camera),
        cmocka_unit_test(trailing_slash_is_accepted),
        cmocka_unit_test(unknown_path_is_not_found),
        cmocka_unit_test(name_that_no_camera_can_have_is_refused),
        cmocka_unit_test(camera_of_another_node_has_a_dot),
        cmocka_unit_test(longest_name_fits),
        cmocka_unit_test(refusal_never_repeats_the_request),
        cmocka_unit_test(only_get_and_head_are_allowed),
        cmocka_unit_test(refused_request_leaves_the_route_alone),
        cmocka_unit_test(every_row_of_the_server_is_complete),
        cmocka_unit_test(row_left_incomplete_is_refused),
        cmocka_unit_test(method_of_a_pattern_has_one_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
