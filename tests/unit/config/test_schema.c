/* The schema that editors use says what the loader does. */
#include "cameras/registry.h"
#include "cameras/v4l2/v4l2_formats.h"
#include "tests/unit/config/support.h"

#include <jansson.h>

#define UNKNOWN_KEY "qqqqqqqqqqqq"
#define TRIANGLE "[[0, 0], [1, 0], [0, 1]]"
#define PATTERN "{\"type\": \"pattern\"}"

/* Each object of the file: where the schema has it, and a file with one, whose members are left open. */
static const struct place {
    const char *definition; /* NULL: the schema's root */
    const char *before, *after;
} places[] = {
    {NULL, "{", "}"},
    {"server", "{\"cameras\": [{\"source\": " PATTERN "}], \"server\": {", "}}"},
    {"defaults", "{\"cameras\": [{\"source\": " PATTERN "}], \"defaults\": {", "}}"},
    {"user", "{\"cameras\": [{\"source\": " PATTERN "}], \"users\": [{", "}]}"},
    {"token", "{\"cameras\": [{\"source\": " PATTERN "}], \"tokens\": [{", "}]}"},
    {"hooks", "{\"cameras\": [{\"source\": " PATTERN "}], \"hooks\": {", "}}"},
    {"hook", "{\"cameras\": [{\"source\": " PATTERN "}], \"hooks\": {\"on_state_change\": {", "}}}"},
    {"recording", "{\"cameras\": [{\"source\": " PATTERN "}], \"recording\": {", "}}"},
    {"zone", "{\"cameras\": [{\"source\": " PATTERN ", \"motion\": {\"zones\": [{", "}]}}]}"},
    {"window",
     "{\"cameras\": [{\"source\": " PATTERN ", \"motion\": {\"active\": "
     "[{",
     "}]}}]}"},
    {"camera", "{\"cameras\": [{", "}]}"},
    {"record", "{\"recording\": {\"path\": \"r\"}, \"cameras\": [{\"source\": " PATTERN ", \"record\": {", "}}]}"},
    {"motion", "{\"cameras\": [{\"source\": " PATTERN ", \"motion\": {", "}}]}"},
    {"emulated", "{\"cameras\": [{\"source\": {\"type\": \"emulated\", ", "}}]}"},
    {"pattern", "{\"cameras\": [{\"source\": {\"type\": \"pattern\", ", "}}]}"},
    {"variant", "{\"cameras\": [{\"source\": " PATTERN ", \"variants\": {\"thumb\": {", "}}}]}"},
    {"push", "{\"cameras\": [{\"source\": {\"type\": \"push\", ", "}}]}"},
    {"url", "{\"cameras\": [{\"source\": {\"type\": \"url\", ", "}}]}"},
    {"v4l2", "{\"cameras\": [{\"source\": {\"type\": \"v4l2\", ", "}}]}"},
    {"fault", "{\"cameras\": [{\"source\": {\"type\": \"pattern\", \"faults\": [{", "}]}}]}"},
};
#define PLACE_COUNT (sizeof places / sizeof places[0])

static void *directory;

static int begin(void **state) {
    if (camera_type_find("url")->driver == NULL) {
        print_message("SKIP the keys of url cameras, which are not in this build\n");
    }
    *state = json_load_file(SOURCE_DIR "/config/framebroker.schema.json", JSON_REJECT_DUPLICATES, NULL);
    return *state != NULL ? enter_directory(&directory) : -1;
}

static int end(void **state) {
    json_decref(*state);
    return leave_directory(&directory);
}

/* Whether this build has the kind of camera. */
static bool is_built(const struct place *place) {
    return place->definition == NULL || strcmp(place->definition, "url") != 0 ||
           camera_type_find("url")->driver != NULL;
}

static json_t *definition(json_t *schema, const char *name) {
    return name == NULL ? schema : json_object_get(json_object_get(schema, "$defs"), name);
}

static json_t *properties(json_t *schema, const struct place *place) {
    json_t *found = json_object_get(definition(schema, place->definition), "properties");
    assert_non_null(found);
    return found;
}

/* What a property says of itself, or what the definition that it refers to says. */
static json_t *keyword(json_t *schema, json_t *property, const char *name) {
    json_t *own = json_object_get(property, name);
    const char *reference = json_string_value(json_object_get(property, "$ref"));
    return own != NULL || reference == NULL ? own
                                            : json_object_get(definition(schema, strrchr(reference, '/') + 1), name);
}

/* The faults of a file with one member in that place; "" where it is valid. */
static char *load_member(const struct place *place, const char *key, const char *value) {
    char text[400];
    snprintf(text, sizeof text, "%s\"%s\": %s%s", place->before, key, value, place->after);
    struct config *config = NULL;
    enum err error = ERR_OK;
    char *faults = load_text(text, &config, &error);
    config_destroy(&config);
    return faults;
}

