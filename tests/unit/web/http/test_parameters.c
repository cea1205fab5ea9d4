#include "web/http/parameters.h"

#include "tests/unit/web/http/route_fixture.h"

static void action_counts_cameras_from_0(void **state) {
    (void)state;
    static const struct {
        const char *query;
        const char *pattern;
        size_t place;
    } cases[] = {
        {"action=stream", "/video_feed", 0},
        {"action=snapshot", "/snapshot", 0},
        {"action=stream_0", "/video_feed", 0},
        {"action=snapshot_11", "/snapshot", 11},
        {"t=1&action=stream_999999&x", "/video_feed", 999999},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route route = accept_route("/", cases[i].query);
        assert_string_equal(route.row->pattern, cases[i].pattern);
        assert_string_equal(route.name, "");
        assert_int_equal(route.place, cases[i].place);
    }
}

static void unknown_action_is_refused(void **state) {
    (void)state;
    static const char *const queries[] = {
        "action=",
        "action",
        "action=command",
        "action=Stream",
        "action=streams",
        "action=stream_",
        "action=stream_x",
        "action=stream_-1",
        "action=stream_1000000",
        "action=stream_99999999999999999999",
        "action=stream%00",
    };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        assert_refused("GET", "/", queries[i], 400, "bad_parameter");
    }
    assert_bad_parameter("/", "action=stream&action=stream", "action is given more than once");
    assert_route("/video_feed", "action=nonsense", "/video_feed", "");
}

static void parameters_default_to_not_asked_for(void **state) {
    (void)state;
    struct route route = accept_route("/snapshot", NULL);
    assert_true(route.fps == 0);
    assert_int_equal(route.max_age_ms, -1);
}

static void fps_is_read_in_every_spelling(void **state) {
    (void)state;
    static const struct {
        const char *query;
        double fps;
    } cases[] = {
        {"fps=5", 5},       {"fps=29.97", 29.97}, {"fps=.5", 0.5},
        {"fps=1000", 1000}, {"fps=005.00", 5},    {"fps=%35", 5},
        {"%66ps=5", 5},     {"&&a&fps=5&", 5},    {"FPS=x&fps=5&b=%zz", 5},
        {"fps=2.", 2},      {"fps=5&tile=x", 5},  {"fps=0.000000001", ROUTE_FPS_MIN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route route = accept_route("/camera/1/video_feed", cases[i].query);
        assert_true(route.fps == cases[i].fps);
    }
    assert_true(accept_route("/", "fps=5&action=stream").fps == 5);
}

static void impossible_fps_is_refused(void **state) {
    (void)state;
    static const char *const queries[] = {
        "fps=",    "fps",      "fps=0",   "fps=0.000", "fps=-1",  "fps=+1",      "fps=1000.01",
        "fps=1e2", "fps=0x10", "fps=nan", "fps=inf",   "fps=.",   "fps=1.2.3",   "fps=1,5",
        "fps= 5",  "fps=5%00", "fps=5%",  "fps=5%3",   "fps=%zz", "fps=5%0d%0a", "fps=00000000000000000000000000000001",
    };
    for (size_t i = 0; i < sizeof queries / sizeof queries[0]; i++) {
        assert_bad_parameter("/camera/1/video_feed", queries[i], "fps must be a number above 0 and at most 1000");
    }
}

static void max_age_is_a_whole_number_of_milliseconds(void **state) {
    (void)state;
    static const char *const wrong[] = {"max_age_ms=",
                                        "max_age_ms=-1",
                                        "max_age_ms=3600001",
                                        "max_age_ms=1.5",
                                        "max_age_ms=1e3",
                                        "max_age_ms=abc",
                                        "max_age_ms=9223372036854775808"};
    assert_int_equal(accept_route("/snapshot", "max_age_ms=0").max_age_ms, 0);
    assert_int_equal(accept_route("/", "action=snapshot_1&max_age_ms=3600000").max_age_ms, 3600000);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_bad_parameter("/snapshot", wrong[i], "max_age_ms must be a whole number from 0 to 3600000");
    }
}

