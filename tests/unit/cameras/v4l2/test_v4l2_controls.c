/* The controls of V4L2 cameras, on a device whose manual exposure waits for its automatic to be switched off. */
#include "tests/unit/cameras/v4l2/fake_v4l2.h"

#include "cameras/v4l2/v4l2_controls.h"
#include "cameras/v4l2/v4l2_node.h"

#define BRIGHTNESS V4L2_CID_BRIGHTNESS
#define AUTO_EXPOSURE V4L2_CID_EXPOSURE_AUTO
#define EXPOSURE V4L2_CID_EXPOSURE_ABSOLUTE
#define MIRROR V4L2_CID_HFLIP

static int device_fd;

static int set_up(void **state) {
    (void)state;
    reset_device(V4L2_PIX_FMT_MJPEG, 64, 48);
    device->controls[0] = (struct fake_control){.id = BRIGHTNESS,
                                                .type = V4L2_CTRL_TYPE_INTEGER,
                                                .name = "Brightness",
                                                .max = 255,
                                                .fallback = 128,
                                                .value = 100};
    device->controls[1] =
        (struct fake_control){.id = MIRROR, .type = V4L2_CTRL_TYPE_BOOLEAN, .name = "Horizontal Flip", .max = 1};
    device->controls[2] = (struct fake_control){.id = AUTO_EXPOSURE,
                                                .type = V4L2_CTRL_TYPE_MENU,
                                                .name = "Auto Exposure",
                                                .max = 3,
                                                .value = 3,
                                                .choices = {"Manual Mode", NULL, "Shutter Priority Mode", "Auto Mode"}};
    device->controls[3] = (struct fake_control){.id = EXPOSURE,
                                                .type = V4L2_CTRL_TYPE_INTEGER,
                                                .name = "Exposure Time, Absolute",
                                                .min = 3,
                                                .max = 2047,
                                                .freed_by = AUTO_EXPOSURE};
    device->controls[4] = (struct fake_control){
        .id = V4L2_CID_CAMERA_CLASS, .type = V4L2_CTRL_TYPE_CTRL_CLASS, .name = "Camera Controls"};
    device->controls[5] = (struct fake_control){
        .id = V4L2_CID_GAMMA, .type = V4L2_CTRL_TYPE_INTEGER, .flags = V4L2_CTRL_FLAG_DISABLED, .name = "Gamma"};
    return v4l2_node_open(device_path, &device_fd, NULL) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    v4l2_node_close(device_fd);
    return 0;
}

static const struct control *find(const struct control_list *list, const char *name) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(list->controls[i].name, name) == 0) {
            return &list->controls[i];
        }
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void controls_are_listed_with_ranges_and_menus(void **state) {
    (void)state;
    struct control_list list = {0};
    assert_int_equal(v4l2_controls_list(device_fd, &list, NULL), ERR_OK);
    assert_int_equal(list.count, 4);
    const struct control *brightness = find(&list, "brightness");
    assert_int_equal(brightness->type, CONTROL_INTEGER);
    assert_int_equal(brightness->min, 0);
    assert_int_equal(brightness->max, 255);
    assert_int_equal(brightness->step, 1);
    assert_int_equal(brightness->fallback, 128);
    assert_int_equal(brightness->value, 100);
    assert_true(brightness->writable);
    assert_int_equal(find(&list, "horizontal_flip")->type, CONTROL_BOOLEAN);
    const struct control *automatic = find(&list, "auto_exposure");
    assert_int_equal(automatic->choice_count, 3); /* without the one that the device leaves out */
    assert_string_equal(automatic->choices[1].label, "Shutter Priority Mode");
    assert_int_equal(automatic->choices[1].value, 2);
    assert_string_equal(find(&list, "exposure_time_absolute")->label, "Exposure Time, Absolute");
    assert_false(find(&list, "exposure_time_absolute")->writable);
    control_list_finish(&list);
}

