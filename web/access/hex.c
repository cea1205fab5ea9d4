#include "web/access/hex.h"

#include <sodium.h>
#include <string.h>

bool hex_read(const char *text, unsigned char *bytes, size_t count) {
    size_t read = 0;
    const char *end = NULL;
    return sodium_hex2bin(bytes, count, text, strlen(text), NULL, &read, &end) == 0 && *end == '\0' && read == count;
}
