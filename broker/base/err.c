#include "broker/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

const char *err_text(enum err error) {
    switch (error) {
    case ERR_OK: return "no error";
    case ERR_MEMORY: return "out of memory";
    case ERR_TIMEOUT: return "time-out";
    case ERR_CLOSED: return "closed";
    case ERR_INTERRUPTED: return "interrupted";
    case ERR_INVALID: return "invalid data";
    case ERR_UNSUPPORTED: return "not supported";
    case ERR_NOT_FOUND: return "not found";
    case ERR_DENIED: return "permission denied";
    case ERR_BUSY: return "busy";
    case ERR_GONE: return "gone";
    case ERR_IO: return "input/output error";
    }
    return "unknown error";
}

enum err err_from_errno(int number) {
    switch (number) {
    case 0: return ERR_OK;
    case ENOMEM: return ERR_MEMORY;
    case ETIMEDOUT: return ERR_TIMEOUT;
    case EINTR: return ERR_INTERRUPTED;
    case EPIPE:
    case ECONNRESET: return ERR_CLOSED;
    case EINVAL:
    case ERANGE: return ERR_INVALID;
    case ENOTTY:
    case ENOTSUP: return ERR_UNSUPPORTED;
    case ENOENT:
    case ENOTDIR: return ERR_NOT_FOUND;
    case EACCES:
    case EPERM: return ERR_DENIED;
    case EBUSY:
    case EMFILE:
    case ENFILE:
    case EADDRINUSE:
    case EAGAIN: return ERR_BUSY;
    case ENODEV:
    case ENXIO: return ERR_GONE;
    default: return ERR_IO;
    }
}

void reason_set(struct reason *reason, const char *format, ...) {
    if (reason == NULL) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(reason->text, sizeof reason->text, format, arguments);
    va_end(arguments);
}
