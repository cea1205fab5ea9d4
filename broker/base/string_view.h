/* Parts of a text, and whether they can be names.
 * Threads: any. */
#ifndef BROKER_BASE_STRING_VIEW_H
#define BROKER_BASE_STRING_VIEW_H

#include <stdbool.h>
#include <stddef.h>

/* Borrowed; need not end in a NUL. */
struct string_view {
    const char *bytes;
    size_t count;
};

struct string_view string_view_of(const char *text);
bool string_view_is(struct string_view view, const char *text);
/* Takes text up to the separator off the front of rest, and drops the separator. */
struct string_view string_view_take(struct string_view *rest, char separator);

/* Without the spaces and tabs at its ends. */
struct string_view string_view_trim(struct string_view view);

/* Ids of cameras and names of variants: their characters, the rule in words and as a regular expression, in which
 * `more` is the text of how many characters may follow the first. */
#define ID_CHARACTERS "abcdefghijklmnopqrstuvwxyz0123456789-_"
#define ID_WORDS "a-z, 0-9, - and _, with a letter or digit first"
#define ID_PATTERN(more) "[a-z0-9][a-z0-9_-]{0," more "}"
bool string_view_is_id(struct string_view view, size_t max_bytes);
/* The same of a camera anywhere: an id, or NODE.ID for one of another node of the cluster. */
bool string_view_is_camera_id(struct string_view view, size_t max_bytes);
/* Whether it can be the name of an asset: [A-Za-z0-9._-]+, up to max_bytes. */
bool string_view_is_file_name(struct string_view view, size_t max_bytes);
/* Whether an address can hold it as it is (RFC 3986, section 2.3): [A-Za-z0-9._~-]*. */
bool string_view_is_unreserved(struct string_view view);

#endif
