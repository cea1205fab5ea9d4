/* Cameras that speak HTTP and send JPEG: as an endless multipart stream, or one picture a request. Private to the url
 * driver.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_HTTP_H
#define CAMERAS_URL_HTTP_H

#include "cameras/url_link.h"

struct AVIOContext;
struct url_http;

enum url_http_kind { URL_HTTP_PARTS, URL_HTTP_PICTURE, URL_HTTP_OTHER };

/* Connects, and looks at what is sent. URL_HTTP_OTHER: *io is the connection, the caller's to close, and *http NULL.
 */
CHECKED enum err url_http_open(struct url_link *link, enum url_http_kind *kind, struct url_http **http,
                               struct AVIOContext **io, struct reason *reason);
void url_http_close(struct url_http **http);

/* As driver_ops.read, but for lost: *frame has the capture time that the camera tells (0: none), and its sequence. */
CHECKED enum err url_http_read(struct url_http *http, struct frame **frame, struct reason *reason);

#endif
