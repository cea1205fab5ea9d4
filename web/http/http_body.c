#include "web/http/http_body.h"

#include "web/http/chunked.h"
#include "web/http/connections.h"
#include "web/http/http.h"

#include <civetweb.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static void set_kind(const struct http_request *request, struct http_body *body) {
    long long length = mg_get_request_info(request->transport->connection)->content_length;
    const char *encoding = http_header(request, "Transfer-Encoding");
    bool is_chunked = length < 0 && encoding != NULL && strcasecmp(encoding, "chunked") == 0;
    body->kind = is_chunked ? HTTP_BODY_CHUNKED : HTTP_BODY_SIZED;
    body->length = length > 0 ? (uint64_t)length : 0;
}

/* The first byte behind the head. civetweb puts a NUL where the value of the last header ends, in place of the line
 * feed behind it, and in place of the last one of the head. */
static const char *end_of_head(const struct mg_request_info *info, size_t header_count) {
    const char *last = info->http_headers[header_count - 1].value;
    const char *end = last + strlen(last) + 1;
    bool ends_with_crlf = end[0] == '\0' && end[1] == '\r';
    end += ends_with_crlf;
    end += *end == '\r';
    return *end == '\0' ? end + 1 : NULL;
}

/* What civetweb has read of the body, as it came. */
static enum err find_first_bytes(const struct http_request *request, int fd, const char **bytes, size_t *count) {
    const struct mg_request_info *info = mg_get_request_info(request->transport->connection);
    uint64_t read_bytes;
    enum err error = connections_read_bytes(fd, &read_bytes);
    if (error != ERR_OK || request->header_count == 0) {
        return error != ERR_OK ? error : ERR_INVALID;
    }
    const char *body = end_of_head(info, request->header_count);
    if (body == NULL || body < info->request_method) {
        return ERR_INVALID;
    }
    uint64_t head_bytes = (uint64_t)(body - info->request_method);
    if (read_bytes < head_bytes || read_bytes - head_bytes > HTTP_BODY_FIRST_MAX_BYTES) {
        return ERR_INVALID;
    }
    *bytes = body;
    *count = (size_t)(read_bytes - head_bytes);
    return ERR_OK;
}

/* Whether the first bytes, decoded, are what civetweb has of the body. Its socket is the stand-in already, from which
 * nothing comes. */
static bool agrees_with_civetweb(const struct http_request *request, const struct http_body *body) {
    uint8_t bytes[HTTP_BODY_FIRST_MAX_BYTES];
    size_t count = body->first_count;
    memcpy(bytes, body->first, count);
    if (body->kind == HTTP_BODY_SIZED && count > body->length) {
        count = (size_t)body->length;
    } else if (body->kind == HTTP_BODY_CHUNKED) {
        struct chunked chunked = {.state = CHUNKED_SIZE};
        if (chunked_decode(&chunked, bytes, count, &count) == ERR_INVALID) {
            return true; /* the reader of the rest finds out */
        }
    }
    uint8_t byte;
    size_t agreed = 0;
    while (mg_read(request->transport->connection, &byte, 1) == 1) {
        if (agreed == count || bytes[agreed] != byte) {
            return false;
        }
        agreed++;
    }
    /* civetweb keeps the last byte of a chunk back until it has the line end behind it. */
    return agreed == count || (body->kind == HTTP_BODY_CHUNKED && agreed + 1 == count);
}

enum err http_detach_body(const struct http_request *request, struct http_body *body) {
    int fd;
    const char *first;
    enum err error = http_socket(request, &fd);
    if (error == ERR_OK) {
        error = find_first_bytes(request, fd, &first, &body->first_count);
    }
    if (error != ERR_OK) {
        return error;
    }
    set_kind(request, body);
    memcpy(body->first, first, body->first_count);
    error = connections_detach(request->transport->connections, fd, &body->fd);
    if (error == ERR_OK && !agrees_with_civetweb(request, body)) {
        close(body->fd);
        error = ERR_INVALID;
    }
    return error;
}
