#include "web/openapi.h"

#include "web/router.h"

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

static void every_route_is_described_and_no_other(void **state) {
    (void)state;
    char *text = openapi_render("");
    assert_non_null(text);
    for (size_t i = 0; i < route_path_count; i++) {
        char member[128];
        snprintf(member, sizeof member, "\n    \"%s\": {\n", route_paths[i].pattern);
        if (occurrences(text, member) != 1) {
            fail_msg("web/assets/openapi.json does not describe %s", route_paths[i].pattern);
        }
    }
    assert_int_equal(occurrences(text, "\n    \"/"), route_path_count);
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
        cmocka_unit_test(version_and_base_path_are_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
