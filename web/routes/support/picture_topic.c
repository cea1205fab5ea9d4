#include "web/routes/support/picture_topic.h"

#include "web/access/principal.h"

#include <stdio.h>

/* An account, in place of an address: none begins so. */
#define ACCOUNT_MARK "@"

/* Whose share of the variants a request takes: its account's, or that of its address. */
static void find_owner(const struct http_request *request, char owner[VARIANT_OWNER_BYTES]) {
    const struct account *account = request->principal != NULL ? request->principal->account : NULL;
    if (account != NULL) {
        snprintf(owner, VARIANT_OWNER_BYTES, ACCOUNT_MARK "%.*s", VARIANT_OWNER_BYTES - 2, account->settings.name);
        return;
    }
    char address[ADDRESS_TEXT_BYTES];
    client_address_owner(request->client, address);
    snprintf(owner, VARIANT_OWNER_BYTES, "%s", address);
}

/* ERR_NOT_FOUND: no variant of that name; ERR_BUSY: the camera has as many variants as it may; ERR_MEMORY,
 * ERR_CLOSED. */
static enum err open_topic(struct server_context *context, const struct http_request *request,
                           const struct route *route, struct topic *camera, struct topic **topic) {
    struct variant_request variant = route->variant_request;
    if (route->variant[0] != '\0' && !topic_find_variant(camera, route->variant, &variant)) {
        return ERR_NOT_FOUND;
    }
    char owner[VARIANT_OWNER_BYTES];
    find_owner(request, owner);
    return broker_open_variant_for(context->broker, owner, camera, &variant, topic);
}

static void refuse(const struct http_request *request, const struct route *route, struct topic *camera,
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
    enum err error = open_topic(context, request, route, camera, &topic);
    if (error != ERR_OK) {
        refuse(request, route, camera, error);
    }
    return topic;
}

bool picture_topics_open(struct server_context *context, const struct http_request *request, const struct route *route,
                         struct topic **topics, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct topic *topic;
        enum err error = open_topic(context, request, route, topics[i], &topic);
        if (error == ERR_OK) {
            topic_unref(&topics[i]);
            topics[i] = topic;
        } else if (error != ERR_BUSY) {
            refuse(request, route, topics[i], error);
            return false;
        }
    }
    return true;
}