static void schema_and_loader_know_the_same_keys(void **state) {
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        if (!is_built(&places[i])) {
            continue;
        }
        json_t *known = properties(*state, &places[i]);
        char *faults = load_member(&places[i], UNKNOWN_KEY, "1");
        const char *list = strstr(faults, UNKNOWN_KEY ": unknown key; there are ");
        assert_non_null(list);
        const char *end = strchr(list, '\n');
        size_t count = 0;
        for (const char *quote = strchr(list, '"'); quote != NULL && quote < end; quote = strchr(quote + 1, '"')) {
            char key[64];
            assert_int_equal(sscanf(quote, "\"%63[^\"]\"", key), 1);
            if (json_object_get(known, key) == NULL) {
                fail_msg("the schema does not know %s of %s", key, places[i].definition);
            }
            count++;
            quote = strchr(quote + 1, '"');
        }
        assert_int_equal(count, json_object_size(known));
        free(faults);
    }
}

static void assert_bound(const struct place *place, const char *key, double value, bool within) {
    char number[32], fault[64];
    snprintf(number, sizeof number, "%.15g", value);
    snprintf(fault, sizeof fault, "%s: must be between ", key);
    char *faults = load_member(place, key, number);
    if ((strstr(faults, fault) == NULL) != within) {
        fail_msg("%s of %s: the loader and the schema do not agree about %s", key, place->definition, number);
    }
    free(faults);
}

static void schema_and_loader_have_the_same_bounds(void **state) {
    size_t bounds = 0;
    for (size_t i = 0; i < PLACE_COUNT; i++) {
        const char *key;
        json_t *property;
        json_object_foreach(properties(*state, &places[i]), key, property) {
            json_t *least = keyword(*state, property, "minimum"), *most = keyword(*state, property, "maximum");
            if (least == NULL || most == NULL || !is_built(&places[i])) {
                continue;
            }
            assert_bound(&places[i], key, json_number_value(least), true);
            assert_bound(&places[i], key, json_number_value(most), true);
            assert_bound(&places[i], key, json_number_value(least) - 0.0001, false);
            assert_bound(&places[i], key, json_number_value(most) + 0.0001, false);
            bounds++;
        }
    }
    assert_true(bounds >= 15);
}

/* What else has to stand beside a key for the file to be valid. */
static const char *companions(const struct place *place, const char *key) {
    const char *name = place->definition;
    if (strcmp(name, "camera") == 0) {
        return strcmp(key, "source") == 0 ? "" : "\"source\": " PATTERN ", ";
    }
    if (strcmp(name, "emulated") == 0) {
        return strcmp(key, "files") == 0 ? "" : "\"files\": [\"1.jpg\"], ";
    }
    if (strcmp(name, "push") == 0) {
        return strcmp(key, "key") == 0 ? "" : "\"key\": \"abcdefgh\", ";
    }
    if (strcmp(name, "url") == 0) {
        return strcmp(key, "url") == 0 ? "" : "\"url\": \"rtsp://host/\", ";
    }
    if (strcmp(name, "user") == 0) {
        return "\"name\": \"anna\", \"password\": "
               "\"$y$j9T$ltn8A/I5mSp9Lh.ssd7jT/$kxlypXayWlnoMEDf302rTTYZqN1izuA4ErJHe4xyA00\", ";
    }
    if (strcmp(name, "token") == 0) {
        return "\"name\": \"wall\", \"token\": \"abcdefghijklmnopqrstuvwxyz\", ";
    }
    if (strcmp(name, "recording") == 0) {
        return strcmp(key, "path") == 0 ? "" : "\"path\": \"r\", ";
    }
    if (strcmp(name, "hook") == 0) {
        return "\"command\": [\"true\"], ";
    }
    if (strcmp(name, "fault") == 0) {
        return strcmp(key, "at_s") == 0 || strcmp(key, "at_frame") == 0 ? "\"kind\": \"freeze\", "
               : strcmp(key, "kind") == 0                               ? "\"at_frame\": 1, "
                                                                        : "\"kind\": \"freeze\", \"at_frame\": 1, ";
    }
    return "";
}

static struct config *load_value(const struct place *place, const char *key, const char *value) {
    char text[500];
    snprintf(text, sizeof text, "%s%s\"%s\": %s%s", place->before, companions(place, key), key, value, place->after);
    return load_valid(text);
}

/* The same file without that key. */
static struct config *load_without(const struct place *place, const char *key) {
    char text[500];
    int used = snprintf(text, sizeof text, "%s%s", place->before, companions(place, key));
    int end = text[used - 2] == ',' ? used - 2 : used;
    snprintf(text + end, sizeof text - (size_t)end, "%s", place->after);
    return load_valid(text);
}