static void repeated_parameter_is_refused(void **state) {
    (void)state;
    assert_bad_parameter("/stream", "fps=5&fps=6", "fps is given more than once");
    assert_bad_parameter("/snapshot", "max_age_ms=5&x=1&max_age_ms=5", "max_age_ms is given more than once");
}

static void parameters_of_other_routes_are_ignored(void **state) {
    (void)state;
    assert_route("/api/status", "fps=x&max_age_ms=y", "/api/status", "");
    assert_route("/snapshot", "fps=x", "/snapshot", "");
    assert_route("/stream", "max_age_ms=y&cameras=%", "/stream", "");
    assert_route("/api/status", "width=1&quality=900&variant=%&cameras=", "/api/status", "");
}

static void width_and_quality_belong_to_all_pictures(void **state) {
    (void)state;
    static const char *const paths[] = {"/camera/1/video_feed", "/camera/1/snapshot", "/feed"};
    for (size_t i = 0; i < 3; i++) {
        struct route route = accept_route(paths[i], "width=16&quality=100");
        assert_int_equal(route.variant_request.width_px, 16);
        assert_int_equal(route.variant_request.quality, 100);
        assert_string_equal(route.variant, "");
        route = accept_route(paths[i], "width=3840&quality=1&fps=5");
        assert_int_equal(route.variant_request.width_px, 3840);
        assert_int_equal(route.variant_request.quality, 1);
        assert_true(route.variant_request.fps == 0);
        route = accept_route(paths[i], "t=1");
        assert_int_equal(route.variant_request.width_px, 0);
        assert_int_equal(route.variant_request.quality, 0);
    }
}

static void impossible_width_and_quality_are_refused(void **state) {
    (void)state;
    static const char *const widths[] = {"15", "3841", "-320", "320.0", "320px", "", "99999999999999999999"};
    for (size_t i = 0; i < sizeof widths / sizeof widths[0]; i++) {
        char query[64] = "width=";
        assert_bad_parameter("/feed", strcat(query, widths[i]), "width must be a whole number from 16 to 3840");
    }
    static const char *const qualities[] = {"0", "101", "-1", "80%25", "high", ""};
    for (size_t i = 0; i < sizeof qualities / sizeof qualities[0]; i++) {
        char query[64] = "quality=";
        assert_bad_parameter("/snapshot", strcat(query, qualities[i]), "quality must be a whole number from 1 to 100");
    }
    assert_bad_parameter("/stream", "width=320&width=320", "width is given more than once");
}

static void variant_is_asked_for_by_name_alone(void **state) {
    (void)state;
    assert_string_equal(accept_route("/stream", "variant=thumb-1&fps=2").variant, "thumb-1");
    assert_string_equal(accept_route("/feed", "variant=aaaaaaaaaabbbbbbbbbbccccccccccd").variant,
                        "aaaaaaaaaabbbbbbbbbbccccccccccd");
    static const char *const wrong[] = {"variant=",       "variant=-a",  "variant=A",
                                        "variant=%0d%0a", "variant=<b>", "variant=aaaaaaaaaabbbbbbbbbbccccccccccde"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_bad_parameter("/feed", wrong[i], "variant must be the name of one in the configuration");
    }
    assert_bad_parameter("/stream", "variant=thumb&width=320", "variant goes without width and quality");
    assert_bad_parameter("/stream", "quality=5&variant=thumb", "variant goes without width and quality");
}

static void the_list_of_cameras_can_be_brief(void **state) {
    (void)state;
    assert_false(accept_route("/api/cameras", NULL).is_brief);
    assert_false(accept_route("/api/cameras", "brief=0").is_brief);
    assert_true(accept_route("/api/cameras", "brief=1").is_brief);
    assert_false(accept_route("/api/status", "brief=1").is_brief);
    assert_bad_parameter("/api/cameras", "brief=yes", "brief must be 0 or 1");
    assert_bad_parameter("/api/cameras", "brief=1&brief=1", "brief is given more than once");
}

