#include "web/routes/support/live_stream.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/multipart/multipart_writer.h"
#include "web/routes/support/detached_response.h"
#include "web/routes/support/playback_set.h"
#include "web/routes/support/reply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* When a stream that begins now has to end: by its age, or with what its principal may do; 0: never. */
static int64_t stream_deadline_ns(const struct server_context *context, const struct principal *principal) {
    int64_t life_ns = atomic_load_explicit(&context->stream_life_ns, memory_order_relaxed);
    int64_t until_s = principal_until_s(principal);
    if (until_s != INT64_MAX) {
        int64_t left_ns = clock_scale_ns(until_s, 1, 1) - clock_realtime_ns();
        life_ns = life_ns > 0 ? min_i64(life_ns, left_ns) : left_ns;
    }
    return life_ns != 0 ? clock_monotonic_ns() + life_ns : 0;
}

/* All that a stream needs once its request is over. */
struct live_stream {
    struct detached_response response;
    char remote[SUBSCRIBER_REMOTE_BYTES];
    struct playback_set *playback; /* NULL: the topics are live */
    bool is_continued;             /* by the second half of the topics */
    size_t topic_count;
    struct topic *topics[]; /* references */
};

static size_t reference_count(const struct live_stream *stream) {
    return stream->topic_count * (stream->is_continued ? 2 : 1);
}

static struct live_stream *live_stream_create(struct server_context *context, const struct http_request *request,
                                              const struct stream_settings *settings) {
    const size_t count = settings->topic_count;
    struct live_stream *stream = calloc(1, sizeof *stream + 2 * count * sizeof stream->topics[0]);
    if (stream == NULL) {
        return NULL;
    }
    detached_response_init(&stream->response, context, request);
    snprintf(stream->remote, sizeof stream->remote, "%s", request->remote);
    stream->topic_count = count;
    stream->is_continued = settings->next_topics != NULL;
    for (size_t i = 0; i < count; i++) {
        stream->topics[i] = topic_ref(settings->topics[i]);
        if (stream->is_continued) {
            stream->topics[count + i] = topic_ref(settings->next_topics[i]);
        }
    }
    return stream;
}

static void live_stream_destroy(struct live_stream *stream) {
    struct detached_response *response = &stream->response;
    detached_response_close(response);
    playback_set_end(&stream->playback);
    for (size_t i = 0; i < reference_count(stream); i++) {
        topic_unref(&stream->topics[i]);
    }
    stream_admission_leave(&response->context->streams, response->client);
    detached_response_finish(response);
    free(stream);
}

/* The head is sent: a stream that could not begin just ends. */
static void on_stream_ended(void *user, enum err unused) {
    (void)unused;
    live_stream_destroy(user);
}

/* Hands the stream to a sender. False: the client has gone already, or its right has just been withdrawn. */
static bool live_stream_start(struct live_stream *stream, const struct http_request *request,
                              struct stream_settings settings) {
    const struct http_stream_head head = {.content_type = multipart_content_type(),
                                          .first_bytes = multipart_first_delimiter()};
    if (!detached_response_begin(&stream->response, request, &head, stream->topics, stream->topic_count)) {
        return false;
    }
    settings.topics = stream->topics;
    settings.next_topics = stream->is_continued ? stream->topics + stream->topic_count : NULL;
    settings.fd = stream->response.fd;
    settings.remote = stream->remote;
    settings.ended = on_stream_ended;
    settings.user = stream;
    return senders_begin(stream->response.context->senders, &settings) == ERR_OK;
}

void live_stream_begin(struct server_context *context, const struct http_request *request, const struct route *route,
                       struct stream_settings settings, struct playback_set *playback) {
    settings.fps = route->fps;
    settings.until_ns = stream_deadline_ns(context, request->principal);
    struct live_stream *stream = live_stream_create(context, request, &settings);
    if (stream == NULL) {
        playback_set_end(&playback);
        stream_admission_leave(&context->streams, request->client);
        reply_out_of_memory(request);
        return;
    }
    stream->playback = playback;
    if (!live_stream_start(stream, request, settings)) {
        live_stream_destroy(stream);
    }
}
