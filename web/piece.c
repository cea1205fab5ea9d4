#include "web/piece.h"

#include <string.h>

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"

struct piece piece_of(const char *text) {
    return (struct piece){text, strlen(text)};
}

bool piece_is(struct piece piece, const char *text) {
    return piece.count == strlen(text) && memcmp(piece.bytes, text, piece.count) == 0;
}

struct piece piece_take(struct piece *rest, char separator) {
    const char *at = memchr(rest->bytes, separator, rest->count);
    struct piece taken = {rest->bytes, at == NULL ? rest->count : (size_t)(at - rest->bytes)};
    size_t used = at == NULL ? rest->count : taken.count + 1;
    *rest = (struct piece){rest->bytes + used, rest->count - used};
    return taken;
}

struct piece piece_trim(struct piece piece) {
    while (piece.count > 0 && (piece.bytes[0] == ' ' || piece.bytes[0] == '\t')) {
        piece = (struct piece){piece.bytes + 1, piece.count - 1};
    }
    while (piece.count > 0 && (piece.bytes[piece.count - 1] == ' ' || piece.bytes[piece.count - 1] == '\t')) {
        piece.count--;
    }
    return piece;
}

static bool consists_of(struct piece piece, const char *characters) {
    for (size_t i = 0; i < piece.count; i++) {
        if (memchr(characters, piece.bytes[i], strlen(characters)) == NULL) {
            return false;
        }
    }
    return true;
}

bool piece_is_id(struct piece piece, size_t most_bytes) {
    return piece.count > 0 && piece.count <= most_bytes && piece.bytes[0] != '_' && piece.bytes[0] != '-' &&
           consists_of(piece, LOWER DIGITS "_-");
}

bool piece_is_file_name(struct piece piece, size_t most_bytes) {
    return piece.count > 0 && piece.count <= most_bytes && consists_of(piece, LOWER UPPER DIGITS "._-");
}

bool piece_is_unreserved(struct piece piece) { return consists_of(piece, LOWER UPPER DIGITS "._~-"); }
