#include "web/http/http.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "web/http/connections.h"
#include "web/http/error_body.h"
#include "web/http/outbox.h"
#include "web/http/quota.h"
#include "web/http/reaper.h"
#include "web/http/socket.h"

#include <assert.h>
#include <civetweb.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Nothing that we serve may be framed by others, sniffed, or load from anywhere else. Without any referrer,
 * browsers would not send the origin of our own forms either (Fetch, section 3.2). */
#define KEEP_NOTHING                                                                                                   \
    "Cache-Control: no-store, no-cache, must-revalidate, max-age=0\r\n"                                                \
    "Pragma: no-cache\r\n"                                                                                             \
    "Expires: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
#define KEEP_FOR_GOOD "Cache-Control: private, max-age=31536000, immutable\r\n"
#define COMMON_HEADERS                                                                                                 \
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

/* civetweb leaves -1 where it could not read the headers, and what it has not reached is NULL. */
static size_t count_headers(const struct mg_request_info *info, bool is_refused) {
    return is_refused || info->num_headers < 0 || info->num_headers > MG_MAX_HEADERS ? 0 : (size_t)info->num_headers;
}

static const char *text_or_empty(const char *text) { return text != NULL ? text : ""; }

void http_request_init(struct http_request *request, struct http_transport *transport, bool is_refused) {
    const struct mg_request_info *info = mg_get_request_info(transport->connection);
    *request = (struct http_request){
        .method = text_or_empty(info->request_method),
        .target = text_or_empty(info->request_uri),
        .path = text_or_empty(info->local_uri),
        .query = info->query_string,
        .header_count = count_headers(info, is_refused),
        .transport = transport,
    };
    char authority[SOCKET_AUTHORITY_BYTES];
    socket_format_authority(transport->address, (uint16_t)transport->port, authority);
    snprintf(request->remote, sizeof request->remote, "%.*s", (int)sizeof request->remote - 1, authority);
    snprintf(request->client, sizeof request->client, "%s", transport->address);
}

bool http_is_head(const struct http_request *request) { return strcmp(request->method, "HEAD") == 0; }

const char *http_header(const struct http_request *request, const char *name) {
    const struct mg_header *headers = mg_get_request_info(request->transport->connection)->http_headers;
    for (size_t i = 0; i < request->header_count; i++) {
        if (strcasecmp(headers[i].name, name) == 0) {
            return headers[i].value;
        }
    }
    return NULL;
}

const char *http_header_before(const struct http_request *request, const char *name, size_t *index) {
    const struct mg_header *headers = mg_get_request_info(request->transport->connection)->http_headers;
    size_t i = *index < request->header_count ? *index : request->header_count;
    while (i > 0 && strcasecmp(headers[i - 1].name, name) != 0) {
        i--;
    }
    *index = i > 0 ? i - 1 : 0;
    return i > 0 ? headers[i - 1].value : NULL;
}

/* Of the statuses that we send; civetweb knows those that it refuses requests with. */
static const char *status_words(int status) {
    if (status == 422) {
        return "Unprocessable Content"; /* RFC 9110, section 15.5.21; civetweb misspells it */
    }
    return mg_get_response_code_text(NULL, status);
}

/* While a worker waits for its client, the reaper may end the connection. */
static void begin_transfer(const struct http_request *request) {
    visit_wait(mg_get_thread_pointer(request->transport->connection));
}

static void end_transfer(const struct http_request *request) {
    visit_work(mg_get_thread_pointer(request->transport->connection));
}

/* ---- Sending ---- */

/* A partial write means that the client has gone. What comes first fits into the socket's buffer. */
static bool send_by_civetweb(const struct http_request *request, const void *bytes, size_t count) {
    bool whole = mg_write(request->transport->connection, bytes, count) == (int)count;
    request->transport->written_bytes += whole ? count : 0;
    return whole;
}

enum err http_socket(const struct http_request *request, int *fd) {
    const struct http_transport *transport = request->transport;
    if (transport->fd >= 0) {
        *fd = transport->fd;
        return ERR_OK;
    }
    const struct mg_request_info *info = mg_get_request_info(transport->connection);
    uint64_t client = connections_client(transport->address, transport->port);
    return connections_find(transport->connections, client, (uint16_t)info->server_port, transport->written_bytes, fd);
}

