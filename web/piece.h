/* Pieces of a request's text, and what of them can be a name.
 * Threads: any. */
#ifndef WEB_PIECE_H
#define WEB_PIECE_H

#include <stdbool.h>
#include <stddef.h>

/* Borrowed; need not end in a NUL. */
struct piece {
    const char *bytes;
    size_t count;
};

struct piece piece_of(const char *text);
bool piece_is(struct piece piece, const char *text);
/* Takes text up to the separator off the front of rest, and drops the separator. */
struct piece piece_take(struct piece *rest, char separator);

/* Without the spaces and tabs at its ends. */
struct piece piece_trim(struct piece piece);

/* Whether a camera or a variant can be called so: [a-z0-9][a-z0-9_-]*, at most that long. */
bool piece_is_id(struct piece piece, size_t most_bytes);
/* Whether an asset can be called so: [A-Za-z0-9._-]+, at most that long. */
bool piece_is_file_name(struct piece piece, size_t most_bytes);
/* Whether an address can hold it as it is (RFC 3986, section 2.3): [A-Za-z0-9._~-]*. */
bool piece_is_unreserved(struct piece piece);

#endif
