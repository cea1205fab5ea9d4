#include "web/http/urlencoded.h"

#include <string.h>

#define NAME_ROOM_BYTES 32
#define UNRESERVED "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._*"

static int hex_digit(char character) {
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *at = memchr(digits, character, sizeof digits - 1);
    return at == NULL ? -1 : (int)(at - digits) % 16;
}

char urlencoded_next(struct string_view *raw) {
    size_t used = 1;
    int character = raw->bytes[0] == '+' ? ' ' : raw->bytes[0];
    if (character == '%') {
        int high = raw->count > 2 ? hex_digit(raw->bytes[1]) : -1;
        int low = high >= 0 ? hex_digit(raw->bytes[2]) : -1;
        character = low < 0 ? '\0' : high * 16 + low;
        used = raw->count > 2 ? 3 : raw->count;
    }
    *raw = (struct string_view){raw->bytes + used, raw->count - used};
    return (char)character;
}

bool urlencoded_decode(struct string_view raw, char *text, size_t capacity) {
    size_t used = 0;
    while (raw.count > 0) {
        char character = urlencoded_next(&raw);
        if (character == '\0' || used + 1 >= capacity) {
            return false;
        }
        text[used++] = character;
    }
    text[used] = '\0';
    return true;
}

size_t urlencoded_find(struct string_view text, const char *name, struct string_view *found) {
    size_t count = 0;
    *found = (struct string_view){NULL, 0};
    while (text.count > 0) {
        struct string_view value = string_view_take(&text, '&');
        struct string_view raw_name = string_view_take(&value, '=');
        char decoded[NAME_ROOM_BYTES];
        if (!urlencoded_decode(raw_name, decoded, sizeof decoded) || strcmp(decoded, name) != 0) {
            continue;
        }
        if (count == 0) {
            *found = value;
        }
        count++;
    }
    return count;
}

void urlencoded_write(FILE *out, const char *text) {
    for (; *text != '\0'; text++) {
        if (strchr(UNRESERVED, *text) != NULL) {
            fputc(*text, out);
        } else {
            fprintf(out, "%%%02X", (unsigned char)*text);
        }
    }
}
