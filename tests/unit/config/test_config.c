#include "tests/unit/config/support.h"

#include "broker/base/clock.h"
#include "cameras/simple/emulated.h"

#define PATTERN "{\"source\": {\"type\": \"pattern\"}}"

static void what_is_left_out_has_its_default(void **state) {
    (void)state;
    struct config *config = load_valid("{\"cameras\": [" PATTERN "]}");
    assert_string_equal(config->server.listen.address, "127.0.0.1");
    assert_int_equal(config->server.listen.port, 8080);
    assert_int_equal(config->server.max_streams, 256);
    assert_int_equal(config->server.senders, 0);
    assert_int_equal(config->workers, 0);
    assert_int_equal(config->camera_count, 1);
    const struct camera_settings *camera = &config->cameras[0];
    assert_string_equal(camera->topic.id, "1");
    assert_string_equal(camera->topic.name, "1");
    assert_string_equal(camera->topic.source, "pattern");
    assert_int_equal(camera->topic.ring_frames, 8);
    assert_int_equal(camera->topic.idle_timeout_ns, 10 * NS_PER_S);
    assert_true(camera->topic.on_demand);
    assert_true(camera->topic.fps == 30);
    assert_int_equal(camera->topic.max_variants, 8);
    assert_int_equal(camera->topic.variant_count, 0);
    assert_int_equal(camera->topic.stale_after_ns, 3 * NS_PER_S);
    assert_string_equal(camera->source.type->name, "pattern");
    assert_true(camera->source.fps == 30);
    assert_int_equal(camera->source.width_px, 1280);
    assert_int_equal(camera->source.height_px, 720);
    assert_int_equal(camera->source.quality, 80);
    assert_int_equal(camera->source.fault_count, 0);
    config_destroy(&config);
    assert_null(config);
}

static void what_the_file_says_is_taken(void **state) {
    (void)state;
    struct config *config =
        load_valid("{\"$schema\": \"x\", \"server\": {\"listen\": \"0.0.0.0:81\", \"allow_anonymous\": true, "
                   "\"max_streams\": 10, \"max_streams_per_address\": 3, \"max_stream_life_s\": 0.5, \"senders\": 3, "
                   "\"workers\": 4}, \"cameras\": [{\"id\": \"front-door\", \"name\": \"Haust\u00fcr\", \"source\": "
                   "{\"type\": \"pattern\", \"width\": 320, \"height\": 240, \"fps\": 12.5, \"quality\": 50}}]}");
    assert_string_equal(config->server.listen.address, "0.0.0.0");
    assert_int_equal(config->server.listen.port, 81);
    assert_true(config->server.allow_anonymous);
    assert_int_equal(config->server.max_streams_per_address, 3);
    assert_int_equal(config->server.max_stream_life_ns, NS_PER_S / 2);
    assert_int_equal(config->server.max_streams, 10);
    assert_int_equal(config->server.senders, 3);
    assert_int_equal(config->workers, 4);
    const struct camera_settings *camera = &config->cameras[0];
    assert_string_equal(camera->topic.id, "front-door");
    assert_string_equal(camera->topic.name, "Haust\u00fcr");
    assert_int_equal(camera->source.width_px, 320);
    assert_int_equal(camera->source.height_px, 240);
    assert_true(camera->source.fps == 12.5 && camera->topic.fps == 12.5);
    assert_int_equal(camera->source.quality, 50);
    config_destroy(&config);
}

static void camera_overrides_defaults(void **state) {
    (void)state;
    struct config *config =
        load_valid("{\"cameras\": [" PATTERN ", {\"idle_timeout_s\": 0.5, \"stale_after_ms\": 100, \"ring_frames\": 2,"
                   "\"on_demand\": true, \"source\": {\"type\": \"pattern\", \"quality\": 30}}], \"defaults\": "
                   "{\"idle_timeout_s\": 0, \"stale_after_ms\": 5000, \"ring_frames\": 64, \"on_demand\": false, "
                   "\"quality\": 1}}");
    const struct camera_settings *first = &config->cameras[0], *second = &config->cameras[1];
    assert_int_equal(first->topic.idle_timeout_ns, 0);
    assert_int_equal(first->topic.stale_after_ns, 5 * NS_PER_S);
    assert_int_equal(first->topic.ring_frames, 64);
    assert_false(first->topic.on_demand);
    assert_int_equal(first->source.quality, 1);
    assert_int_equal(second->topic.idle_timeout_ns, NS_PER_S / 2);
    assert_int_equal(second->topic.stale_after_ns, 100 * NS_PER_MS);
    assert_int_equal(second->topic.ring_frames, 2);
    assert_true(second->topic.on_demand);
    assert_int_equal(second->source.quality, 30);
    config_destroy(&config);
}

static void assert_variant(const struct camera_settings *camera, size_t index, const char *name, uint32_t width_px,
                           int quality, double fps) {
    assert_true(index < camera->topic.variant_count);
    const struct variant_settings *variant = &camera->topic.variants[index];
    assert_string_equal(variant->name, name);
    assert_int_equal(variant->request.width_px, width_px);
    assert_int_equal(variant->request.quality, quality);
    assert_true(variant->request.fps == fps);
}