static void defaults_of_the_schema_are_those_of_the_loader(void **state) {
    size_t defaults = 0;
    for (size_t i = 1; i < PLACE_COUNT; i++) {
        const char *key;
        json_t *property;
        json_object_foreach(properties(*state, &places[i]), key, property) {
            json_t *value = json_object_get(property, "default");
            if (value == NULL || !is_built(&places[i])) {
                continue;
            }
            char *written = json_dumps(value, JSON_ENCODE_ANY);
            struct config *explicit_default = load_value(&places[i], key, written);
            free(written);
            struct config *left_out = load_without(&places[i], key);
            assert_string_equal(explicit_default->server.listen.address, left_out->server.listen.address);
            assert_int_equal(explicit_default->server.listen.port, left_out->server.listen.port);
            assert_int_equal(explicit_default->server.max_streams, left_out->server.max_streams);
            assert_int_equal(explicit_default->server.allow_anonymous, left_out->server.allow_anonymous);
            assert_int_equal(explicit_default->server.max_streams_per_address,
                             left_out->server.max_streams_per_address);
            assert_int_equal(explicit_default->server.max_stream_life_ns, left_out->server.max_stream_life_ns);
            assert_int_equal(explicit_default->server.senders, left_out->server.senders);
            assert_int_equal(explicit_default->workers, left_out->workers);
            assert_int_equal(explicit_default->watch, left_out->watch);
            assert_int_equal(explicit_default->access.account_count, left_out->access.account_count);
            for (size_t j = 0; j < left_out->access.account_count; j++) {
                assert_int_equal(explicit_default->access.accounts[j].rights, left_out->access.accounts[j].rights);
            }
            assert_true(hooks_settings_equal(&explicit_default->server.hooks, &left_out->server.hooks));
            assert_true(settings_equal(&recording_table, (const void *const[]){&explicit_default->recording},
                                       (const void *const[]){&left_out->recording}));
            if (!camera_settings_equal(explicit_default->cameras, left_out->cameras)) {
                fail_msg("the schema's default of %s of %s is not the loader's", key, places[i].definition);
            }
            config_destroy(&explicit_default);
            config_destroy(&left_out);
            defaults++;
        }
    }
    assert_true(defaults >= 10);
}

/* Two values that mean different things, of a property that no keyword of the schema gives them for. */
static const struct {
    const char *key, *first, *second;
} values[] = {
    {"id", "\"a\"", "\"b\""},
    {"name", "\"Yard\"", "\"Door\""},
    {"source", "{\"type\": \"pattern\"}", "{\"type\": \"v4l2\"}"},
    {"variants", "{\"thumb\": {\"width\": 32}}", "{\"small\": {\"width\": 32}}"},
    {"record", "{\"fps\": 1}", "{\"fps\": 2}"},
    {"motion", "{}", "{\"fps\": 2}"},
    {"masks", "[" TRIANGLE "]", "[[[0, 0], [1, 0], [1, 1]]]"},
    {"zones", "[]", "[{\"name\": \"a\", \"polygon\": " TRIANGLE "}]"},
    {"active", "[{\"days\": \"mon\", \"from\": \"10:00\", \"to\": \"11:00\"}]",
     "[{\"days\": \"tue\", \"from\": \"10:00\", \"to\": \"11:00\"}]"},
    {"max_age", "\"1 d\"", "\"2 d\""},
    {"max_bytes", "\"1 GB\"", "\"2 GB\""},
    {"faults", "[]", "[{\"kind\": \"freeze\", \"at_s\": 1}]"},
    {"files", "[\"1.jpg\", \"2.jpg\"]", "[\"1.jpg\", \"3.jpg\"]"},
    {"key", "\"abcdefgh\"", "\"abcdefgi\""},
    {"url", "\"rtsp://host/1\"", "\"rtsp://host/2\""},
    {"username", "\"a\"", "\"b\""},
    {"password", "\"a\"", "\"b\""},
    {"device", "\"/dev/video1\"", "\"/dev/video2\""},
    {"privacy_masks", "[[[0, 0], [1, 0], [1, 1]]]", "[[[0, 0], [1, 0], [1, 0.9]]]"},
    {"timestamp", "true", "false"},
    {"controls", "{\"brightness\": 1, \"mode\": \"Day\"}", "{\"brightness\": 1, \"mode\": \"Night\"}"},
};