/* Takes the socket from civetweb. */
static enum err detach(const struct http_request *request, int *fd) {
    int of_civetweb;
    enum err error = http_socket(request, &of_civetweb);
    return error == ERR_OK ? connections_detach(request->transport->connections, of_civetweb, fd) : error;
}

/* Sends the rest of a reply, and ends the connection, without waiting for the client: civetweb would wait until it has
 * taken all and closed its end, too. Only where the socket is in doubt it is left to civetweb, which knows it. */
static void finish_reply(const struct http_request *request, const void *bytes, size_t count) {
    int fd;
    if (detach(request, &fd) == ERR_OK) {
        outbox_send(request->transport->outbox, fd, bytes, count);
    } else if (count > 0) {
        begin_transfer(request);
        bool sent = send_by_civetweb(request, bytes, count);
        end_transfer(request);
        (void)sent;
    }
}

/* RFC 9110, section 6.4.1. */
static bool has_body(const struct http_reply *reply) { return reply->status != 304 && reply->status != 204; }

static void write_head(char head[HEAD_MAX_BYTES], const struct http_reply *reply, const char *policy_headers,
                       const char *principal_headers) {
    count_reply(reply->status);
    int head_bytes =
        snprintf(head, HEAD_MAX_BYTES, "HTTP/1.1 %d %s\r\n%s" COMMON_HEADERS "%s%s%s", reply->status,
                 status_words(reply->status), reply->is_immutable ? KEEP_FOR_GOOD : KEEP_NOTHING, policy_headers,
                 principal_headers != NULL ? principal_headers : "", reply->headers != NULL ? reply->headers : "");
    size_t used = (size_t)head_bytes;
    assert(used + HEAD_END_MAX_BYTES < HEAD_MAX_BYTES);
    if (!has_body(reply)) {
        snprintf(head + used, HEAD_MAX_BYTES - used, "\r\n");
    } else {
        snprintf(head + used, HEAD_MAX_BYTES - used, "Content-Type: %s\r\nContent-Length: %zu\r\n\r\n",
                 reply->content_type, reply->body_bytes);
    }
}

void http_reply(const struct http_request *request, const struct http_reply *reply) {
    char head[HEAD_MAX_BYTES];
    write_head(head, reply, request->request_policy_headers, request->principal_headers);
    if (send_by_civetweb(request, head, strlen(head))) {
        finish_reply(request, reply->body, has_body(reply) && !http_is_head(request) ? reply->body_bytes : 0);
    }
}

void http_prepare_late_reply(const struct http_request *request, int fd, struct http_late_reply *late) {
    *late = (struct http_late_reply){.fd = fd, .outbox = request->transport->outbox};
    memcpy(late->headers, request->request_policy_headers, sizeof late->headers);
}

/* Late replies are short: head and body go at once. */
void http_reply_late(const struct http_late_reply *late, const struct http_reply *reply) {
    char text[HEAD_MAX_BYTES + ERROR_BODY_MAX_BYTES];
    write_head(text, reply, late->headers, NULL);
    size_t count = strlen(text);
    if (has_body(reply) && reply->body_bytes <= sizeof text - count) {
        memcpy(text + count, reply->body, reply->body_bytes);
        count += reply->body_bytes;
    }
    outbox_send(late->outbox, late->fd, text, count);
}

/* An error's reply, whose body is in `body`. */
PRINTF_LIKE(4, 0)
static struct http_reply write_error(int status, const char *headers, const char *code, const char *format,
                                     va_list arguments, char body[ERROR_BODY_MAX_BYTES]) {
    struct reason message;
    vsnprintf(message.text, sizeof message.text, format, arguments);
    size_t body_bytes = error_body_write(code, &message, body);
    return (struct http_reply){.status = status,
                               .content_type = "application/json",
                               .headers = headers,
                               .body = body,
                               .body_bytes = body_bytes};
}

/* What a browser is sent to by a person; its images and scripts accept other types. */
static bool wants_page(const struct http_request *request) {
    const char *accepted = http_header(request, "Accept");
    return request->error_page != NULL && accepted != NULL && strstr(accepted, "text/html") != NULL &&
           strstr(accepted, "application/json") == NULL;
}

