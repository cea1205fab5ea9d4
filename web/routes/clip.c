/* A stretch of a camera's recording as a file. */
#include "broker/base/clock.h"
#include "broker/base/module.h"
#include "broker/recording/playback/clip_muxer.h"
#include "broker/recording/playback/clip_size.h"
#include "web/http/route.h"
#include "web/routes/support/camera_requests.h"
#include "web/routes/support/export_response.h"
#include "web/routes/support/imported_recording.h"
#include "web/routes/support/playback_stream.h"
#include "web/routes/support/reply.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Beyond, a clip has no length that is known before. */
#define COUNTED_FRAMES_MAX 200000

struct clip_format {
    const char *name, *content_type;
    enum export_format format;
};

static const struct clip_format formats[] = {
    {"mp4", "video/mp4", EXPORT_MP4},
    {"mkv", "video/x-matroska", EXPORT_MKV},
    {"mjpeg", "video/x-motion-jpeg", EXPORT_MJPEG},
};

/* NULL after refusing the request. */
static const struct clip_format *choose_format(const struct http_request *request, const struct route *route) {
    const char *name = route->format[0] != '\0' ? route->format : "mp4";
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        if (strcmp(formats[i].name, name) != 0) {
            continue;
        }
        struct reason reason;
        if (formats[i].format != EXPORT_MJPEG && module_check("ffmpeg", &reason) != ERR_OK) {
            http_reply_error(request, 501, NULL, "unsupported", "%s; format=mjpeg works without it", reason.text);
            return NULL;
        }
        return &formats[i];
    }
    http_reply_error(request, 400, NULL, "bad_parameter", "format must be mp4, mkv or mjpeg");
    return NULL;
}

/* False after refusing the request. */
static bool check_period(const struct http_request *request, const struct route *route) {
    if (route->period.from_ns < 0 || route->period.to_ns == INT64_MAX) {
        http_reply_error(request, 400, NULL, "bad_parameter", "a clip needs from and to");
        return false;
    }
    return true;
}

/* ---- Byte ranges: RFC 9110, section 14 ---- */

struct byte_range {
    uint64_t first, last;
};

/* False: the request has no single range that could be served, and gets the whole. *is_beyond: there is one, and it
 * lies behind the end. */
static bool parse_range(const char *header, uint64_t total, struct byte_range *range, bool *is_beyond) {
    char end;
    uint64_t first, last;
    *is_beyond = false;
    if (header == NULL || strlen(header) > 60 || strpbrk(header, "+ \t,") != NULL) {
        return false;
    }
    if (sscanf(header, "bytes=-%" SCNu64 "%c", &last, &end) == 1) {
        *is_beyond = last == 0 || total == 0;
        *range = (struct byte_range){last < total ? total - last : 0, total - 1};
        return true;
    }
    int count = sscanf(header, "bytes=%" SCNu64 "-%" SCNu64 "%c", &first, &last, &end);
    if (count == 1 && header[strlen(header) - 1] == '-') {
        last = UINT64_MAX;
    } else if (count != 2 || last < first) {
        return false;
    }
    *is_beyond = first >= total;
    *range = (struct byte_range){first, last < total ? last : total - 1};
    return true;
}

/* What a clip of known length says of it in its head. */
struct clip_length {
    int status;
    char headers[160];
    uint64_t skip_bytes, max_bytes;
};

/* False after refusing the request. */
static bool choose_range(const struct http_request *request, uint64_t total, struct clip_length *length) {
    struct byte_range range = {0, total};
    bool is_beyond;
    if (!parse_range(http_header(request, "Range"), total, &range, &is_beyond)) {
        *length = (struct clip_length){.status = 200, .max_bytes = UINT64_MAX};
        snprintf(length->headers, sizeof length->headers, "Accept-Ranges: bytes\r\nContent-Length: %" PRIu64 "\r\n",
                 total);
        return true;
    }
    if (is_beyond) {
        char headers[64];
        snprintf(headers, sizeof headers, "Content-Range: bytes */%" PRIu64 "\r\n", total);
        http_reply_error(request, 416, headers, "bad_range", "the clip has %" PRIu64 " bytes", total);
        return false;
    }
    const uint64_t count = range.last - range.first + 1;
    *length = (struct clip_length){.status = 206, .skip_bytes = range.first, .max_bytes = count};
    snprintf(length->headers, sizeof length->headers,
             "Accept-Ranges: bytes\r\nContent-Length: %" PRIu64 "\r\nContent-Range: bytes %" PRIu64 "-%" PRIu64
             "/%" PRIu64 "\r\n",
             count, range.first, range.last, total);
    return true;
}

