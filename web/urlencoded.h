/* application/x-www-form-urlencoded texts: queries and the bodies of forms (WHATWG URL, section 5.1). Pure.
 * Threads: any. */
#ifndef WEB_URLENCODED_H
#define WEB_URLENCODED_H

#include "broker/err.h"
#include "web/piece.h"

#include <stdio.h>

/* Takes one character off the front of a piece that is not empty. NUL where it is malformed. */
char urlencoded_next(struct piece *raw);
/* False where the piece is malformed, holds a NUL or, with the NUL that is put behind it, does not fit in room bytes.
 */
CHECKED bool urlencoded_decode(struct piece raw, char *text, size_t room);
/* The raw value of the first parameter of that name, which has at most 31 bytes; its bytes are NULL where there is
 * none. The return value counts all of that name. */
size_t urlencoded_find(struct piece text, const char *name, struct piece *value);

/* Writes text so that it can be a value. Errors stay in the stream's ferror(). */
void urlencoded_write(FILE *out, const char *text);

#endif