/* The two values of a property. */
static void choose_values(json_t *schema, const char *key, json_t *property, char *first, char *second, size_t room) {
    json_t *least = keyword(schema, property, "minimum"), *choices = keyword(schema, property, "enum");
    json_t *type = keyword(schema, property, "type");
    *first = *second = '\0';
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        if (strcmp(values[i].key, key) == 0) {
            snprintf(first, room, "%s", values[i].first);
            snprintf(second, room, "%s", values[i].second);
        }
    }
    if (*first == '\0' && least != NULL) {
        snprintf(first, room, "%.15g", json_number_value(least));
        snprintf(second, room, "%.15g", json_number_value(keyword(schema, property, "maximum")));
    } else if (*first == '\0' && choices != NULL) {
        char *dumped = json_dumps(json_array_get(choices, 0), JSON_ENCODE_ANY);
        snprintf(first, room, "%s", dumped);
        free(dumped);
        dumped = json_dumps(json_array_get(choices, 1), JSON_ENCODE_ANY);
        snprintf(second, room, "%s", dumped);
        free(dumped);
    } else if (*first == '\0' && type != NULL && strcmp(json_string_value(type), "boolean") == 0) {
        snprintf(first, room, "false");
        snprintf(second, room, "true");
    }
}

/* camera_settings_equal() forgets none: it would not be applied at a reload. */
static void every_key_of_a_camera_counts_as_a_change(void **state) {
    size_t first_place = 0, keys = 0;
    while (places[first_place].definition == NULL || strcmp(places[first_place].definition, "camera") != 0) {
        first_place++;
    }
    for (size_t i = first_place; i < PLACE_COUNT; i++) {
        const char *key;
        json_t *property;
        json_object_foreach(properties(*state, &places[i]), key, property) {
            if (strcmp(key, "type") == 0 || !is_built(&places[i])) {
                continue; /* the type decides between these places */
            }
            char first[100], second[100];
            choose_values(*state, key, property, first, second, sizeof first);
            if (first[0] == '\0') {
                fail_msg("this test has to be told two values of %s of %s", key, places[i].definition);
            }
            struct config *one = load_value(&places[i], key, first);
            struct config *same = load_value(&places[i], key, first);
            struct config *other = load_value(&places[i], key, second);
            assert_true(camera_settings_equal(one->cameras, same->cameras));
            if (camera_settings_equal(one->cameras, other->cameras)) {
                fail_msg("a change of %s of %s goes unnoticed", key, places[i].definition);
            }
            config_destroy(&one);
            config_destroy(&same);
            config_destroy(&other);
            keys++;
        }
    }
    assert_true(keys >= 30);
}

static void kinds_of_faults_are_the_same(void **state) {
    const struct place *fault = &places[PLACE_COUNT - 1];
    json_t *kinds = json_object_get(json_object_get(properties(*state, fault), "kind"), "enum");
    char *faults = load_member(fault, "kind", "\"" UNKNOWN_KEY "\"");
    const char *list = strstr(faults, "; there are ");
    assert_non_null(list);
    size_t index, quotes = 0;
    json_t *kind;
    json_array_foreach(kinds, index, kind) {
        char quoted[32];
        snprintf(quoted, sizeof quoted, "\"%s\"", json_string_value(kind));
        assert_non_null(strstr(list, quoted));
    }
    for (const char *c = list; *c != '\n'; c++) {
        quotes += *c == '"';
    }
    assert_int_equal(quotes, 2 * json_array_size(kinds));
    free(faults);
}

static void choices_of_v4l2_are_the_same(void **state) {
    static const char *const keys[] = {"format", "subsampling", "range", "rotate", "flip"};
    const struct place *v4l2 = &places[PLACE_COUNT - 2];
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        json_t *choices = json_object_get(json_object_get(properties(*state, v4l2), keys[i]), "enum");
        size_t index;
        json_t *choice;
        json_array_foreach(choices, index, choice) {
            char *value = json_dumps(choice, JSON_ENCODE_ANY);
            char *faults = load_member(v4l2, keys[i], value);
            assert_string_equal(faults, "");
            free(faults);
            free(value);
        }
        if (strcmp(keys[i], "format") == 0) {
            assert_int_equal(json_array_size(choices), V4L2_PIXEL_FORMATS + 1);
        }
        if (strcmp(keys[i], "rotate") == 0) {
            continue; /* whose faults quote none of them */
        }
        char *faults = load_member(v4l2, keys[i], "\"" UNKNOWN_KEY "\"");
        size_t quotes = 0;
        for (const char *c = strstr(faults, "; there are "); *c != '\n'; c++) {
            quotes += *c == '"';
        }
        assert_int_equal(quotes, 2 * json_array_size(choices));
        free(faults);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(schema_and_loader_know_the_same_keys),
        cmocka_unit_test(schema_and_loader_have_the_same_bounds),
        cmocka_unit_test(defaults_of_the_schema_are_those_of_the_loader),
        cmocka_unit_test(every_key_of_a_camera_counts_as_a_change),
        cmocka_unit_test(kinds_of_faults_are_the_same),
        cmocka_unit_test(choices_of_v4l2_are_the_same),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