/* Only JPEGs that all stand on a disk of here already have a length that is known. False after refusing the request. */
static bool find_length(struct server_context *context, const struct http_request *request, const struct route *route,
                        struct topic *camera, const struct clip_format *format, struct clip_length *length) {
    const struct route_period *period = &route->period;
    uint64_t total = 0;
    *length = (struct clip_length){.status = 200, .max_bytes = UINT64_MAX};
    if (format->format != EXPORT_MJPEG || route->fps > 0 || period->to_ns >= clock_realtime_ns() ||
        clip_count_bytes(recorder_path(context->recorder), topic_id(camera), period->from_ns, period->to_ns,
                         COUNTED_FRAMES_MAX, &total) != ERR_OK) {
        return true;
    }
    return choose_range(request, total, length);
}

/* ---- The request ---- */

/* False after refusing the request. */
static bool has_frames(struct server_context *context, const struct http_request *request, const struct route *route,
                       struct topic *camera) {
    struct catalogue *catalogue = NULL;
    struct catalogue_segment segment;
    struct reason reason;
    size_t count = 0;
    enum err error = catalogue_open(recorder_path(context->recorder), &catalogue, &reason);
    if (error == ERR_OK) {
        error = catalogue_read_segments(catalogue, topic_id(camera), route->period.from_ns, route->period.to_ns, NULL,
                                        &segment, 1, &count);
    }
    catalogue_close(&catalogue);
    if (error == ERR_NOT_FOUND || (error == ERR_OK && count == 0)) {
        reply_no_recording(request, camera);
    } else if (error != ERR_OK) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "unavailable", "the recordings cannot be read: %s",
                         err_text(error));
    }
    return error == ERR_OK && count > 0;
}

/* The file's name: "front-door_20260101T000012Z.mp4". */
static void write_disposition(const struct route *route, struct topic *camera, const struct clip_format *format,
                              char *text, size_t capacity) {
    char utc[CLOCK_TEXT_BYTES];
    clock_format_utc(route->period.from_ns, 0, utc);
    snprintf(text, capacity, "Content-Disposition: attachment; filename=\"%s_%.4s%.2s%.2sT%.2s%.2s%.2sZ.%s\"\r\n",
             topic_id(camera), utc, utc + 5, utc + 8, utc + 11, utc + 14, utc + 17, format->name);
}

/* Of a camera of another node, whose JPEGs make a file here. */
static void send_imported(struct server_context *context, const struct http_request *request,
                          const struct http_stream_head *head, struct topic *camera, struct export_settings settings) {
    struct export_source source = {.ops = NULL};
    if (!export_response_admit(context, request)) {
        return;
    }
    if (!imported_recording_open(context, request, camera, &settings, &source)) {
        export_response_leave(context, request);
        return;
    }
    settings.sources = &source;
    export_response_begin(context, request, head, &camera, 1, settings);
}

static void send_local(struct server_context *context, const struct http_request *request, const struct route *route,
                       struct http_stream_head head, struct topic *camera, const struct clip_format *format,
                       struct export_settings settings) {
    struct clip_length length;
    if (!has_frames(context, request, route, camera) ||
        !find_length(context, request, route, camera, format, &length) || !export_response_admit(context, request)) {
        return;
    }
    char headers[512];
    snprintf(headers, sizeof headers, "%s%s", head.headers, length.headers);
    head.status = length.status;
    head.headers = headers;
    settings.skip_bytes = length.skip_bytes;
    settings.max_bytes = length.max_bytes;
    export_response_begin(context, request, &head, &camera, 1, settings);
}

static void handle_clip(struct server_context *context, const struct http_request *request, const struct route *route,
                        struct topic *camera) {
    char node[NODE_MAX_BYTES + 1], disposition[256];
    if (!playback_admit(context, request, camera) || !check_period(request, route)) {
        return;
    }
    const struct clip_format *format = choose_format(request, route);
    if (format == NULL) {
        return;
    }
    write_disposition(route, camera, format, disposition, sizeof disposition);
    const struct http_stream_head head = {.content_type = format->content_type, .headers = disposition};
    const struct export_settings settings = {.format = format->format,
                                             .from_ns = route->period.from_ns,
                                             .to_ns = route->period.to_ns,
                                             .fps = route->fps,
                                             .speed = route->period.speed > 0 ? route->period.speed : 1,
                                             .max_bytes = UINT64_MAX};
    if (camera_node(camera, node) != NULL) {
        send_imported(context, request, &head, camera, settings);
    } else {
        send_local(context, request, route, head, camera, format, settings);
    }
}

const struct route_row clip_route = {
    .pattern = "/camera/{camera}/clip",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_FROM | PARAMETER_TO | PARAMETER_FORMAT | PARAMETER_SPEED | PARAMETER_FPS,
    .listener = LISTENER_MAIN,
    .handle_camera = handle_clip,
};
