/* One request and its reply: all that the handlers see of civetweb.
 *
 * Ownership: a request and every text in it are borrowed from the thread that serves it until its handler returns.
 * Threads: the request's own, unless said otherwise. That thread has a stack of 100 KB: keep locals small. */
#ifndef WEB_HTTP_H
#define WEB_HTTP_H

#include "broker/err.h"
#include "web/client_address.h"
#include "web/origin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct edge;
struct mg_connection;
struct visitor;

struct http_request {
    const char *method;              /* "GET" */
    const char *target;              /* as sent: "/status", or "http://host/status" */
    const char *path;                /* decoded: may hold any byte but 0 */
    const char *query;               /* as sent; NULL for none */
    char remote[64];                 /* "127.0.0.1:52034" */
    char client[ADDRESS_TEXT_BYTES]; /* "127.0.0.1", or what a trusted proxy says of its client, which may be IPv6 */
    struct edge *edge;               /* by which it came in */
    const struct visitor *visitor;   /* who sends it, once he is admitted */
    bool is_forwarded;               /* a trusted proxy has sent it */
    bool is_https;                   /* and its client speaks TLS to that */
    char edge_headers[ORIGIN_HEADERS_MAX_BYTES]; /* lines that go with every answer */
    const char *visitor_headers;                 /* likewise, for this visitor; NULL: none */
    struct mg_connection *connection;
};

/* Fills the request from the connection that civetweb passes to its callbacks. */
void http_request_init(struct http_request *request, struct mg_connection *connection);

bool http_is_head(const struct http_request *request);

/* The value of a header of the request, or NULL. */
const char *http_header(const struct http_request *request, const char *name);
/* The values of one that may be given more than once, from the last to the first; then NULL. *index is
 * HTTP_HEADERS_ALL at first. */
#define HTTP_HEADERS_ALL 0x10000
const char *http_header_before(const struct http_request *request, const char *name, size_t *index);

/* Reads the body of a request, of at most room bytes. Blocks: until it is all there; 15 s at most, however slowly it
 * comes. False after an error has been replied. */
CHECKED bool http_read_body(const struct http_request *request, char *body, size_t room, size_t *count);
/* Reads from the body of the request: what has come, at least a byte. fd: http_socket()'s. 0: its end; below 0: the
 * client has gone, or nothing came for 10 s. Blocks: until a byte comes, not until room is full. */
int http_read(const struct http_request *request, int fd, void *bytes, size_t room);
/* Asks for the body where the client waits to be asked (Expect: 100-continue). */
void http_invite_body(const struct http_request *request);

struct http_reply {
    int status;
    const char *content_type;
    const char *headers; /* further lines, each ended by CR LF, 4 KB at most; NULL for none */
    const void *body;    /* not sent to a HEAD; may be NULL */
    size_t body_bytes;
};

/* Sends the whole reply. Blocks: until the client has taken it, or has taken nothing for 10 s. */
void http_reply(const struct http_request *request, const struct http_reply *reply);

/* The JSON error of the contract. headers as in http_reply. */
void http_reply_error(const struct http_request *request, int status, const char *headers, const char *code,
                      const char *format, ...) PRINTF_LIKE(5, 6);

/* Sends the head of an endless reply, without Content-Length. False when the client has gone. */
CHECKED bool http_begin_stream(const struct http_request *request, const char *content_type, const char *first_bytes);

/* Sends more of it. Blocks: as http_reply(). False when the client has gone. */
CHECKED bool http_send(const struct http_request *request, const void *bytes, size_t count);

/* How many replies there were with a status of 100 to 199 (first_digit is 1), and so on to 5; 0 of others. */
uint64_t http_reply_count(int first_digit);

/* The request's socket, which stays civetweb's and is valid until the handler returns. Threads: any may send on it
 * while the handler's thread waits. ERR_GONE when the client has reset the connection. */
CHECKED enum err http_socket(const struct http_request *request, int *fd);

#endif
