/* Requests for every row of the table of routes. */
#ifndef TESTS_UNIT_WEB_EXAMPLE_PATH_H
#define TESTS_UNIT_WEB_EXAMPLE_PATH_H

#include "web/http/route.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define EXAMPLE_NAME "x"
#define METHOD_COUNT 5

static const struct {
    enum route_method method;
    const char *name;
} method_names[METHOD_COUNT] = {
    {METHOD_GET, "GET"}, {METHOD_HEAD, "HEAD"}, {METHOD_POST, "POST"}, {METHOD_PUT, "PUT"}, {METHOD_DELETE, "DELETE"}};

/* A path of the pattern, with EXAMPLE_NAME for the parts in braces. */
static inline void write_example_path(const char *pattern, char *path, size_t capacity) {
    size_t used = 0;
    path[0] = '\0';
    while (*pattern != '\0') {
        const size_t plain = strcspn(pattern, "{");
        const bool has_part = pattern[plain] == '{';
        used +=
            (size_t)snprintf(path + used, capacity - used, "%.*s%s", (int)plain, pattern, has_part ? EXAMPLE_NAME : "");
        pattern = has_part ? strchr(pattern, '}') + 1 : pattern + plain;
    }
}

#endif
