#include "web/http.h"

#include "broker/clock.h"
#include "web/door.h"
#include "web/socket.h"
#include "web/status.h"

#include <assert.h>
#include <civetweb.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>

/* Nothing that we serve may be kept, framed by others, sniffed, or load from anywhere else. Without any referrer, a
 * browser would not tell either that one of our own forms comes from here (Fetch, section 3.2). */
#define COMMON_HEADERS                                                                                                 \
    "Cache-Control: no-store, no-cache, must-revalidate, max-age=0\r\n"                                                \
    "Pragma: no-cache\r\n"                                                                                             \
    "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n"                                                                       \
    "X-Content-Type-Options: nosniff\r\n"                                                                              \
    "Referrer-Policy: same-origin\r\n"                                                                                 \
    "Content-Security-Policy: default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; "               \
    "connect-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'self'\r\n"                              \
    "X-Frame-Options: SAMEORIGIN\r\n"                                                                                  \
    "Permissions-Policy: camera=(), display-capture=(), geolocation=(), microphone=(), usb=()\r\n"                     \
    "Connection: close\r\n"

#define HEAD_MAX_BYTES 6144
/* Content-Type and Content-Length. */
#define HEAD_END_MAX_BYTES 256

/* civetweb waits for a byte for up to 10 s more. */
#define BODY_WITHIN_NS (5 * NS_PER_S)

#define FIRST_DIGITS 6

/* By the first digit of the status. Relaxed: each counts for itself. */
static _Atomic uint64_t reply_counts[FIRST_DIGITS];

static void count_reply(int status) {
    int digit = status / 100;
    if (digit > 0 && digit < FIRST_DIGITS) {
        atomic_fetch_add_explicit(&reply_counts[digit], 1, memory_order_relaxed);
    }
}

uint64_t http_reply_count(int first_digit) {
    bool is_known = first_digit > 0 && first_digit < FIRST_DIGITS;
    return is_known ? atomic_load_explicit(&reply_counts[first_digit], memory_order_relaxed) : 0;
}

void http_request_init(struct http_request *request, struct mg_connection *connection) {
    const struct mg_request_info *info = mg_get_request_info(connection);
    *request = (struct http_request){
        .method = info->request_method != NULL ? info->request_method : "", /* a request that is not HTTP */
        .target = info->request_uri != NULL ? info->request_uri : "",
        .path = info->local_uri != NULL ? info->local_uri : "",
        .query = info->query_string,
        .connection = connection,
    };
    snprintf(request->remote, sizeof request->remote, "%s:%d", info->remote_addr, info->remote_port);
    snprintf(request->client, sizeof request->client, "%s", info->remote_addr);
}

bool http_is_head(const struct http_request *request) { return strcmp(request->method, "HEAD") == 0; }

const char *http_header(const struct http_request *request, const char *name) {
    return mg_get_header(request->connection, name);
}

const char *http_header_before(const struct http_request *request, const char *name, size_t *index) {
    const struct mg_request_info *info = mg_get_request_info(request->connection);
    size_t i = *index < (size_t)info->num_headers ? *index : (size_t)info->num_headers;
    while (i > 0 && strcasecmp(info->http_headers[i - 1].name, name) != 0) {
        i--;
    }
    *index = i > 0 ? i - 1 : 0;
    return i > 0 ? info->http_headers[i - 1].value : NULL;
}

/* Of the statuses that we send; civetweb knows those that it refuses requests with. */
static const char *status_words(const struct http_request *request, int status) {
    if (status == 422) {
        return "Unprocessable Content"; /* RFC 9110, section 15.5.21; civetweb misspells it */
    }
    return mg_get_response_code_text(request->connection, status);
}

/* While a worker waits for its client, the door knows of it. */
static void begin_transfer(const struct http_request *request) {
    visit_wait(mg_get_thread_pointer(request->connection));
}

static void end_transfer(const struct http_request *request) { visit_work(mg_get_thread_pointer(request->connection)); }

/* A write that is not whole means that the client has gone. */
bool http_send(const struct http_request *request, const void *bytes, size_t count) {
    begin_transfer(request);
    bool whole = mg_write(request->connection, bytes, count) == (int)count;
    end_transfer(request);
    return whole;
}