static void cameras_add_variants_to_those_of_the_defaults(void **state) {
    (void)state;
    struct config *config = load_valid(
        "{\"defaults\": {\"max_variants\": 2, \"variants\": {\"thumb\": {\"width\": 320, \"quality\": 60, \"fps\": 5}, "
        "\"slow\": {\"fps\": 1}}}, \"cameras\": [" PATTERN ", {\"max_variants\": 0, \"source\": {\"type\": "
        "\"pattern\"}, \"variants\": {\"thumb\": {\"width\": 160}, \"coarse\": {\"quality\": 10}}}]}");
    const struct camera_settings *first = &config->cameras[0], *second = &config->cameras[1];
    assert_int_equal(first->topic.max_variants, 2);
    assert_int_equal(first->topic.variant_count, 2);
    assert_variant(first, 0, "thumb", 320, 60, 5);
    assert_variant(first, 1, "slow", 0, 0, 1);
    assert_int_equal(second->topic.max_variants, 0);
    assert_int_equal(second->topic.variant_count, 3);
    assert_variant(second, 0, "thumb", 160, 0, 0);
    assert_variant(second, 1, "slow", 0, 0, 1);
    assert_variant(second, 2, "coarse", 0, 10, 0);
    config_destroy(&config);
}

static void slow_camera_is_not_stale_between_two_frames(void **state) {
    (void)state;
    struct config *config =
        load_valid("{\"cameras\": [{\"source\": {\"type\": \"pattern\", \"fps\": 0.1}},"
                   "{\"stale_after_ms\": 1000, \"source\": {\"type\": \"pattern\", \"fps\": 0.1}}]}");
    assert_int_equal(config->cameras[0].topic.stale_after_ns, 20 * NS_PER_S);
    assert_int_equal(config->cameras[1].topic.stale_after_ns, NS_PER_S);
    config_destroy(&config);
}

static const char *const *files_of(const struct config *config) {
    return ((const struct emulated_settings *)config->cameras[0].source.own)->files;
}

static void relative_files_are_beside_the_configuration(void **state) {
    (void)state;
    static const char text[] =
        "{\"cameras\": [{\"source\": {\"type\": \"emulated\", \"files\": [\"1.jpg\", \"/a/2.jpg\"]}}]}";
    write_file(text, sizeof text - 1);
    struct config *config = NULL;
    enum err error = ERR_OK;
    free(load_file(FILE_NAME, &config, &error));
    assert_int_equal(error, ERR_OK);
    const struct source_settings *source = &config->cameras[0].source;
    assert_string_equal(source->type->name, "emulated");
    const struct emulated_settings *own = source->own;
    assert_true(source->fps == 1);
    assert_int_equal(own->file_count, 2);
    assert_string_equal(own->files[0], "1.jpg");
    assert_string_equal(own->files[1], "/a/2.jpg");
    config_destroy(&config);

    free(load_file("./" FILE_NAME, &config, &error));
    assert_int_equal(error, ERR_OK);
    assert_string_equal(files_of(config)[0], "./1.jpg");
    assert_string_equal(files_of(config)[1], "/a/2.jpg");
    config_destroy(&config);
}

static void cameras_of_other_nodes_can_be_named(void **state) {
    (void)state;
    struct config *config = load_valid(
        "{\"cameras\": [" PATTERN "], \"views\": [{\"name\": \"a\", \"cameras\": [\"site-a.front\", \"site-b.*\"]}], "
        "\"tokens\": [{\"name\": \"t\", \"token\": \"0123456789abcdefghij\", \"cameras\": [\"site-a.front\"]}]}");
    assert_string_equal(config->server.views.list[0].cameras[0], "site-a.front");
    assert_string_equal(config->server.views.list[0].cameras[1], "site-b.*");
    config_destroy(&config);
}

static void environment_variables_are_put_in(void **state) {
    (void)state;
    setenv("FRAMEBROKER_TEST_A", "left", 1);
    setenv("FRAMEBROKER_TEST_B", "", 1);
    struct config *config = load_valid("{\"cameras\": [{\"id\": \"${FRAMEBROKER_TEST_A}-x\", \"name\": \"$1 "
                                       "<${FRAMEBROKER_TEST_A}${FRAMEBROKER_TEST_B}${FRAMEBROKER_TEST_A}> $\", "
                                       "\"source\": {\"type\": \"pattern\"}}]}");
    assert_string_equal(config->cameras[0].topic.id, "left-x");
    assert_string_equal(config->cameras[0].topic.name, "$1 <leftleft> $");
    config_destroy(&config);
}

static void node_of_a_cluster_needs_no_camera(void **state) {
    (void)state;
    struct config *config = load_valid(
        "{\"cluster\": {\"url\": \"nats://a\", \"node\": \"wall\", \"import\": [\"*/*\"]}, \"cameras\": []}");
    assert_int_equal(config->camera_count, 0);
    config_destroy(&config);
}