PRINTF_LIKE(5, 0)
static bool reply_error_page(const struct http_request *request, int status, const char *headers, const char *code,
                             const char *format, va_list arguments) {
    struct reason message;
    vsnprintf(message.text, sizeof message.text, format, arguments);
    char *page = request->error_page(request, status, code, message.text);
    if (page != NULL) {
        http_reply(request, &(struct http_reply){.status = status,
                                                 .content_type = "text/html; charset=utf-8",
                                                 .headers = headers,
                                                 .body = page,
                                                 .body_bytes = strlen(page)});
    }
    free(page);
    return page != NULL;
}

void http_reply_error(const struct http_request *request, int status, const char *headers, const char *code,
                      const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    bool is_replied = wants_page(request) && reply_error_page(request, status, headers, code, format, arguments);
    va_end(arguments);
    if (is_replied) {
        return;
    }
    char body[ERROR_BODY_MAX_BYTES];
    va_start(arguments, format);
    const struct http_reply reply = write_error(status, headers, code, format, arguments, body);
    va_end(arguments);
    http_reply(request, &reply);
}

void http_reply_error_late(const struct http_late_reply *late, int status, const char *headers, const char *code,
                           const char *format, ...) {
    char body[ERROR_BODY_MAX_BYTES];
    va_list arguments;
    va_start(arguments, format);
    const struct http_reply reply = write_error(status, headers, code, format, arguments, body);
    va_end(arguments);
    http_reply_late(late, &reply);
}

/* Byte by byte: a longer read goes on for as long as something comes, and so has no end. Returns how many came. */
static size_t receive_body(const struct http_request *request, char *body, size_t announced) {
    const int64_t deadline_ns = clock_monotonic_ns() + BODY_WITHIN_NS;
    size_t used = 0;
    begin_transfer(request);
    while (used < announced && mg_read(request->transport->connection, body + used, 1) == 1 &&
           clock_monotonic_ns() < deadline_ns) {
        used++;
    }
    end_transfer(request);
    return used;
}

bool http_read_body(const struct http_request *request, char *body, size_t capacity, size_t *count) {
    long long announced = mg_get_request_info(request->transport->connection)->content_length;
    if (announced < 0) {
        http_reply_error(request, 411, NULL, "length_required", "the request has no Content-Length");
        return false;
    }
    if ((size_t)announced > capacity) {
        http_reply_error(request, 413, NULL, "too_large", "the request's body must have at most %zu bytes", capacity);
        return false;
    }
    if (!quota_enter(request->transport->bodies, request->client, HTTP_BODIES_PER_ADDRESS_MAX)) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_bodies",
                         "%s is sending %u requests with a body already", request->client, HTTP_BODIES_PER_ADDRESS_MAX);
        return false;
    }
    *count = receive_body(request, body, (size_t)announced);
    quota_leave(request->transport->bodies, request->client);
    if (*count < (size_t)announced) {
        http_reply_error(request, 408, NULL, "body_timeout", "the request's body did not arrive within %d s",
                         (int)(BODY_WITHIN_NS / NS_PER_S));
        return false;
    }
    return true;
}

enum err http_begin_stream(const struct http_request *request, const struct http_stream_head *stream, int *fd) {
    const int status = stream->status != 0 ? stream->status : 200;
    count_reply(status);
    char head[HEAD_MAX_BYTES];
    /* X-Accel-Buffering: nginx would otherwise hold the stream back. */
    snprintf(head, sizeof head,
             "HTTP/1.1 %d %s\r\n" KEEP_NOTHING COMMON_HEADERS "%s%sX-Accel-Buffering: no\r\nContent-Type: %s\r\n\r\n%s",
             status, status_words(status), request->request_policy_headers,
             stream->headers != NULL ? stream->headers : "", stream->content_type,
             http_is_head(request) || stream->first_bytes == NULL ? "" : stream->first_bytes);
    *fd = -1;
    if (!send_by_civetweb(request, head, strlen(head))) {
        return ERR_GONE;
    }
    if (http_is_head(request)) {
        finish_reply(request, NULL, 0);
        return ERR_OK;
    }
    return detach(request, fd);
}

void http_invite_body(const struct http_request *request) {
    const char *expected = http_header(request, "Expect");
    if (expected != NULL && strcmp(expected, "100-continue") == 0) {
        static const char invitation[] = "HTTP/1.1 100 Continue\r\n\r\n";
        bool sent = send_by_civetweb(request, invitation, sizeof invitation - 1);
        (void)sent;
    }
}
