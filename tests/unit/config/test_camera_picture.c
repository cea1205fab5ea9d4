/* What cameras of any source have: rotation, masks, text. */
#include "cameras/settings.h"
#include "tests/unit/config/support.h"

#define WITH(members, source) "{\"cameras\": [{\"source\": {" source "}" members "}]}"
#define PATTERN "\"type\": \"pattern\""
#define V4L2(members) "\"type\": \"v4l2\"" members
#define SQUARE "[[0.6, 0], [1, 0], [1, 0.4], [0.6, 0.4]]"

static void every_source_has_them(void **state) {
    (void)state;
    struct config *config = load_valid(WITH(", \"rotate\": 90, \"flip\": \"horizontal\", \"rotate_mode\": \"fast\", "
                                            "\"privacy_masks\": [" SQUARE ", [[0, 0], [0.5, 1], [0, 1]]], "
                                            "\"timestamp\": \"{name} %H:%M\"",
                                            PATTERN));
    const struct picture_filter_settings *filter = &config->cameras[0].filter;
    assert_int_equal(filter->turn_degrees, 90);
    assert_int_equal(filter->flip, FLIP_HORIZONTAL);
    assert_int_equal(filter->rotate_mode, ROTATE_FAST);
    assert_int_equal(filter->mask_count, 2);
    assert_int_equal(filter->masks[0].count, 4);
    assert_true(filter->masks[0].points[2].y == 0.4);
    assert_true(filter->caption.is_shown);
    assert_string_equal(filter->caption.format, "{name} %H:%M");
    config_destroy(&config);
    config = load_valid(WITH(", \"timestamp\": true", PATTERN));
    assert_true(config->cameras[0].filter.caption.is_shown);
    assert_null(config->cameras[0].filter.caption.format);
    config_destroy(&config);
    config = load_valid(WITH("", PATTERN));
    assert_true(picture_filter_settings_equal(&config->cameras[0].filter, &(struct picture_filter_settings){0}));
    config_destroy(&config);
}

static void those_of_a_v4l2_source_count_as_well(void **state) {
    (void)state;
    struct config *config = load_valid(WITH(", \"privacy_masks\": [" SQUARE "]",
                                            V4L2(", \"rotate\": 270, \"flip\": \"vertical\", \"timestamp\": true")));
    const struct picture_filter_settings *filter = &config->cameras[0].filter;
    assert_int_equal(filter->turn_degrees, 270);
    assert_int_equal(filter->flip, FLIP_VERTICAL);
    assert_true(filter->caption.is_shown);
    assert_int_equal(filter->mask_count, 1);
    assert_int_equal(config->cameras[0].source.filter.mask_count, 0); /* JPEG can be masked, too */
    config_destroy(&config);
}

static void faults_are_told(void **state) {
    (void)state;
    static const struct {
        const char *text, *fault;
    } cases[] = {
        {WITH(", \"rotate\": 90", V4L2(", \"rotate\": 90")),
         ".rotate: stands in the source too: remove one of the two"},
        {WITH(", \"flip\": \"none\"", V4L2(", \"flip\": \"both\"")),
         ".flip: stands in the source too: remove one of the two"},
        {WITH(", \"timestamp\": \"%H\"", V4L2(", \"timestamp\": true")),
         ".timestamp: stands in the source too: remove one of the two"},
        {WITH(", \"rotate\": 45", PATTERN), ".rotate: must be 0, 90, 180 or 270"},
        {WITH(", \"rotate_mode\": \"slow\"", PATTERN),
         ".rotate_mode: unknown way to rotate; there are \"lossless\" and \"fast\""},
        {WITH(", \"timestamp\": 1", PATTERN), ".timestamp: must be true, false or a text"},
        {WITH(", \"timestamp\": \"\"", PATTERN),
         ".timestamp: must be 1 to 128 bytes of UTF-8 without control characters"},
        {WITH(", \"privacy_masks\": [[[0, 0], [1, 1], [1, 0], [0, 1]]]", PATTERN),
         ".privacy_masks[0]: must not cross itself: the side from point 1 meets the one from point 3"},
        {WITH(", \"privacy_masks\": [" SQUARE ", [[0, 0], [1, 1.5], [1, 0]]]", PATTERN),
         ".privacy_masks[1][1][1]: must be between 0 and 1 (got 1.5)"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char expected[300];
        snprintf(expected, sizeof expected, FILE_NAME ":1: cameras[0]%s\n", cases[i].fault);
        assert_faults(cases[i].text, expected);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_source_has_them),
        cmocka_unit_test(those_of_a_v4l2_source_count_as_well),
        cmocka_unit_test(faults_are_told),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
