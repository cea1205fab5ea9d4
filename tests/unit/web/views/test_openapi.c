#include "web/views/openapi.h"

#include "web/http/parameters.h"
#include "web/routes/route_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static size_t occurrences(const char *text, const char *part) {
    size_t count = 0;
    for (const char *at = strstr(text, part); at != NULL; at = strstr(at + 1, part)) {
        count++;
    }
    return count;
}

static bool is_first_of_its_pattern(size_t row) {
    for (size_t i = 0; i < row; i++) {
        if (strcmp(route_table.rows[i]->pattern, route_table.rows[row]->pattern) == 0) {
            return false;
        }
    }
    return true;
}

/* Whether the path's object, up to the next path, has the operation. */
static bool has_operation(const char *path, const char *name) {
    char member[32];
    snprintf(member, sizeof member, "\n      \"%s\": {", name);
    const char *operation = strstr(path, member), *next = strstr(path + 1, "\n    \"/");
    return operation != NULL && (next == NULL || operation < next);
}

static void every_route_is_described_and_no_other(void **state) {
    (void)state;
    char *text = openapi_render("");
    assert_non_null(text);
    size_t patterns = 0;
    for (size_t i = 0; i < route_table.count; i++) {
        const struct route_row *row = route_table.rows[i];
        char member[128];
        snprintf(member, sizeof member, "\n    \"%s\": {\n", row->pattern);
        const char *path = strstr(text, member);
        if (occurrences(text, member) != 1) {
            fail_msg("web/assets/openapi.json does not describe %s", row->pattern);
        }
        assert_true((row->methods & METHOD_GET) == 0 || has_operation(path, "get"));
        assert_true((row->methods & METHOD_POST) == 0 || has_operation(path, "post"));
        assert_true((row->methods & METHOD_PUT) == 0 || has_operation(path, "put"));
        assert_true((row->methods & METHOD_DELETE) == 0 || has_operation(path, "delete"));
        patterns += is_first_of_its_pattern(i);
    }
    assert_int_equal(occurrences(text, "\n    \"/"), patterns);
    free(text);
}

/* Those of the row, and of the rows that its action leads to. */
static unsigned parameters_of(const struct route_row *row) {
    unsigned all = row->parameters;
    for (size_t i = 0; i < route_table.count && (row->parameters & PARAMETER_ACTION) != 0; i++) {
        all |= route_table.rows[i]->action != NULL ? route_table.rows[i]->parameters : 0;
    }
    return all;
}

static void parameters_of_a_route_are_those_described(void **state) {
    (void)state;
    char *text = openapi_render("");
    assert_non_null(text);
    for (size_t i = 0; i < route_table.count; i++) {
        const struct route_row *row = route_table.rows[i];
        char member[128];
        snprintf(member, sizeof member, "\n    \"%s\": {\n", row->pattern);
        const char *path = strstr(text, member);
        assert_non_null(path);
        const char *next = strstr(path + 1, "\n    \"/");
        for (unsigned bit = PARAMETER_ACTION; bit <= PARAMETER_AFTER; bit <<= 1) {
            snprintf(member, sizeof member, "parameters/%s\"", parameters_name((enum route_parameter)bit));
            const char *found = strstr(path, member);
            bool is_described = found != NULL && (next == NULL || found < next);
            if (is_described != ((parameters_of(row) & bit) != 0)) {
                fail_msg("%s: %s", row->pattern, member);
            }
        }
    }
    free(text);
}

static void version_and_base_path_are_filled_in(void **state) {
    (void)state;
    char *text = openapi_render("/cams");
    assert_non_null(strstr(text, "\"servers\": [{\"url\": \"/cams\"}]"));
    assert_null(strstr(text, "{{"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described_and_no_other),
        cmocka_unit_test(parameters_of_a_route_are_those_described),
        cmocka_unit_test(version_and_base_path_are_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