static void assert_next_camera(struct route_cameras *cameras, const char *expected) {
    char name[ROUTE_NAME_MAX_BYTES + 1];
    assert_true(parameters_next_camera(cameras, name));
    assert_string_equal(name, expected);
}

static void feed_lists_its_cameras(void **state) {
    (void)state;
    char name[ROUTE_NAME_MAX_BYTES + 1];
    static const char *const spellings[] = {"cameras=a,2," NAME_64, "x&cameras=a%2C2%2c" NAME_64 "&fps=5",
                                            "cameras=%61,2," NAME_64 ","};
    for (size_t i = 0; i < 3; i++) {
        struct route_cameras cameras = accept_route("/feed", spellings[i]).cameras;
        assert_next_camera(&cameras, "a");
        assert_next_camera(&cameras, "2");
        assert_next_camera(&cameras, NAME_64);
        assert_false(parameters_next_camera(&cameras, name));
        assert_false(parameters_next_camera(&cameras, name));
    }
    assert_null(accept_route("/feed", NULL).cameras.text);
    assert_null(accept_route("/feed", "cameras=all").cameras.text);
}

static void name_that_no_camera_can_have_is_printable_and_stays_so(void **state) {
    (void)state;
    static const struct {
        const char *query, *name;
    } cases[] = {
        {"cameras=B", "B"},
        {"cameras=,a", ""},
        {"cameras=a%0d%0aX:%20y", "a??X: y"},
        {"cameras=%00", "?"},
        {"cameras=%zz", "?"},
        {"cameras=%4", "?"},
        {"cameras=%c3%bc", "??"},
        {"cameras=a+b", "a b"},
        {"cameras=<script>", "<script>"},
        {"cameras=" NAME_64 "a,b", NAME_63 "?"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct route_cameras cameras = accept_route("/feed", cases[i].query).cameras;
        assert_next_camera(&cameras, cases[i].name);
    }
}

static void impossible_list_of_cameras_is_refused(void **state) {
    (void)state;
    static const char wrong[] = "cameras must be all, or 1 to 1000 ids or places with commas between them";
    assert_bad_parameter("/feed", "cameras=", wrong);
    assert_bad_parameter("/feed", "cameras", wrong);
    char many[2 * (ROUTE_CAMERAS_MAX + 1) + 16] = "cameras=";
    size_t used = strlen(many);
    for (int i = 0; i < ROUTE_CAMERAS_MAX; i++, used += 2) {
        memcpy(many + used, "1,", 3);
    }
    accept_route("/feed", many);
    memcpy(many + used, "1", 2);
    assert_bad_parameter("/feed", many, wrong);
    assert_bad_parameter("/feed", "cameras=a&cameras=b", "cameras is given more than once");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(action_counts_cameras_from_0),
        cmocka_unit_test(unknown_action_is_refused),
        cmocka_unit_test(parameters_default_to_not_asked_for),
        cmocka_unit_test(fps_is_read_in_every_spelling),
        cmocka_unit_test(impossible_fps_is_refused),
        cmocka_unit_test(max_age_is_a_whole_number_of_milliseconds),
        cmocka_unit_test(repeated_parameter_is_refused),
        cmocka_unit_test(parameters_of_other_routes_are_ignored),
        cmocka_unit_test(width_and_quality_belong_to_all_pictures),
        cmocka_unit_test(impossible_width_and_quality_are_refused),
        cmocka_unit_test(variant_is_asked_for_by_name_alone),
        cmocka_unit_test(feed_lists_its_cameras),
        cmocka_unit_test(name_that_no_camera_can_have_is_printable_and_stays_so),
        cmocka_unit_test(impossible_list_of_cameras_is_refused),
        cmocka_unit_test(the_list_of_cameras_can_be_brief),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
