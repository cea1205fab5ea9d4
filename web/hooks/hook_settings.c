#include "web/hooks/hook_settings.h"

#include <string.h>

static bool texts_equal(const char *a, const char *b) { return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0; }

static bool lists_equal(const char *const *a, size_t a_count, const char *const *b, size_t b_count) {
    bool equal = a_count == b_count;
    for (size_t i = 0; i < a_count && equal; i++) {
        equal = texts_equal(a[i], b[i]);
    }
    return equal;
}

static size_t count_words(const char *const *command) {
    size_t count = 0;
    while (command != NULL && command[count] != NULL) {
        count++;
    }
    return count;
}

static bool hooks_equal(const struct hook_settings *a, const struct hook_settings *b) {
    return lists_equal(a->command, count_words(a->command), b->command, count_words(b->command)) &&
           texts_equal(a->url, b->url) && lists_equal(a->headers, a->header_count, b->headers, b->header_count) &&
           a->kinds == b->kinds && a->states == b->states &&
           lists_equal(a->cameras, a->camera_count, b->cameras, b->camera_count) && a->after_ns == b->after_ns &&
           a->timeout_ns == b->timeout_ns && a->retries == b->retries;
}

bool hooks_settings_equal(const struct hooks_settings *a, const struct hooks_settings *b) {
    bool equal = a->count == b->count;
    for (size_t i = 0; i < a->count && equal; i++) {
        equal = hooks_equal(&a->hooks[i], &b->hooks[i]);
    }
    return equal;
}
