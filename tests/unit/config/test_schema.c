/* The schema that editors use says what the loader does. */
#include "cameras/v4l2_formats.h"
#include "support.h"

#include <jansson.h>

#define UNKNOWN_KEY "qqqqqqqqqqqq"
#define PATTERN "{\"type\": \"pattern\"}"

/* Each object of the file: where the schema has it, and a file with one, whose members are left open. */
static const struct place {
    const char *definition; /* NULL: the schema's root */
    const char *before, *after;
} places[] = {
    {NULL, "{", "}"},
    {"server", "{\"cameras\": [{\"source\": " PATTERN "}], \"server\": {", "}}"},
    {"defaults", "{\"cameras\": [{\"source\": " PATTERN "}], \"defaults\": {", "}}"},
    {"camera", "{\"cameras\": [{", "}]}"},
    {"emulated", "{\"cameras\": [{\"source\": {\"type\": \"emulated\", ", "}}]}"},
    {"pattern", "{\"cameras\": [{\"source\": {\"type\": \"pattern\", ", "}}]}"},
    {"variant", "{\"cameras\": [{\"source\": " PATTERN ", \"variants\": {\"thumb\": {", "}}}]}"},
    {"user", "{\"cameras\": [{\"source\": " PATTERN "}], \"users\": [{", "}]}"},
    {"token", "{\"cameras\": [{\"source\": " PATTERN "}], \"tokens\": [{", "}]}"},
    {"v4l2", "{\"cameras\": [{\"source\": {\"type\": \"v4l2\", ", "}}]}"},
    {"fault", "{\"cameras\": [{\"source\": {\"type\": \"pattern\", \"faults\": [{", "}]}}]}"},
};
#define PLACE_COUNT (sizeof places / sizeof places[0])

static void *directory;

static int begin(void **state) {
    *state = json_load_file(SOURCE_DIR "/config/framebroker.schema.json", JSON_REJECT_DUPLICATES, NULL);
    return *state != NULL ? enter_directory(&directory) : -1;
}

static int end(void **state) {
    json_decref(*state);
    return leave_directory(&directory);
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
            if (least == NULL) {
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

static void defaults_of_the_schema_are_those_of_the_loader(void **state) {
    size_t defaults = 0;
    for (size_t i = 1; i < PLACE_COUNT; i++) {
        const char *key;
        json_t *property;
        json_object_foreach(properties(*state, &places[i]), key, property) {
            json_t *value = json_object_get(property, "default");
            if (value == NULL || strcmp(places[i].definition, "emulated") == 0) {
                continue;
            }
            char text[400];
            char *written = json_dumps(value, JSON_ENCODE_ANY);
            snprintf(text, sizeof text, "%s\"%s\": %s%s", places[i].before, key, written, places[i].after);
            free(written);
            struct config *explicit_default = load_valid(text);
            struct config *left_out = load_valid(strcmp(places[i].definition, "v4l2") == 0
                                                     ? "{\"cameras\": [{\"source\": {\"type\": \"v4l2\"}}]}"
                                                     : "{\"cameras\": [{\"source\": " PATTERN "}]}");
            assert_string_equal(explicit_default->server.address, left_out->server.address);
            assert_int_equal(explicit_default->server.port, left_out->server.port);
            assert_int_equal(explicit_default->server.max_streams, left_out->server.max_streams);
            assert_int_equal(explicit_default->server.allow_anonymous, left_out->server.allow_anonymous);
            assert_int_equal(explicit_default->server.max_streams_per_address,
                             left_out->server.max_streams_per_address);
            assert_int_equal(explicit_default->server.max_stream_life_ns, left_out->server.max_stream_life_ns);
            assert_int_equal(explicit_default->server.senders, left_out->server.senders);
            assert_int_equal(explicit_default->workers, left_out->workers);
            assert_true(camera_settings_equal(explicit_default->cameras, left_out->cameras));
            config_destroy(&explicit_default);
            config_destroy(&left_out);
            defaults++;
        }
    }
    assert_true(defaults >= 10);
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
        if (strcmp(keys[i], "format") == 0 || strcmp(keys[i], "rotate") == 0) {
            continue; /* whose faults do not list all */
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
        cmocka_unit_test(kinds_of_faults_are_the_same),
        cmocka_unit_test(choices_of_v4l2_are_the_same),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
