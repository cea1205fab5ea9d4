/* On which line of a JSON text each value stands, which the parser does not keep.
 *
 * Values are numbered as the text has them: the root is 0, and what a container holds follows it. So one that walks
 * the parsed values in their order meets the same numbers.
 * Threads: any; constant once scanned. */
#ifndef CONFIG_JSON_JSON_LINES_H
#define CONFIG_JSON_JSON_LINES_H

#include "broker/base/err.h"

#include <stddef.h>

struct json_lines;

/* The text is one that a parser has accepted; of any other the numbers mean nothing. ERR_MEMORY. */
CHECKED enum err json_lines_scan(const char *text, size_t length, struct json_lines **lines);
void json_lines_destroy(struct json_lines **lines);

/* The line, from 1, on which a value or the key before it begins. */
unsigned json_lines_at(const struct json_lines *lines, size_t value);
/* The number of what comes after a value and all that it holds. */
size_t json_lines_next(const struct json_lines *lines, size_t value);

#endif