void http_reply(const struct http_request *request, const struct http_reply *reply) {
    count_reply(reply->status);
    char head[HEAD_MAX_BYTES];
    const bool has_body = reply->status != 304 && reply->status != 204; /* RFC 9110, section 6.4.1 */
    int head_bytes = snprintf(head, sizeof head, "HTTP/1.1 %d %s\r\n" COMMON_HEADERS "%s%s%s", reply->status,
                              status_words(request, reply->status), request->edge_headers,
                              request->visitor_headers != NULL ? request->visitor_headers : "",
                              reply->headers != NULL ? reply->headers : "");
    size_t used = (size_t)head_bytes;
    assert(used + HEAD_END_MAX_BYTES < sizeof head);
    if (!has_body) {
        snprintf(head + used, sizeof head - used, "\r\n");
    } else {
        snprintf(head + used, sizeof head - used, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                 reply->content_type, reply->body_bytes);
    }
    bool sent = http_send(request, head, strlen(head));
    if (sent && reply->body_bytes > 0 && has_body && !http_is_head(request)) {
        sent = http_send(request, reply->body, reply->body_bytes);
    }
    (void)sent;
}

void http_reply_error(const struct http_request *request, int status, const char *headers, const char *code,
                      const char *format, ...) {
    struct reason message;
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message.text, sizeof message.text, format, arguments);
    va_end(arguments);
    char *body = status_render_error(code, message.text);
    http_reply(request, &(struct http_reply){.status = status,
                                             .content_type = "application/json",
                                             .headers = headers,
                                             .body = body,
                                             .body_bytes = body != NULL ? strlen(body) : 0});
    free(body);
}

bool http_read_body(const struct http_request *request, char *body, size_t room, size_t *count) {
    long long announced = mg_get_request_info(request->connection)->content_length;
    if (announced < 0) {
        http_reply_error(request, 411, NULL, "length_required", "the request must have a Content-Length");
        return false;
    }
    if ((size_t)announced > room) {
        http_reply_error(request, 413, NULL, "too_large", "the request's body may have %zu bytes", room);
        return false;
    }
    /* Byte by byte: a longer read goes on for as long as something comes, and so has no end. */
    const int64_t deadline_ns = clock_monotonic_ns() + BODY_WITHIN_NS;
    size_t used = 0;
    begin_transfer(request);
    while (used < (size_t)announced && mg_read(request->connection, body + used, 1) == 1 &&
           clock_monotonic_ns() < deadline_ns) {
        used++;
    }
    end_transfer(request);
    if (used < (size_t)announced) {
        http_reply_error(request, 408, NULL, "body_timeout", "the request's body did not come in time");
        return false;
    }
    *count = used;
    return true;
}

bool http_begin_stream(const struct http_request *request, const char *content_type, const char *first_bytes) {
    count_reply(200);
    char head[HEAD_MAX_BYTES];
    /* X-Accel-Buffering: nginx would otherwise hold the stream back. */
    snprintf(head, sizeof head,
             "HTTP/1.1 200 OK\r\n" COMMON_HEADERS "%sX-Accel-Buffering: no\r\nContent-Type: %s\r\n\r\n%s",
             request->edge_headers, content_type, http_is_head(request) ? "" : first_bytes);
    return http_send(request, head, strlen(head));
}

/* mg_read() does not return before it has all that it was asked for. So it is asked for what the socket has; one byte
 * is asked for where that is nothing, since civetweb may have read ahead. Of a chunked body an eighth: there are at
 * most seven other bytes around one of it. */
int http_read(const struct http_request *request, int fd, void *bytes, size_t room) {
    int waiting = 0;
    if (ioctl(fd, FIONREAD, &waiting) != 0 || waiting < 0) {
        return -1;
    }
    bool chunked = mg_get_request_info(request->connection)->content_length < 0;
    size_t wanted = chunked ? (size_t)waiting / 8 : (size_t)waiting;
    wanted = wanted > room ? room : wanted;
    return mg_read(request->connection, bytes, wanted > 0 ? wanted : 1);
}

void http_invite_body(const struct http_request *request) {
    const char *expected = http_header(request, "Expect");
    if (expected != NULL && strcmp(expected, "100-continue") == 0) {
        static const char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
        bool sent = http_send(request, invitation, sizeof invitation - 1);
        (void)sent;
    }
}

enum err http_socket(const struct http_request *request, int *fd) {
    const struct mg_request_info *info = mg_get_request_info(request->connection);
    return socket_find_connection(info->remote_addr, info->remote_port, info->server_port, fd);
}
