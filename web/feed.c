/* /feed: several cameras in one response. */
#include "web/handlers.h"
#include "web/multipart.h"
#include "web/parameters.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that no camera has, as many as a message has room for. */
struct unknown {
    char names[128];
    size_t count, named;
};

static void add_unknown(struct unknown *unknown, const char *name) {
    size_t used = strlen(unknown->names), room = sizeof unknown->names - used;
    int length = snprintf(unknown->names + used, room, "%s\"%s\"", unknown->named > 0 ? ", " : "", name);
    if ((size_t)length < room) {
        unknown->named++;
    } else {
        unknown->names[used] = '\0';
    }
    unknown->count++;
}

static void reply_unknown(const struct http_request *request, const struct unknown *unknown) {
    char others[40] = "";
    if (unknown->count > unknown->named) {
        snprintf(others, sizeof others, " and %zu more", unknown->count - unknown->named);
    }
    http_reply_error(request, 404, NULL, "no_such_camera", "no such camera: %s%s; see /api/cameras", unknown->names,
                     others);
}

static void add_camera(struct selection *selection, struct topic *camera) {
    for (size_t i = 0; i < selection->count; i++) {
        if (selection->topics[i] == camera) {
            topic_unref(&camera);
            return;
        }
    }
    selection->topics[selection->count++] = camera;
}

static void select_named(struct site *site, const struct visitor *visitor, struct route_cameras list,
                         struct selection *selection, struct unknown *unknown) {
    char name[ROUTE_NAME_MAX_BYTES + 1];
    while (parameters_next_camera(&list, name)) {
        struct topic *camera = site_find_camera(site, visitor, name);
        if (camera != NULL) {
            add_camera(selection, camera);
        } else {
            add_unknown(unknown, name);
        }
    }
}

void selection_release(struct selection *selection) {
    for (size_t i = 0; i < selection->count; i++) {
        topic_unref(&selection->topics[i]);
    }
    free(selection->topics);
}

bool selection_make(struct site *site, const struct http_request *request, const struct route *route,
                    struct selection *selection) {
    struct unknown unknown = {.count = 0};
    bool is_all = route->cameras.text == NULL;
    selection->topics = is_all ? site_cameras(site, request->visitor, &selection->count)
                               : calloc(ROUTE_CAMERAS_MAX, sizeof(struct topic *));
    if (selection->topics == NULL) {
        http_reply_error(request, 503, "Retry-After: 1\r\n", "out_of_memory", "the server is out of memory");
    } else if (!is_all) {
        select_named(site, request->visitor, route->cameras, selection, &unknown);
    }
    if (unknown.count > 0) {
        reply_unknown(request, &unknown);
    }
    return selection->topics != NULL && unknown.count == 0;
}

/* Cameras become what is to be shown of them; one whose variants are all taken comes as it is, rather than none at
 * all. False after refusing the request. */
static bool open_all(struct site *site, const struct http_request *request, const struct route *route,
                     struct selection *selection) {
    for (size_t i = 0; i < selection->count; i++) {
        struct topic *topic;
        enum err error = find_pictures(site, route, selection->topics[i], &topic);
        if (error == ERR_OK) {
            topic_unref(&selection->topics[i]);
            selection->topics[i] = topic;
        } else if (error != ERR_BUSY) {
            refuse_pictures(request, route, selection->topics[i], error);
            return false;
        }
    }
    return true;
}

void handle_feed(struct site *site, const struct http_request *request, const struct route *route) {
    if (!stream_admit(site, request)) {
        return;
    }
    struct selection selection = {.count = 0};
    if (selection_make(site, request, route, &selection) && open_all(site, request, route, &selection)) {
        stream_serve(
            site, request, route,
            (struct stream_settings){.topics = selection.topics, .topic_count = selection.count, .route = "feed"});
    }
    selection_release(&selection);
    stream_release(site, request);
}
