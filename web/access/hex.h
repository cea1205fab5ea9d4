/* Bytes written as hexadecimal digits.
 * Threads: any. */
#ifndef WEB_ACCESS_HEX_H
#define WEB_ACCESS_HEX_H

#include "broker/base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* Reads exactly so many bytes. False: the text is of something else. */
CHECKED bool hex_read(const char *text, unsigned char *bytes, size_t count);

#endif
