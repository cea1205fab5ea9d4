#include "broker/base/string_view.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

struct string_view string_view_of(const char *text) {
    return (struct string_view){text, strlen(text)};
}

bool string_view_is(struct string_view view, const char *text) {
    return view.count == strlen(text) && memcmp(view.bytes, text, view.count) == 0;
}

struct string_view string_view_take(struct string_view *rest, char separator) {
    const char *at = memchr(rest->bytes, separator, rest->count);
    struct string_view taken = {rest->bytes, at == NULL ? rest->count : (size_t)(at - rest->bytes)};
    size_t used = at == NULL ? rest->count : taken.count + 1;
    *rest = (struct string_view){rest->bytes + used, rest->count - used};
    return taken;
}

struct string_view string_view_trim(struct string_view view) {
    while (view.count > 0 && (view.bytes[0] == ' ' || view.bytes[0] == '\t')) {
        view = (struct string_view){view.bytes + 1, view.count - 1};
    }
    while (view.count > 0 && (view.bytes[view.count - 1] == ' ' || view.bytes[view.count - 1] == '\t')) {
        view.count--;
    }
    return view;
}

static bool consists_of(struct string_view view, const char *characters) {
    for (size_t i = 0; i < view.count; i++) {
        if (memchr(characters, view.bytes[i], strlen(characters)) == NULL) {
            return false;
        }
    }
    return true;
}

bool string_view_is_id(struct string_view view, size_t max_bytes) {
    return view.count > 0 && view.count <= max_bytes && view.bytes[0] != '_' && view.bytes[0] != '-' &&
           consists_of(view, ID_CHARACTERS);
}

bool string_view_is_camera_id(struct string_view view, size_t max_bytes) {
    struct string_view rest = view, first = string_view_take(&rest, '.');
    const bool is_local = first.count == view.count;
    return view.count <= max_bytes && string_view_is_id(first, max_bytes) &&
           (is_local || string_view_is_id(rest, max_bytes));
}

bool string_view_is_file_name(struct string_view view, size_t max_bytes) {
    return view.count > 0 && view.count <= max_bytes && consists_of(view, LOWER UPPER DIGITS "._-");
}

bool string_view_is_unreserved(struct string_view view) { return consists_of(view, LOWER UPPER DIGITS "._~-"); }