static void played_faults_are_taken(void **state) {
    (void)state;
    struct config *config =
        load_valid("{\"cameras\": [{\"source\": {\"type\": \"pattern\", \"faults\": ["
                   "{\"kind\": \"freeze\", \"at_frame\": 7}, {\"kind\": \"vanish\", \"at_s\": 2.5, \"for_s\": 10},"
                   "{\"kind\": \"truncated\", \"at_frame\": 3}, {\"kind\": \"truncated\", \"at_s\": 0, \"for_s\": 1},"
                   "{\"kind\": \"fail_open\", \"at_s\": 0}, {\"kind\": \"slow_open\", \"at_s\": 0, \"for_s\": 4}]}}]}");
    static const struct fault_settings expected[] = {
        {FAULT_FREEZE, 7, 0, INT64_MAX},    {FAULT_VANISH, 0, 5 * NS_PER_S / 2, 10 * NS_PER_S},
        {FAULT_TRUNCATED, 3, 0, 0},         {FAULT_TRUNCATED, 0, 0, NS_PER_S},
        {FAULT_FAIL_OPEN, 0, 0, INT64_MAX}, {FAULT_SLOW_OPEN, 0, 0, 4 * NS_PER_S},
    };
    const struct source_settings *source = &config->cameras[0].source;
    assert_int_equal(source->fault_count, sizeof expected / sizeof expected[0]);
    for (size_t i = 0; i < source->fault_count; i++) {
        assert_int_equal(source->faults[i].kind, expected[i].kind);
        assert_int_equal(source->faults[i].at_frame, expected[i].at_frame);
        assert_int_equal(source->faults[i].at_ns, expected[i].at_ns);
        assert_int_equal(source->faults[i].for_ns, expected[i].for_ns);
    }
    config_destroy(&config);
}

static void a_thousand_cameras_load(void **state) {
    (void)state;
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    fputs("{\"cameras\": [", stream);
    for (int i = 0; i < 1000; i++) {
        fprintf(stream, "%s" PATTERN, i == 0 ? "" : ",\n");
    }
    fputs("]}", stream);
    fclose(stream);
    struct config *config = load_valid(text);
    assert_int_equal(config->camera_count, 1000);
    assert_string_equal(config->cameras[999].topic.id, "1000");
    config_destroy(&config);
    free(text);
}

static void a_byte_order_mark_is_passed_over(void **state) {
    (void)state;
    struct config *config = load_valid("\xef\xbb\xbf{\"cameras\": [{\"source\": {\"type\": \"pattern\"}}]}");
    assert_int_equal(config->camera_count, 1);
    config_destroy(&config);
}

static void demo_has_eight_cameras_and_its_pictures(void **state) {
    (void)state;
    struct config *config = NULL;
    enum err error = ERR_OK;
    char *faults = load_file_with(config_check, SOURCE_DIR "/config/demo.json", &config, &error);
    assert_string_equal(faults, "");
    free(faults);
    assert_int_equal(config->camera_count, 8);
    assert_string_equal(config->cameras[0].topic.id, "front-door");
    assert_int_equal(((const struct emulated_settings *)config->cameras[0].source.own)->file_count, 3);
    assert_true(config->cameras[0].source.fps == 1);
    config_destroy(&config);
}

static void files_that_cannot_be_opened_are_told_when_asked(void **state) {
    (void)state;
    setenv("FRAMEBROKER_TEST_SECRET", "hunter2", 1);
    struct config *config =
        load_valid("{\"cameras\": [{\"source\": {\"type\": \"emulated\", \"files\": [\n\"" FILE_NAME "\",\n"
                   "\"${FRAMEBROKER_TEST_SECRET}\\n.jpg\",\n\"..\"]}}]}");
    config_destroy(&config);
    enum err error = ERR_OK;
    char *faults = load_file_with(config_check, FILE_NAME, &config, &error);
    assert_int_equal(error, ERR_INVALID);
    assert_string_equal(faults, "c.json:3: cameras[0].source.files[1]: \"${FRAMEBROKER_TEST_SECRET}?.jpg\" cannot be "
                                "opened: No such file or directory\n"
                                "c.json:4: cameras[0].source.files[2]: \"..\" cannot be opened: Not a regular file\n");
    free(faults);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_left_out_has_its_default),
        cmocka_unit_test(what_the_file_says_is_taken),
        cmocka_unit_test(camera_overrides_defaults),
        cmocka_unit_test(cameras_add_variants_to_those_of_the_defaults),
        cmocka_unit_test(slow_camera_is_not_stale_between_two_frames),
        cmocka_unit_test(relative_files_are_beside_the_configuration),
        cmocka_unit_test(cameras_of_other_nodes_can_be_named),
        cmocka_unit_test(environment_variables_are_put_in),
        cmocka_unit_test(node_of_a_cluster_needs_no_camera),
        cmocka_unit_test(played_faults_are_taken),
        cmocka_unit_test(a_thousand_cameras_load),
        cmocka_unit_test(a_byte_order_mark_is_passed_over),
        cmocka_unit_test(demo_has_eight_cameras_and_its_pictures),
        cmocka_unit_test(files_that_cannot_be_opened_are_told_when_asked),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
