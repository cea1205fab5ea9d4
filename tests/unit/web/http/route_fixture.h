/* Requests that the router takes or refuses. */
#ifndef TESTS_UNIT_WEB_ROUTE_FIXTURE_H
#define TESTS_UNIT_WEB_ROUTE_FIXTURE_H

#include "tests/unit/web/example_path.h"
#include "web/http/router.h"
#include "web/routes/route_table.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define NAME_63 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define NAME_64 NAME_63 "a" /* the longest */

static inline struct route accept_route(const char *path, const char *query) {
    struct route route;
    struct route_error error = {0};
    enum err err = router_parse(&route_table, "GET", path, query, &route, &error);
    if (err != ERR_OK) {
        print_error("%s?%s: %s\n", path, query == NULL ? "" : query, error.message.text);
    }
    assert_int_equal(err, ERR_OK);
    return route;
}

static inline void assert_route(const char *path, const char *query, const char *pattern, const char *name) {
    struct route route = accept_route(path, query);
    assert_string_equal(route.row->pattern, pattern);
    assert_string_equal(route.name, name);
}

static inline void assert_refused(const char *method, const char *path, const char *query, int status,
                                  const char *code) {
    struct route route;
    struct route_error error = {0};
    assert_int_equal(router_parse(&route_table, method, path, query, &route, &error), ERR_INVALID);
    assert_int_equal(error.status, status);
    assert_string_equal(error.code, code);
    assert_true(error.message.text[0] != '\0');
    assert_true((error.allow[0] != '\0') == (status == 405));
}

static inline void assert_bad_parameter(const char *path, const char *query, const char *message) {
    struct route route;
    struct route_error error = {0};
    assert_int_equal(router_parse(&route_table, "GET", path, query, &route, &error), ERR_INVALID);
    assert_int_equal(error.status, 400);
    assert_string_equal(error.code, "bad_parameter");
    assert_string_equal(error.message.text, message);
}

#endif
