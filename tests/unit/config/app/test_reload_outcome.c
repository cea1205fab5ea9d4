#include "config/app/reload_outcome.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void assert_answer(const struct reload_outcome *outcome, int status, const char *json) {
    struct reload_answer answer = reload_outcome_answer(outcome, NULL);
    assert_int_equal(answer.status, status);
    assert_non_null(answer.json);
    assert_string_equal(answer.json, json);
    free(answer.json);
}

static void a_success_lists_what_became_of_each_camera(void **state) {
    (void)state;
    struct camera_manager_entry entries[] = {{"a", CAMERA_MANAGER_ADDED},
                                             {"b", CAMERA_MANAGER_UNCHANGED},
                                             {"c", CAMERA_MANAGER_CHANGED},
                                             {"d", CAMERA_MANAGER_UNCHANGED},
                                             {"e", CAMERA_MANAGER_REMOVED}};
    struct reload_outcome outcome = {.cameras = {.entries = entries, .count = 5},
                                     .needs_restart = {{"server.listen"}, 1}};
    assert_answer(&outcome, 200,
                  "{\"reloaded\":true,\"cameras\":{\"added\":[\"a\"],\"removed\":[\"e\"],\"changed\":[\"c\"],"
                  "\"unchanged\":2},\"needs_restart\":[\"server.listen\"]}");
}

static void faults_are_listed_line_by_line(void **state) {
    (void)state;
    char faults[] = "c.json:1: no \"id\"\nc.json:2: \xff\n";
    struct reload_outcome outcome = {.error = ERR_INVALID, .faults = faults};
    assert_answer(&outcome, 422,
                  "{\"reloaded\":false,\"error\":{\"code\":\"bad_configuration\",\"message\":\"the configuration has "
                  "faults; nothing has changed\"},\"faults\":[\"c.json:1: no \\\"id\\\"\",\"c.json:2: ?\"]}");
    assert_string_equal(reload_outcome_fault(&outcome).text, "c.json:1: no \"id\"");
}

static void without_faults_the_reason_is_told(void **state) {
    (void)state;
    char none[] = "";
    struct reload_outcome outcome = {.error = ERR_BUSY, .faults = none, .reason = {"no thread"}};
    assert_answer(
        &outcome, 503,
        "{\"reloaded\":false,\"error\":{\"code\":\"reload_failed\",\"message\":\"not enough memory or threads "
        "to reload; nothing has changed\"},\"faults\":[\"no thread\"]}");
    assert_string_equal(reload_outcome_fault(&outcome).text, "no thread");
}

static void a_flood_of_faults_is_cut(void **state) {
    (void)state;
    char *text = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&text, &count);
    assert_non_null(out);
    for (int i = 0; i < 5000; i++) {
        fprintf(out, "%d%*s\n", i, 2000, "x");
    }
    assert_int_equal(fclose(out), 0);
    struct reload_outcome outcome = {.error = ERR_INVALID, .faults = text};
    struct reload_answer answer = reload_outcome_answer(&outcome, NULL);
    assert_non_null(answer.json);
    assert_true(strlen(answer.json) < 110000);
    assert_non_null(strstr(answer.json, "\"99 "));
    assert_null(strstr(answer.json, "\"100 "));
    free(answer.json);
    reload_outcome_finish(&outcome);
    assert_null(outcome.faults);
}

static void what_differs_from_the_running_needs_a_restart(void **state) {
    (void)state;
    struct config running = {.server = {.listen = {"127.0.0.1", 8080}, .max_streams = 10, .senders = 1}};
    struct config wanted = running;
    wanted.server.max_streams = 9; /* which a reload can apply */
    assert_int_equal(restart_required_compare(&running, &wanted).count, 0);
    wanted = (struct config){.server = {.listen = {"127.0.0.2", 8080}, .max_streams = 11}, .workers = 1};
    struct restart_required required = restart_required_compare(&running, &wanted);
    assert_int_equal(required.count, 4);
    assert_string_equal(required.names[0], "server.listen");
    assert_string_equal(required.names[1], "server.max_streams");
    assert_string_equal(required.names[2], "server.senders");
    assert_string_equal(required.names[3], "server.workers");
    wanted = running;
    wanted.server.listen.port = 0;
    assert_int_equal(restart_required_compare(&running, &wanted).count, 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_success_lists_what_became_of_each_camera),
        cmocka_unit_test(faults_are_listed_line_by_line),
        cmocka_unit_test(without_faults_the_reason_is_told),
        cmocka_unit_test(a_flood_of_faults_is_cut),
        cmocka_unit_test(what_differs_from_the_running_needs_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
