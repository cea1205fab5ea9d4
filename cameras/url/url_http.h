/* Cameras that speak HTTP and send JPEG: as an endless multipart stream, or one picture a request. Private to the url
 * driver.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_URL_HTTP_H
#define CAMERAS_URL_URL_HTTP_H

#include "cameras/url/url_client.h"

struct url_http;

/* Sends the first request. ERR_OK with *http NULL: the answer is neither multipart nor a picture, and *other, which is
 * the caller's, has all of it. */
CHECKED enum err url_http_open(struct url_link *link, struct url_http **http, struct url_client **other,
                               struct reason *reason);
void url_http_close(struct url_http **http);

/* As driver_ops.read, but for lost: *frame has the capture time and the sequence that the camera reports, or 0. */
CHECKED enum err url_http_read(struct url_http *http, struct frame **frame, struct reason *reason);

#endif
