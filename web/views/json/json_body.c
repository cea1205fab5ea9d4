#include "web/views/json/json_body.h"

#include <stdbool.h>

/* Counts brackets outside of strings: for valid JSON, exactly its levels; for any other text, at least as many as the
 * parser reaches before it finds the fault. */
static bool is_nested_within(const char *text, size_t length, int max_levels) {
    int levels = 0;
    bool in_string = false;
    for (size_t i = 0; i < length; i++) {
        switch (text[i]) {
        case '"': in_string = !in_string; break;
        case '\\': i += in_string; break;
        case '[':
        case '{': levels += !in_string; break;
        case ']':
        case '}': levels -= !in_string; break;
        default: break;
        }
        if (levels > max_levels) {
            return false;
        }
    }
    return true;
}

enum err json_body_parse(const char *text, size_t length, const char *expected, json_t **document,
                         struct reason *reason) {
    *document = NULL;
    if (length > JSON_BODY_MAX_BYTES) {
        reason_set(reason, "the JSON must have at most %d bytes", JSON_BODY_MAX_BYTES);
        return ERR_INVALID;
    }
    if (!is_nested_within(text, length, JSON_BODY_MAX_LEVELS)) {
        reason_set(reason, "the JSON must be nested at most %d levels deep", JSON_BODY_MAX_LEVELS);
        return ERR_INVALID;
    }
    json_t *parsed = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
    if (!json_is_object(parsed)) {
        reason_set(reason, "%s", expected);
        json_decref(parsed);
        return ERR_INVALID;
    }
    *document = parsed;
    return ERR_OK;
}
