#include "web/routes/support/visible_cameras.h"

#include "web/routes/support/reply.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- Finding one ---- */

static bool may_view(const void *principal, const char *camera_id) { return access_may_view(principal, camera_id); }

struct topic *visible_camera_find(struct server_context *context, const struct principal *principal, const char *name) {
    struct topic_list *all = broker_topics(context->broker);
    struct topic *found = topic_list_find(all, name, may_view, principal);
    topic_list_unref(&all);
    return found;
}

static struct topic *find_visible_place(struct server_context *context, const struct principal *principal,
                                        size_t place) {
    struct topic_list *all = broker_topics(context->broker);
    struct topic *found = topic_list_at(all, place, may_view, principal);
    topic_list_unref(&all);
    return found;
}

struct topic *visible_camera_of_route(struct server_context *context, const struct principal *principal,
                                      const struct route *route) {
    return route->name[0] != '\0' ? visible_camera_find(context, principal, route->name)
                                  : find_visible_place(context, principal, route->place);
}

bool visible_node(struct server_context *context, const struct principal *principal, const char *node) {
    if (context->cluster == NULL || !cluster_knows_node(context->cluster, node)) {
        return false;
    }
    struct topic_list *all = broker_topics(context->broker);
    bool is_visible = access_may_view_all(principal);
    for (size_t i = 0; i < all->count && !is_visible; i++) {
        char of_camera[NODE_MAX_BYTES + 1];
        const char *id = topic_id(all->topics[i]), *camera;
        is_visible =
            cluster_split_id(id, of_camera, &camera) && strcmp(of_camera, node) == 0 && access_may_view(principal, id);
    }
    topic_list_unref(&all);
    return is_visible;
}

struct topic **visible_cameras_list(struct server_context *context, const struct principal *principal, size_t *count) {
    struct topic_list *all = broker_topics(context->broker);
    struct topic **cameras = calloc(all->count + 1, sizeof *cameras);
    *count = 0;
    for (size_t i = 0; i < all->count && cameras != NULL; i++) {
        if (access_may_view(principal, topic_id(all->topics[i]))) {
            cameras[(*count)++] = topic_ref(all->topics[i]);
        }
    }
    topic_list_unref(&all);
    return cameras;
}

/* ---- Snapshots ---- */

/* In JSON all whole numbers below are exact (RFC 8259, section 6). */
#define VIEWER_ID_BITS 53

static void write_label(const struct server_context *context, char remote[SUBSCRIBER_REMOTE_BYTES]) {
    unsigned char hash[crypto_shorthash_BYTES];
    char label[2 * sizeof hash + 1];
    crypto_shorthash(hash, (const unsigned char *)remote, strlen(remote), context->viewer_key);
    sodium_bin2hex(label, sizeof label, hash, sizeof hash);
    snprintf(remote, SUBSCRIBER_REMOTE_BYTES, "viewer %.6s", label);
}

static uint64_t scramble_id(const struct server_context *context, uint64_t id) {
    uint64_t hash;
    _Static_assert(sizeof hash == crypto_shorthash_BYTES, "a hash is a number");
    crypto_shorthash((unsigned char *)&hash, (const unsigned char *)&id, sizeof id, context->viewer_key);
    return hash >> (64 - VIEWER_ID_BITS);
}

void visible_cameras_hide_viewer(const struct server_context *context, const struct principal *principal, uint64_t *id,
                                 char remote[SUBSCRIBER_REMOTE_BYTES]) {
    if (principal_rights(principal) < RIGHTS_ADMIN) {
        write_label(context, remote);
    }
    if (!access_may_view_all(principal)) {
        *id = scramble_id(context, *id);
    }
}

static void hide_viewers(const struct server_context *context, const struct principal *principal,
                         struct topic_snapshot *topic) {
    for (size_t i = 0; i < topic->subscriber_count; i++) {
        visible_cameras_hide_viewer(context, principal, &topic->subscribers[i].id, topic->subscribers[i].remote);
    }
}

static void hide_cameras(const struct principal *principal, struct broker_snapshot *snapshot) {
    size_t kept = 0;
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        if (access_may_view(principal, snapshot->topics[i].settings.id)) {
            snapshot->topics[kept++] = snapshot->topics[i];
        } else {
            topic_snapshot_finish(&snapshot->topics[i]);
        }
    }
    snapshot->topic_count = kept;
}

bool visible_cameras_snapshot(struct server_context *context, const struct http_request *request, bool is_brief,
                              struct broker_snapshot *snapshot) {
    if ((is_brief ? broker_snapshot_brief : broker_snapshot)(context->broker, snapshot) != ERR_OK) {
        reply_out_of_memory(request);
        return false;
    }
    hide_cameras(request->principal, snapshot);
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        hide_viewers(context, request->principal, &snapshot->topics[i]);
    }
    return true;
}

bool visible_camera_snapshot(struct server_context *context, const struct http_request *request, struct topic *camera,
                             struct topic_snapshot *snapshot) {
    if (broker_snapshot_topic(context->broker, camera, snapshot) != ERR_OK) {
        reply_out_of_memory(request);
        return false;
    }
    hide_viewers(context, request->principal, snapshot);
    return true;
}
