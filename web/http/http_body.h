/* The body of a request that outlives its worker: how to go on reading it once the socket is taken from civetweb.
 *
 * civetweb reads ahead: what it has of the body stands behind the head in its buffer, and is handed over as it came.
 * That place is known only from the pointers into the head that civetweb shows, and from how much was read from the
 * socket. So it is not trusted: what follows from it has to be what civetweb itself gives for the body's beginning.
 *
 * Threads: the request's own. */
#ifndef WEB_HTTP_HTTP_BODY_H
#define WEB_HTTP_HTTP_BODY_H

#include "broker/base/err.h"

#include <stddef.h>
#include <stdint.h>

struct http_request;

/* civetweb's max_request_size: it never reads further ahead. */
#define HTTP_BODY_FIRST_MAX_BYTES 8192

enum http_body_kind {
    HTTP_BODY_SIZED,   /* of `length` bytes; 0 where the request says no length (RFC 9112, section 6.3) */
    HTTP_BODY_CHUNKED, /* RFC 9112, section 7.1 */
};

struct http_body {
    enum http_body_kind kind;
    uint64_t length;
    int fd;             /* the caller's to close */
    size_t first_count; /* bytes that have been read already */
    uint8_t first[HTTP_BODY_FIRST_MAX_BYTES];
};

/* Takes the socket and the body from civetweb: the handler replies with http_late_reply(), if at all. ERR_GONE: as
 * http_begin_stream(); ERR_BUSY: no descriptor is left; ERR_INVALID: where the body begins is not known for sure.
 * After ERR_GONE and ERR_BUSY the request can still be replied to. */
CHECKED enum err http_detach_body(const struct http_request *request, struct http_body *body);

#endif
