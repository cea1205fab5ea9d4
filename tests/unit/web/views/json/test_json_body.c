#define _GNU_SOURCE /* _SC_THREAD_STACK_MIN */
#include "web/views/json/control_json.h"
#include "web/views/json/link_json.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define BODY_MAX_BYTES 4096
#define LEVELS_MAX 16

static enum err parse_text(const char *text, size_t count, struct reason *reason) {
    struct control_requests requests = {0};
    enum err error = control_json_parse(text, count, &requests, reason);
    control_requests_finish(&requests);
    return error;
}

static void assert_refused(const char *text, const char *message) {
    struct reason reason = {""};
    assert_int_equal(parse_text(text, strlen(text), &reason), ERR_INVALID);
    assert_non_null(strstr(reason.text, message));
}

/* {"a":[[...]]} of so many levels, the object included. */
static void write_nested(int levels, char *text) {
    strcpy(text, "{\"a\":");
    for (int i = 1; i < levels; i++) {
        strcat(text, "[");
    }
    for (int i = 1; i < levels; i++) {
        strcat(text, "]");
    }
    strcat(text, "}");
}

static void nesting_has_a_limit(void **state) {
    (void)state;
    char text[256];
    write_nested(LEVELS_MAX, text);
    assert_refused(text, "a control's value must be"); /* parsed */
    write_nested(LEVELS_MAX + 1, text);
    assert_refused(text, "at most 16 levels");
}

static void brackets_in_strings_do_not_nest(void **state) {
    (void)state;
    struct reason reason = {""};
    const char text[] = "{\"mode\": \"[[[[[[[[[[[[[[[[[[[[\\\"[[[[[[[[[[\\\\\", \"b\": \"{{{{{{{{{{{{{{{{{{{{{{\"}";
    assert_int_equal(parse_text(text, strlen(text), &reason), ERR_OK);
}

static void size_has_a_limit(void **state) {
    (void)state;
    static char text[BODY_MAX_BYTES + 1];
    struct reason reason = {""};
    memset(text, ' ', sizeof text);
    memcpy(text, "{}", 2);
    assert_int_equal(parse_text(text, BODY_MAX_BYTES, &reason), ERR_OK);
    assert_int_equal(parse_text(text, BODY_MAX_BYTES + 1, &reason), ERR_INVALID);
    assert_string_equal(reason.text, "the JSON must have at most 4096 bytes");
}

static void only_objects_with_distinct_names_are_accepted(void **state) {
    (void)state;
    static const char *const texts[] = {"",      "[]", "7", "nul",      "{\"a\":1,\"a\":2}",
                                        "{} {}", "{",  "}", "]]]][[[[", "\"["};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        assert_refused(texts[i], "the body must be a JSON object");
    }
}

static void links_are_parsed_alike(void **state) {
    (void)state;
    struct link_request request;
    struct reason reason = {""};
    char text[256];
    write_nested(LEVELS_MAX + 1, text);
    assert_int_equal(link_json_parse(text, strlen(text), &request, &reason), ERR_INVALID);
    assert_non_null(strstr(reason.text, "at most 16 levels"));
}

/* The stack of a thread that serves a request. */
static void *parse_deep_texts(void *unused) {
    static const char *const openings[] = {"[", "{\"a\":", "[{\"\":"};
    static char text[BODY_MAX_BYTES];
    struct reason reason = {""};
    size_t refused = 0;
    for (size_t i = 0; i < sizeof openings / sizeof openings[0]; i++) {
        size_t used = 0, count = strlen(openings[i]);
        for (; used + count <= sizeof text; used += count) {
            memcpy(text + used, openings[i], count);
        }
        refused += parse_text(text, used, &reason) == ERR_INVALID;
    }
    return refused == sizeof openings / sizeof openings[0] ? unused : NULL;
}

static void deep_texts_need_little_stack(void **state) {
    (void)state;
    const size_t least_bytes = (size_t)sysconf(_SC_THREAD_STACK_MIN); /* 128 KiB on 64-bit Arm */
    const size_t wanted_bytes = (size_t)100 << 10;
    pthread_attr_t attributes;
    pthread_t thread;
    void *done = NULL;
    int parsed;
    pthread_attr_init(&attributes);
    assert_int_equal(pthread_attr_setstacksize(&attributes, wanted_bytes > least_bytes ? wanted_bytes : least_bytes),
                     0);
    assert_int_equal(pthread_create(&thread, &attributes, parse_deep_texts, &parsed), 0);
    pthread_join(thread, &done);
    pthread_attr_destroy(&attributes);
    assert_ptr_equal(done, &parsed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_has_a_limit),    cmocka_unit_test(brackets_in_strings_do_not_nest),
        cmocka_unit_test(size_has_a_limit),       cmocka_unit_test(only_objects_with_distinct_names_are_accepted),
        cmocka_unit_test(links_are_parsed_alike), cmocka_unit_test(deep_texts_need_little_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