static void assert_set(const char *name, const char *choice, int64_t value) {
    struct reason reason = {""};
    struct control_request request = {.name = name, .choice = choice, .value = value};
    if (v4l2_controls_set(device_fd, &request, &reason) != ERR_OK) {
        fail_msg("%s", reason.text);
    }
}

static void assert_not_set(const char *name, const char *choice, int64_t value, enum err expected, const char *words) {
    struct reason reason = {""};
    struct control_request request = {.name = name, .choice = choice, .value = value};
    assert_int_equal(v4l2_controls_set(device_fd, &request, &reason), expected);
    assert_string_equal(reason.text, words);
    assert_int_equal(device->set_count, 0);
}

static void values_are_set(void **state) {
    (void)state;
    assert_set("brightness", NULL, 255);
    assert_int_equal(device->controls[0].value, 255);
    assert_set("horizontal_flip", NULL, true);
    assert_int_equal(device->controls[1].value, 1);
}

static void entries_of_menus_are_set_by_their_first_words(void **state) {
    (void)state;
    static const struct {
        const char *choice;
        int value;
    } choices[] = {{"Manual Mode", 0}, {"manual mode", 0}, {"manual", 0}, {"shutter_priority", 2}, {"AUTO", 3}};
    for (size_t i = 0; i < sizeof choices / sizeof choices[0]; i++) {
        device->controls[2].value = 1;
        assert_set("auto_exposure", choices[i].choice, 0);
        assert_int_equal(device->controls[2].value, choices[i].value);
    }
}

static void names_of_older_kernels_are_known(void **state) {
    (void)state;
    assert_set("exposure_auto", "manual", 0);
    assert_set("exposure_absolute", NULL, 100);
    assert_int_equal(device->controls[3].value, 100);
}

static void wrong_values_are_refused_in_words(void **state) {
    (void)state;
    assert_not_set("contrast", NULL, 1, ERR_NOT_FOUND, "contrast: the camera has no such control");
    assert_not_set("gamma", NULL, 1, ERR_NOT_FOUND, "gamma: the camera has no such control");
    assert_not_set("brightness", NULL, 256, ERR_INVALID, "brightness: must be between 0 and 255 (got 256)");
    assert_not_set("brightness", NULL, -1, ERR_INVALID, "brightness: must be between 0 and 255 (got -1)");
    assert_not_set("brightness", "high", 0, ERR_INVALID, "brightness: takes a number or a boolean, not a text");
    assert_not_set("auto_exposure", "man", 0, ERR_INVALID,
                   "auto_exposure: there are \"Manual Mode\", \"Shutter Priority Mode\", \"Auto Mode\"");
    assert_not_set("exposure_time_absolute", NULL, 100, ERR_BUSY,
                   "exposure_time_absolute: cannot be set now; switch its automatic off first");
}

static void automatics_are_switched_before_what_they_hold(void **state) {
    (void)state;
    static const struct control_request requests[] = {{.name = "exposure_time_absolute", .value = 50},
                                                      {.name = "no_such_control", .value = 1},
                                                      {.name = "auto_exposure", .choice = "manual"},
                                                      {.name = "brightness", .value = 7}};
    v4l2_controls_apply(device_fd, "1", requests, 4);
    assert_int_equal(device->set_count, 3);
    assert_int_equal(device->set_order[0], AUTO_EXPOSURE);
    assert_int_equal(device->controls[3].value, 50);
    assert_int_equal(device->controls[0].value, 7);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(controls_are_listed_with_ranges_and_menus),
        TEST(values_are_set),
        TEST(entries_of_menus_are_set_by_their_first_words),
        TEST(names_of_older_kernels_are_known),
        TEST(wrong_values_are_refused_in_words),
        TEST(automatics_are_switched_before_what_they_hold),
    };
    return cmocka_run_group_tests(tests, make_device, remove_device);
}
