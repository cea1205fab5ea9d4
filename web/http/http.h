/* One request and its reply: all that handlers see of civetweb.
 *
 * Ownership: a request and every text in it are borrowed from the thread that serves it until its handler returns.
 * Threads: the request's own, unless said otherwise. That thread has a stack of 100 KB: keep locals small. */
#ifndef WEB_HTTP_HTTP_H
#define WEB_HTTP_HTTP_H

#include "broker/base/err.h"
#include "web/http/client_address.h"
#include "web/http/origin.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connections;
struct mg_connection;
struct outbox;
struct principal;
struct quota;
struct request_policy;

/* How a request's client is reached. The fields are http.c's. */
struct http_transport {
    struct mg_connection *connection;
    struct connections *connections;
    struct outbox *outbox;
    const char *address;    /* the client's, or that of a proxy in front */
    int port;               /* its */
    int fd;                 /* its socket; -1: to be found */
    struct quota *bodies;   /* that are being read */
    uint64_t written_bytes; /* to the client, by civetweb */
};

struct http_request;
/* Renders an error for a browser: the page, to free(); NULL: it gets JSON too. */
typedef char *http_error_page(const struct http_request *request, int status, const char *code, const char *message);

struct http_request {
    const char *method;                /* "GET" */
    const char *target;                /* as sent: "/status", or "http://host/status" */
    const char *path;                  /* decoded: may hold any byte but 0 */
    const char *query;                 /* as sent; NULL for none */
    char remote[64];                   /* "127.0.0.1:52034", "[2001:db8::1]:52034" */
    char client[ADDRESS_TEXT_BYTES];   /* "127.0.0.1", "2001:db8::1", or what a trusted proxy says of its client */
    struct request_policy *policy;     /* by which it came in */
    const struct principal *principal; /* once it is admitted */
    bool is_forwarded;                 /* a trusted proxy has sent it */
    bool is_https;                     /* and its client speaks TLS to that */
    char request_policy_headers[ORIGIN_HEADERS_MAX_BYTES]; /* lines that go with every answer */
    const char *principal_headers;                         /* likewise, for this principal; NULL: none */
    size_t header_count;                                   /* 0 of a request that civetweb has refused */
    http_error_page *error_page;                           /* NULL: every client gets JSON */
    struct http_transport *transport;
};

/* Fills the request from the connection that civetweb passes to its callbacks; alone looks at what civetweb may leave
 * unset. transport is borrowed. is_refused: civetweb could not read the request, so its headers are not looked at. */
void http_request_init(struct http_request *request, struct http_transport *transport, bool is_refused);

bool http_is_head(const struct http_request *request);

/* The value of a header of the request, or NULL. */
const char *http_header(const struct http_request *request, const char *name);
/* The values of one that may be given more than once, from the last to the first; then NULL. *index is
 * HTTP_HEADERS_ALL at first. */
#define HTTP_HEADERS_ALL 0x10000
const char *http_header_before(const struct http_request *request, const char *name, size_t *index);

/* Reads the body of a request, of at most `capacity` bytes. Blocks: until it is complete; 15 s at most, however slowly
 * it arrives. False after an error has been replied: a client address may have HTTP_BODIES_PER_ADDRESS_MAX of them
 * under way, so that slow ones do not take the workers of others. */
#define HTTP_BODIES_PER_ADDRESS_MAX 8u
CHECKED bool http_read_body(const struct http_request *request, char *body, size_t capacity, size_t *count);
/* Asks for the body where the client waits to be asked (Expect: 100-continue). */
void http_invite_body(const struct http_request *request);

struct http_reply {
    int status;
    const char *content_type;
    const char *headers; /* further lines, each ended by CR LF, 4 KB at most; NULL for none */
    const void *body;    /* not sent to a HEAD; may be NULL */
    size_t body_bytes;
    bool is_immutable; /* clients may keep it for good; otherwise they must not keep it */
};

/* Sends the whole reply; what the client does not take at once is left to the outbox. Blocks: no. */
void http_reply(const struct http_request *request, const struct http_reply *reply);

/* The JSON error of the contract, or the request's error page for a client that accepts HTML and no JSON. headers as in
 * http_reply. */
void http_reply_error(const struct http_request *request, int status, const char *headers, const char *code,
                      const char *format, ...) PRINTF_LIKE(5, 6);

/* What a reply needs that is sent once the request has left its worker. */
struct http_late_reply {
    int fd; /* taken when the reply is sent */
    struct outbox *outbox;
    char headers[ORIGIN_HEADERS_MAX_BYTES];
};

/* Before the handler of the request returns; fd is of http_detach_body(). */
void http_prepare_late_reply(const struct http_request *request, int fd, struct http_late_reply *late);
/* As http_reply() and http_reply_error(). Threads: any. */
void http_reply_late(const struct http_late_reply *late, const struct http_reply *reply);
void http_reply_error_late(const struct http_late_reply *late, int status, const char *headers, const char *code,
                           const char *format, ...) PRINTF_LIKE(5, 6);

struct http_stream_head {
    int status; /* 0: 200 */
    const char *content_type;
    const char *headers;     /* as in http_reply; a length, where it is known, is among them */
    const char *first_bytes; /* of the body; NULL: none */
};

/* Sends the head of a reply without Content-Length, which ends with its connection, and its first bytes, and takes the
 * socket from civetweb: headers are as in http_reply, and *fd outlives the request, and is the caller's to close. To a
 * HEAD the head is the whole reply, and *fd -1. ERR_GONE: the client has gone, or which socket is its own is not known
 * beyond doubt; ERR_BUSY: no descriptor is left. */
CHECKED enum err http_begin_stream(const struct http_request *request, const struct http_stream_head *head, int *fd);

/* How many replies there were with a status of 100 to 199 (first_digit is 1), and so on to 5; 0 of others. */
uint64_t http_reply_count(int first_digit);

/* The request's socket, which stays civetweb's and is valid until the handler returns. ERR_GONE: as
 * http_begin_stream(). */
CHECKED enum err http_socket(const struct http_request *request, int *fd);

#endif
