#include "web/routes/support/camera_selection.h"

#include "web/http/parameters.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/visible_cameras.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Names that no camera has, as many as a message holds. */
struct unknown_names {
    char names[128];
    size_t count, named;
};

static void add_unknown_name(struct unknown_names *unknown, const char *name) {
    size_t used = strlen(unknown->names), capacity = sizeof unknown->names - used;
    int length = snprintf(unknown->names + used, capacity, "%s\"%s\"", unknown->named > 0 ? ", " : "", name);
    if ((size_t)length < capacity) {
        unknown->named++;
    } else {
        unknown->names[used] = '\0';
    }
    unknown->count++;
}

static void reply_unknown_names(const struct http_request *request, const struct unknown_names *unknown) {
    char others[40] = "";
    if (unknown->count > unknown->named) {
        snprintf(others, sizeof others, " and %zu more", unknown->count - unknown->named);
    }
    http_reply_error(request, 404, NULL, "no_such_camera", "no such camera: %s%s; see /api/cameras", unknown->names,
                     others);
}

static void add_selected_camera(struct camera_selection *selection, struct topic *camera) {
    for (size_t i = 0; i < selection->count; i++) {
        if (selection->topics[i] == camera) {
            topic_unref(&camera);
            return;
        }
    }
    selection->topics[selection->count++] = camera;
}

static void select_named(struct server_context *context, const struct principal *principal, struct route_cameras list,
                         struct camera_selection *selection, struct unknown_names *unknown) {
    char name[ROUTE_NAME_MAX_BYTES + 1];
    while (parameters_next_camera(&list, name)) {
        struct topic *camera = visible_camera_find(context, principal, name);
        if (camera != NULL) {
            add_selected_camera(selection, camera);
        } else {
            add_unknown_name(unknown, name);
        }
    }
}

void camera_selection_finish(struct camera_selection *selection) {
    for (size_t i = 0; i < selection->count; i++) {
        topic_unref(&selection->topics[i]);
    }
    free(selection->topics);
}

bool camera_selection_make(struct server_context *context, const struct http_request *request,
                           const struct route *route, struct camera_selection *selection) {
    struct unknown_names unknown = {.count = 0};
    bool is_all = route->cameras.text == NULL;
    selection->topics = is_all ? visible_cameras_list(context, request->principal, &selection->count)
                               : calloc(ROUTE_CAMERAS_MAX, sizeof(struct topic *));
    if (selection->topics == NULL) {
        reply_out_of_memory(request);
    } else if (!is_all) {
        select_named(context, request->principal, route->cameras, selection, &unknown);
    }
    if (unknown.count > 0) {
        reply_unknown_names(request, &unknown);
    }
    return selection->topics != NULL && unknown.count == 0;
}
