/* Makes text from outside fit to be printed in an answer.
 * Threads: any. */
#ifndef WEB_VIEWS_ESCAPE_H
#define WEB_VIEWS_ESCAPE_H

#include <stddef.h>
#include <stdio.h>

/* Writes text so that HTML shows it as it is, also within a quoted attribute. Errors stay in the stream's ferror(). */
void escape_html(FILE *out, const char *text);

/* Copies text with a ? for each byte that is not part of well-formed UTF-8 (RFC 3629), so that JSON can carry it.
 * What does not fit in capacity bytes, the closing NUL included, is cut at a character's end. */
void escape_utf8(const char *text, char *clean, size_t capacity);

#endif
