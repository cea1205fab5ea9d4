#include "tests/unit/config/support.h"

#include "cameras/driver.h"
#include "cameras/v4l2/v4l2_settings.h"

#define V4L2(members) "{\"cameras\": [{\"source\": {\"type\": \"v4l2\"" members "}}]}"

static void *directory;

static int begin(void **state) {
    (void)state;
    return enter_directory(&directory);
}

static int end(void **state) {
    (void)state;
    return leave_directory(&directory);
}

static void a_type_alone_takes_any_device_as_it_comes(void **state) {
    (void)state;
    struct config *config = load_valid(V4L2(""));
    const struct source_settings *source = &config->cameras[0].source;
    const struct v4l2_settings *own = source->own;
    assert_string_equal(source->type->name, "v4l2");
    assert_null(own->path);
    assert_null(own->format);
    assert_int_equal(own->range, RANGE_AUTO);
    assert_int_equal(source->subsampling, SUBSAMPLING_420);
    assert_int_equal(source->width_px, 1280);
    assert_int_equal(source->height_px, 720);
    assert_true(source->fps == 30);
    assert_int_equal(source->quality, 80);
    assert_string_equal(config->cameras[0].topic.source, "v4l2");
    config_destroy(&config);
}

static void what_the_file_says_is_taken(void **state) {
    (void)state;
    struct config *config = load_valid(V4L2(
        ", \"device\": \"/dev/v4l/by-id/x\", \"format\": \"YUYV\", \"width\": 640, \"height\": 480, \"fps\": 12.5, "
        "\"quality\": 60, \"subsampling\": \"4:2:2\", \"range\": \"limited\", \"rotate\": 270, \"flip\": \"both\", "
        "\"timestamp\": true, \"controls\": {\"brightness\": -5, \"focus_auto\": false, \"exposure_auto\": "
        "\"manual\", \"horizontal_flip\": true}"));
    const struct source_settings *source = &config->cameras[0].source;
    const struct v4l2_settings *own = source->own;
    assert_string_equal(own->path, "/dev/v4l/by-id/x");
    assert_string_equal(own->format, "YUYV");
    assert_int_equal(own->range, RANGE_LIMITED);
    assert_int_equal(source->subsampling, SUBSAMPLING_422);
    assert_int_equal(source->filter.turn_degrees, 270);
    assert_true(source->filter.flip == FLIP_BOTH && source->filter.caption.is_shown);
    const struct control_request *controls = own->controls;
    assert_int_equal(own->control_count, 4);
    assert_string_equal(controls[0].name, "brightness");
    assert_int_equal(controls[0].value, -5);
    assert_int_equal(controls[1].value, 0);
    assert_string_equal(controls[2].choice, "manual");
    assert_null(controls[3].choice);
    assert_int_equal(controls[3].value, 1);
    config_destroy(&config);
}

static void cameras_without_a_device_share_what_nobody_names(void **state) {
    (void)state;
    struct config *config = load_valid("{\"cameras\": [{\"source\": {\"type\": \"v4l2\", \"device\": \"auto\"}},"
                                       "{\"source\": {\"type\": \"v4l2\", \"device\": \"/dev/video1\"}},"
                                       "{\"source\": {\"type\": \"pattern\"}},"
                                       "{\"source\": {\"type\": \"v4l2\"}}]}");
    const struct v4l2_settings *first = config->cameras[0].source.own;
    const struct v4l2_settings *last = config->cameras[3].source.own;
    assert_int_equal(first->unnamed_before, 0);
    assert_int_equal(last->unnamed_before, 1);
    assert_int_equal(last->named_count, 1);
    assert_string_equal(last->named_paths[0], "/dev/video1");
    assert_int_equal(((const struct v4l2_settings *)config->cameras[1].source.own)->named_count, 0);
    config_destroy(&config);
}

static void faults_are_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {V4L2(", \"device\": \"video0\""),
         ".device: must be \"auto\" or the path of a device, such as \"/dev/video0\""},
        {V4L2(", \"device\": 0"), ".device: must be a string (got a number)"},
        {V4L2(", \"format\": \"MJPG\""), ".format: unknown format; did you mean \"MJPEG\"?"},
        {V4L2(", \"subsampling\": \"4:4:4\""), ".subsampling: unknown subsampling; there are \"4:2:0\" and \"4:2:2\""},
        {V4L2(", \"range\": \"ful\""), ".range: unknown range; did you mean \"full\"?"},
        {V4L2(", \"rotate\": 45"), ".rotate: must be 0, 90, 180 or 270"},
        {V4L2(", \"rotate\": -90"), ".rotate: must be 0, 90, 180 or 270"},
        {V4L2(", \"rotate\": 360"), ".rotate: must be 0, 90, 180 or 270"},
        {V4L2(", \"rotate\": \"90\""), ".rotate: must be 0, 90, 180 or 270"},
        {V4L2(", \"flip\": \"sideways\""),
         ".flip: unknown way to flip; there are \"none\", \"horizontal\", \"vertical\" and \"both\""},
        {V4L2(", \"timestamp\": 1"), ".timestamp: must be true or false (got a number)"},
        {V4L2(", \"format\": \"MJPEG\", \"timestamp\": true"),
         ".format: rotate, flip and timestamp in the source need a raw format, such as \"YUYV\", or \"auto\"; as keys "
         "of "
         "the camera they take any"},
        {V4L2(", \"controls\": []"), ".controls: must be an object (got a list)"},
        {V4L2(", \"controls\": {\"gain\": 1.5}"),
         ".controls.gain: must be a whole number, true or false, or an entry of the control's menu"},
        {V4L2(", \"controls\": {\"gain\": null}"),
         ".controls.gain: must be a whole number, true or false, or an entry of the control's menu"},
        {V4L2(", \"files\": []"),
         ".files: unknown key; there are \"type\", \"device\", \"format\", \"width\", \"height\", \"fps\", "
         "\"quality\", \"subsampling\", \"range\", \"controls\", \"rotate\", \"flip\" and \"timestamp\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[300];
        snprintf(expected, sizeof expected, FILE_NAME ":1: cameras[0].source%s\n", cases[i].fault);
        assert_faults(cases[i].text, expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_type_alone_takes_any_device_as_it_comes),
        cmocka_unit_test(what_the_file_says_is_taken),
        cmocka_unit_test(cameras_without_a_device_share_what_nobody_names),
        cmocka_unit_test(faults_are_told),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
