/* The JSON body of an error: {"error":{"code":"no_such_camera","message":"..."}}. Pure; needs no memory.
 * Threads: any. */
#ifndef WEB_HTTP_ERROR_BODY_H
#define WEB_HTTP_ERROR_BODY_H

#include "broker/base/err.h"

#include <stddef.h>

/* Enough for every reason: each of its bytes is six at most. */
#define ERROR_BODY_MAX_BYTES (6 * sizeof(struct reason) + 128)

/* code: of [a-z_], 48 bytes at most. In the message a byte that is not part of well-formed UTF-8 (RFC 3629) becomes
 * "?". Returns the length. */
size_t error_body_write(const char *code, const struct reason *message, char body[ERROR_BODY_MAX_BYTES]);

#endif
