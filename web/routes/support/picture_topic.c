#include "web/routes/support/picture_topic.h"

enum err picture_topic_open(struct server_context *context, const struct route *route, struct topic *camera,
                            struct topic **topic) {
    struct variant_request variant = route->variant_request;
    if (route->variant[0] != '\0' && !topic_find_variant(camera, route->variant, &variant)) {
        return ERR_NOT_FOUND;
    }
    return broker_open_variant(context->broker, camera, &variant, topic);
}

void picture_topic_refuse(const struct http_request *request, const struct route *route, struct topic *camera,
                          enum err error) {
    if (error == ERR_NOT_FOUND) {
        http_reply_error(request, 404, NULL, "no_such_variant", "the camera \"%s\" has no variant \"%s\"",
                         topic_id(camera), route->variant);
    } else if (error == ERR_BUSY) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_variants",
                         "the camera \"%s\" has %u variants already: take one of those that /api/status lists, or "
                         "raise max_variants",
                         topic_id(camera), topic_max_variants(camera));
    } else {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "unavailable", "the pictures cannot be made: %s",
                         err_text(error));
    }
}

struct topic *picture_topic_open_or_refuse(struct server_context *context, const struct http_request *request,
                                           const struct route *route, struct topic *camera) {
    struct topic *topic = NULL;
    enum err error = picture_topic_open(context, route, camera, &topic);
    if (error != ERR_OK) {
        picture_topic_refuse(request, route, camera, error);
    }
    return topic;
}

bool picture_topics_open(struct server_context *context, const struct http_request *request, const struct route *route,
                         struct topic **topics, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct topic *topic;
        enum err error = picture_topic_open(context, route, topics[i], &topic);
        if (error == ERR_OK) {
            topic_unref(&topics[i]);
            topics[i] = topic;
        } else if (error != ERR_BUSY) {
            picture_topic_refuse(request, route, topics[i], error);
            return false;
        }
    }
    return true;
}
