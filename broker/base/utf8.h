/* Validation of UTF-8.
 * Threads: any. */
#ifndef BROKER_BASE_UTF8_H
#define BROKER_BASE_UTF8_H

#include <stddef.h>

/* How many bytes the well-formed character has that text begins with (RFC 3629, section 4); 0: it begins with none. A
 * NUL is a character of one byte, and nothing behind it is read. */
size_t utf8_character_bytes(const char *text);

#endif
