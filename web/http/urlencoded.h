/* application/x-www-form-urlencoded texts: queries and the bodies of forms (WHATWG URL, section 5.1). Pure.
 * Threads: any. */
#ifndef WEB_HTTP_URLENCODED_H
#define WEB_HTTP_URLENCODED_H

#include "broker/base/err.h"
#include "broker/base/string_view.h"

#include <stdio.h>

/* Takes one character off the front of raw, which is not empty. NUL where it is malformed. */
char urlencoded_next(struct string_view *raw);
/* False if raw is malformed, holds a NUL or, with the NUL that ends text, exceeds capacity bytes. */
CHECKED bool urlencoded_decode(struct string_view raw, char *text, size_t capacity);
/* The raw value of the first parameter of that name, which has at most 31 bytes; its bytes are NULL where there is
 * none. The return value counts all of that name. */
size_t urlencoded_find(struct string_view text, const char *name, struct string_view *value);

/* Writes text so that it can be a value. Errors stay in the stream's ferror(). */
void urlencoded_write(FILE *out, const char *text);

#endif
