/* What the streams of one camera and of several have in common. */
#include "broker/clock.h"
#include "web/handlers.h"
#include "web/multipart.h"

#include <string.h>

bool place_take(atomic_uint *taken, unsigned most) {
    unsigned known = atomic_load_explicit(taken, memory_order_relaxed);
    while (known < most) {
        if (atomic_compare_exchange_weak_explicit(taken, &known, known + 1, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

void place_leave(atomic_uint *taken) { atomic_fetch_sub_explicit(taken, 1, memory_order_relaxed); }

bool stream_admit(struct site *site, const struct http_request *request) {
    unsigned most = atomic_load_explicit(&site->streams_max, memory_order_relaxed);
    unsigned most_each = atomic_load_explicit(&site->streams_max_per_address, memory_order_relaxed);
    bool has_place = place_take(&site->streams_active, most);
    if (has_place && admission_enter(site->admission, request->client, most_each)) {
        return true;
    }
    if (has_place) {
        place_leave(&site->streams_active);
        atomic_fetch_add_explicit(&site->streams_rejected_per_address, 1, memory_order_relaxed);
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_streams_per_address",
                         "%s has %u streams already; close one, or raise server.max_streams_per_address",
                         request->client, most_each);
    } else {
        atomic_fetch_add_explicit(&site->streams_rejected, 1, memory_order_relaxed);
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_streams",
                         "all %u streams are in use; close one, or raise server.max_streams", most);
    }
    return false;
}

void stream_release(struct site *site, const struct http_request *request) {
    admission_leave(site->admission, request->client);
    place_leave(&site->streams_active);
}

/* When a stream that begins now has to end: by its age, or with what its visitor may do; 0: never. */
static int64_t end_of_life(const struct site *site, const struct visitor *visitor) {
    int64_t life_ns = atomic_load_explicit(&site->stream_life_ns, memory_order_relaxed);
    int64_t until_s = visitor_until_s(visitor);
    if (until_s != INT64_MAX) {
        int64_t left_ns = until_s * NS_PER_S - clock_realtime_ns();
        life_ns = life_ns > 0 && life_ns < left_ns ? life_ns : left_ns;
    }
    return life_ns != 0 ? clock_monotonic_ns() + life_ns : 0;
}

void stream_serve(struct site *site, const struct http_request *request, const struct route *route,
                  struct stream_settings settings) {
    if (http_is_head(request)) {
        bool sent = http_begin_stream(request, multipart_content_type(), "");
        (void)sent;
        return;
    }
    settings.remote = request->remote;
    settings.fps = route->fps;
    settings.until_ns = end_of_life(site, request->visitor);
    struct gate_answer answer;
    if (http_socket(request, &settings.fd) != ERR_OK ||
        !http_begin_stream(request, multipart_content_type(), multipart_first_delimiter()) ||
        !gate_begin_answer(site->gate, &answer, request->visitor, settings.topics, settings.topic_count, settings.fd)) {
        return; /* the client has gone already, or lost his right just now */
    }
    enum err error = senders_serve(site->senders, &settings);
    (void)error; /* the head is sent: a stream that could not begin just ends */
    gate_end_answer(site->gate, &answer);
}

/* ---- Variants ---- */

static const struct variant_wish *find_wish(const struct topic_settings *camera, const char *name) {
    for (size_t i = 0; i < camera->variant_count; i++) {
        if (strcmp(camera->variants[i].name, name) == 0) {
            return &camera->variants[i].wish;
        }
    }
    return NULL;
}

enum err find_pictures(struct site *site, const struct route *route, struct topic *camera, struct topic **topic) {
    bool by_name = route->variant[0] != '\0';
    const struct topic_settings settings = topic_settings(camera);
    const struct variant_wish *wish = by_name ? find_wish(&settings, route->variant) : &route->wish;
    return wish != NULL ? broker_open_variant(site->broker, camera, wish, topic) : ERR_NOT_FOUND;
}

void refuse_pictures(const struct http_request *request, const struct route *route, struct topic *camera,
                     enum err error) {
    const struct topic_settings settings = topic_settings(camera);
    if (error == ERR_NOT_FOUND) {
        http_reply_error(request, 404, NULL, "no_such_variant", "the camera \"%s\" has no variant \"%s\"", settings.id,
                         route->variant);
    } else if (error == ERR_BUSY) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_variants",
                         "the camera \"%s\" has %u variants already: take one of those that /api/status lists, or "
                         "raise max_variants",
                         settings.id, settings.max_variants);
    } else {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "unavailable", "the pictures cannot be made: %s",
                         err_text(error));
    }
}

struct topic *open_pictures(struct site *site, const struct http_request *request, const struct route *route,
                            struct topic *camera) {
    struct topic *topic = NULL;
    enum err error = find_pictures(site, route, camera, &topic);
    if (error != ERR_OK) {
        refuse_pictures(request, route, camera, error);
    }
    return topic;
}
