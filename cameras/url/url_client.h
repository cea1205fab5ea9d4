/* The HTTP client of one camera, on libcurl: one request at a time, whose body is read in pieces. The login (Digest or
 * Basic), cookies and the connection last from one request to the next. Private to the url driver.
 *
 *     url_client_request() -> url_client_read() ... ERR_CLOSED -> url_client_request() ...
 *
 * Nothing runs between the calls: libcurl has no thread here, and what the camera sends meanwhile waits in the kernel.
 * Threads: the camera's. Blocks: as long as the link permits, see url_link.h. */
#ifndef CAMERAS_URL_URL_CLIENT_H
#define CAMERAS_URL_URL_CLIENT_H

#include "cameras/url/url_link.h"

struct url_client;

/* link is borrowed. ERR_MEMORY; ERR_UNSUPPORTED: libcurl cannot be loaded, see reason. */
CHECKED enum err url_client_create(struct url_link *link, struct url_client **client, struct reason *reason);
void url_client_destroy(struct url_client **client);

/* Requests the camera's URL, or what follows the first offset_bytes of it, and follows redirects (url_redirect.h); what
 * is left of the answer before is dropped. ERR_OK: the headers of a 2xx answer have come. ERR_TIMEOUT, ERR_INTERRUPTED;
 * the rest as driver_ops.open has it. */
CHECKED enum err url_client_request(struct url_client *client, int64_t offset_bytes, struct reason *reason);

/* Of the last answer: its Content-Type, "" if it has none; the URL that gave it, perhaps with the login; the length of
 * its body, -1 if it is unknown. Valid until the next request. */
const char *url_client_content_type(const struct url_client *client);
const char *url_client_location(const struct url_client *client);
int64_t url_client_length_bytes(const struct url_client *client);

/* The next bytes of the body, at least one; capacity is above 0. ERR_CLOSED: the body has ended, or the connection;
 * reason says which. ERR_TIMEOUT and ERR_INTERRUPTED leave the answer readable. */
CHECKED enum err url_client_read(struct url_client *client, uint8_t *bytes, size_t capacity, size_t *got,
                                 struct reason *reason);
/* Copies up to `count` first bytes of the rest of the body, which stay unread; *got is less where the body ends. At
 * most URL_CLIENT_PEEK_MAX_BYTES. Errors as above, but for ERR_CLOSED. */
#define URL_CLIENT_PEEK_MAX_BYTES ((size_t)4096)
CHECKED enum err url_client_peek(struct url_client *client, uint8_t *bytes, size_t count, size_t *got,
                                 struct reason *reason);

/* Whether the next bodies end with their connection, whatever length they declare. */
void url_client_ignore_length(struct url_client *client, bool ignore);

/* The rest of the body is not wanted. A connection that only its end would free is closed at once. */
void url_client_stop_reading(struct url_client *client);

#endif
