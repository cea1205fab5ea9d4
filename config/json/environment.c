#include "config/json/environment.h"

#include <stdlib.h>
#include <string.h>

#define NAME_FIRST "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"
#define NAME_LETTERS NAME_FIRST "0123456789"
#define NAME_MAX_BYTES 100

size_t environment_name_bytes(const char *text) {
    return strchr(NAME_FIRST, text[0]) != NULL ? strspn(text, NAME_LETTERS) : 0;
}

/* The value of the variable whose ${NAME} begins at *at, which moves past it. NULL after a fault. */
static const char *take_variable(const struct node *node, const char **at) {
    const char *begin = *at + 2;
    size_t length = environment_name_bytes(begin);
    *at = begin + length;
    if (length == 0 || length > NAME_MAX_BYTES || **at != '}') {
        node_fault(node, "\"${\" must be followed by the name of an environment variable and \"}\"");
        return NULL;
    }
    (*at)++;
    char name[NAME_MAX_BYTES + 1] = "";
    memcpy(name, begin, length);
    const char *value = getenv(name);
    if (value == NULL) {
        node_fault(node, "the environment variable %s is not set", name);
    }
    return value;
}

const char *environment_expand(const struct node *text) {
    struct arena *arena = text->document->arena;
    const char *expanded = "";
    const char *at = json_string_value(text->json);
    bool valid = true;
    for (const char *found; (found = strstr(at, "${")) != NULL;) {
        const char *before = at;
        size_t before_bytes = (size_t)(found - at);
        at = found;
        const char *value = take_variable(text, &at);
        if (value == NULL) {
            valid = false;
        } else {
            expanded = arena_format(arena, "%s%.*s%s", expanded, (int)before_bytes, before, value);
        }
    }
    return valid ? arena_format(arena, "%s%s", expanded, at) : NULL;
}

bool environment_is_used(const struct node *text) { return strstr(json_string_value(text->json), "${") != NULL; }
