/* An HTTP URL is requested with libcurl (url_client.h): JPEG in the answer is read by url_http.h, and anything else
 * goes to FFmpeg's demuxers (url_stream.h), like the URLs of other protocols. */
#include "cameras/url/url_driver.h"

#include "broker/base/clock.h"
#include "broker/frame/sequence.h"
#include "cameras/url/address.h"
#include "cameras/url/backlog.h"
#include "cameras/url/url_http.h"
#include "cameras/url/url_stream.h"

#include <stdlib.h>

struct url {
    struct url_link link;
    struct url_http *http; /* one of the two */
    struct url_stream *stream;
    struct backlog backlog;
    uint64_t sequence; /* of the last frame, where the source counts; 0: it does not */
};

static void url_close(void *state) {
    struct url *url = state;
    url_link_begin_close(&url->link);
    url_http_close(&url->http);
    url_stream_close(&url->stream);
    url_link_finish(&url->link);
    free(url);
}

static enum err open_source(struct url *url, struct reason *reason) {
    const char *location = url->link.location;
    struct url_client *client = NULL;
    if (address_has_scheme(location, "http") || address_has_scheme(location, "https")) {
        enum err error = url_http_open(&url->link, &url->http, &client, reason);
        if (error != ERR_OK || url->http != NULL) {
            return error;
        }
    }
    return url_stream_open(&url->link, client, &url->stream, reason);
}

static enum err url_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                         struct reason *reason) {
    struct url *url = calloc(1, sizeof *url);
    if (url == NULL) {
        return ERR_MEMORY;
    }
    enum err error = url_link_init(&url->link, context, deadline_ns, reason);
    if (error == ERR_OK) {
        error = open_source(url, reason);
    }
    if (error != ERR_OK) {
        url_close(url);
        return error;
    }
    *state = url;
    return ERR_OK;
}

/* The frames that another broker counted, and that did not come. */
static uint64_t count_missing(struct url *url, uint64_t sequence) {
    uint64_t missing = sequence_missing(url->sequence, sequence);
    url->sequence = sequence;
    return missing;
}

static enum err read_http(struct url *url, struct frame **frame, uint64_t *lost, struct reason *reason) {
    enum err error;
    bool late = true;
    while (late && (error = url_http_read(url->http, frame, reason)) == ERR_OK) {
        uint64_t sequence = frame_info(*frame)->sequence;
        *lost += count_missing(url, sequence);
        late = backlog_is_late(&url->backlog, clock_monotonic_ns());
        if (late) {
            ++*lost;
            frame_unref(frame);
        }
    }
    return error;
}

static void note_clock(struct source_facts *facts, int64_t captured_realtime_ns) {
    facts->has_clock = captured_realtime_ns != 0;
    facts->clock_offset_ns = facts->has_clock ? captured_realtime_ns - clock_realtime_ns() : 0;
}

static enum err url_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                         struct reason *reason) {
    (void)sequence;
    struct url *url = state;
    url->link.deadline_ns = deadline_ns;
    enum err error =
        url->http != NULL ? read_http(url, frame, lost, reason) : url_stream_read(url->stream, frame, lost, reason);
    if (error == ERR_OK) {
        note_clock(url->link.facts, frame_info(*frame)->captured_realtime_ns);
    }
    if (error == ERR_OK && !url->link.context->is_unpaced) {
        driver_set_capture_time(*frame);
    }
    return error;
}

static void url_describe(void *state, struct driver_description *description) {
    const struct url *url = state;
    description->format = url->stream != NULL ? url_stream_format(url->stream) : frame_format_name(FRAME_JPEG);
}

const struct driver_ops url_driver = {
    .open = url_open,
    .read = url_read,
    .describe = url_describe,
    .close = url_close,
};
