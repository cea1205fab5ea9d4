#include "web/routes/support/frame_reply.h"

#include "broker/base/clock.h"
#include "broker/multipart/multipart_writer.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define ETAG_BYTES 64
#define HTTP_DATE_BYTES 32

/* RFC 9110, section 5.6.7. The program keeps the C locale, so the names are English. */
static void format_http_date(int64_t realtime_ns, char text[HTTP_DATE_BYTES]) {
    time_t seconds = realtime_ns / NS_PER_S;
    struct tm utc = {0};
    gmtime_r(&seconds, &utc);
    strftime(text, HTTP_DATE_BYTES, "%a, %d %b %Y %H:%M:%S GMT", &utc);
}

void reply_frame(const struct http_request *request, const char *topic_id, const struct frame *frame) {
    const struct frame_info *info = frame_info(frame);
    char etag[ETAG_BYTES]; /* a position is used once a run, and a capture time hardly ever again */
    snprintf(etag, sizeof etag, "\"%" PRIx64 "-%" PRIx64 "\"", (uint64_t)info->captured_realtime_ns, info->position);
    const char *known = http_header(request, "If-None-Match");
    bool not_modified = known != NULL && (strstr(known, etag) != NULL || strcmp(known, "*") == 0);

    char date[HTTP_DATE_BYTES];
    format_http_date(info->captured_realtime_ns, date);
    char headers[512];
    size_t used = multipart_write_frame_headers(headers, sizeof headers, topic_id, info);
    snprintf(headers + used, sizeof headers - used, "ETag: %s\r\nLast-Modified: %s\r\n", etag, date);

    struct span jpeg = frame_payload(frame);
    http_reply(request, &(struct http_reply){.status = not_modified ? 304 : 200,
                                             .content_type = "image/jpeg",
                                             .headers = headers,
                                             .body = jpeg.bytes,
                                             .body_bytes = jpeg.count});
}
