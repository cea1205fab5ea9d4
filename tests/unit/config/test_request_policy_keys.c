/* The keys that say how the network reaches the server. */
#include "tests/unit/config/support.h"

#define CAMERA "\"cameras\": [{\"source\": {\"type\": \"pattern\"}}]"

static void request_policy_is_read(void **state) {
    (void)state;
    struct config *config =
        load_valid("{\"server\": {\"hosts\": [\"Cams.example.org\", \"nvr:8443\"], \"cors_origins\": "
                   "[\"https://dash.example.org\"], \"trusted_proxies\": [\"10.0.0.0/8\", \"::1\"], "
                   "\"base_path\": \"/cams/\"}, " CAMERA "}");
    const struct request_policy_settings *policy = request_policy_settings(config->server.policy);
    assert_int_equal(policy->origin.host_count, 2);
    assert_string_equal(policy->origin.hosts[0].host, "cams.example.org");
    assert_int_equal(policy->origin.hosts[1].port, 8443);
    assert_int_equal(policy->origin.origin_count, 1);
    assert_string_equal(policy->origin.origins[0], "https://dash.example.org");
    assert_int_equal(policy->trusted_proxy_count, 2);
    assert_string_equal(policy->base_path, "/cams");
    config_destroy(&config);
}

static void root_is_the_base_path_by_default(void **state) {
    (void)state;
    static const char *const texts[] = {"{" CAMERA "}", "{\"server\": {\"base_path\": \"/\"}, " CAMERA "}",
                                        "{\"server\": {\"base_path\": \"\"}, " CAMERA "}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct config *config = load_valid(texts[i]);
        assert_string_equal(request_policy_settings(config->server.policy)->base_path, "");
        config_destroy(&config);
    }
}

static void every_wrong_entry_is_named(void **state) {
    (void)state;
    static const char host[] = "must be a name that the server is reached by, with or without a port, as in "
                               "\"cams.example.org\"\n";
    static const char origin[] = "must be an origin, as in \"https://dashboard.example.org\", or \"*\" alone\n";
    static const char proxy[] = "must be an address or a range of them, as in \"127.0.0.1\", \"10.0.0.0/8\" or "
                                "\"fd00::/8\"\n";
    char expected[1024];
    snprintf(expected, sizeof expected,
             FILE_NAME ":2: server.hosts[1]: %s" FILE_NAME ":3: server.cors_origins[1]: %s" FILE_NAME
                       ":4: server.trusted_proxies[0]: %s" FILE_NAME ":4: server.trusted_proxies[1]: must be a string "
                       "(got a number)\n",
             host, origin, proxy);
    assert_faults("{\"server\": {\n\"hosts\": [\"a\", \"http://b\"],\n\"cors_origins\": [\"http://a\", \"*\"],\n"
                  "\"trusted_proxies\": [\"proxy.lan\", 7]}, " CAMERA "}",
                  expected);
}

static void too_many_are_refused(void **state) {
    (void)state;
    char text[1024] = "{\"server\": {\"hosts\": [\"a\"";
    for (int i = 0; i < ORIGIN_HOSTS_MAX; i++) {
        strcat(text, ", \"a\"");
    }
    assert_faults(strcat(text, "]}, " CAMERA "}"), FILE_NAME ":1: server.hosts[16]: there are too many of these\n");
}

static void impossible_base_path_is_refused(void **state) {
    (void)state;
    static const char *const paths[] = {"cams",
                                        "//",
                                        "/a//b",
                                        "/a//",
                                        "/../x",
                                        "/a b",
                                        "/api",
                                        "/camera/x",
                                        "/<b>",
                                        "/a?b",
                                        "/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        char text[300];
        snprintf(text, sizeof text, "{\"server\": {\"base_path\": \"%s\"}, " CAMERA "}", paths[i]);
        char *faults = load_invalid(text);
        assert_non_null(strstr(faults, ": server.base_path: must be a path as in \"/cams\""));
        free(faults);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request_policy_is_read),          cmocka_unit_test(root_is_the_base_path_by_default),
        cmocka_unit_test(every_wrong_entry_is_named),      cmocka_unit_test(too_many_are_refused),
        cmocka_unit_test(impossible_base_path_is_refused),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
