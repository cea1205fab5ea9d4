/* The cameras as a visitor sees them: those that he may not see are not there. */
#include "web/handlers.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PLACE_DIGITS_MAX 6

/* ---- Finding one ---- */

struct topic *site_camera_at(struct site *site, const struct visitor *visitor, size_t place) {
    struct topic_list *all = broker_topics(site->broker);
    struct topic *found = NULL;
    for (size_t i = 0; i < all->count && found == NULL; i++) {
        if (access_may_view(visitor, topic_id(all->topics[i])) && place-- == 0) {
            found = topic_ref(all->topics[i]);
        }
    }
    topic_list_unref(&all);
    return found;
}

struct topic *site_find_camera(struct site *site, const struct visitor *visitor, const char *name) {
    struct topic *topic = broker_find_topic(site->broker, name);
    if (topic != NULL && strcmp(topic_id(topic), name) == 0 && access_may_view(visitor, name)) {
        return topic;
    }
    topic_unref(&topic);
    size_t digits = strspn(name, "0123456789");
    if (name[0] == '0' || digits == 0 || digits > PLACE_DIGITS_MAX || name[digits] != '\0') {
        return NULL;
    }
    return site_camera_at(site, visitor, strtoul(name, NULL, 10) - 1);
}

struct topic **site_cameras(struct site *site, const struct visitor *visitor, size_t *count) {
    struct topic_list *all = broker_topics(site->broker);
    struct topic **cameras = calloc(all->count + 1, sizeof *cameras);
    *count = 0;
    for (size_t i = 0; i < all->count && cameras != NULL; i++) {
        if (access_may_view(visitor, topic_id(all->topics[i]))) {
            cameras[(*count)++] = topic_ref(all->topics[i]);
        }
    }
    topic_list_unref(&all);
    return cameras;
}

/* ---- Snapshots ---- */

/* Whose streams belong together may be seen. */
void site_hide_address(const struct site *site, char remote[SUBSCRIBER_REMOTE_BYTES]) {
    unsigned char hash[crypto_shorthash_BYTES];
    char label[2 * sizeof hash + 1];
    crypto_shorthash(hash, (const unsigned char *)remote, strlen(remote), site->viewer_key);
    sodium_bin2hex(label, sizeof label, hash, sizeof hash);
    snprintf(remote, SUBSCRIBER_REMOTE_BYTES, "viewer %.6s", label);
}

static void hide_addresses(const struct site *site, struct topic_snapshot *topic) {
    for (size_t i = 0; i < topic->subscriber_count; i++) {
        site_hide_address(site, topic->subscribers[i].remote);
    }
}

static void hide_cameras(const struct visitor *visitor, struct broker_snapshot *snapshot) {
    size_t kept = 0;
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        if (access_may_view(visitor, snapshot->topics[i].settings.id)) {
            snapshot->topics[kept++] = snapshot->topics[i];
        } else {
            topic_snapshot_finish(&snapshot->topics[i]);
        }
    }
    snapshot->topic_count = kept;
}

enum err site_snapshot(struct site *site, const struct visitor *visitor, bool is_brief,
                       struct broker_snapshot *snapshot) {
    enum err error = (is_brief ? broker_snapshot_brief : broker_snapshot)(site->broker, snapshot);
    if (error != ERR_OK) {
        return error;
    }
    hide_cameras(visitor, snapshot);
    for (size_t i = 0; i < snapshot->topic_count && visitor_rights(visitor) < RIGHTS_ADMIN; i++) {
        hide_addresses(site, &snapshot->topics[i]);
    }
    return ERR_OK;
}

enum err site_snapshot_camera(struct site *site, const struct visitor *visitor, struct topic *camera,
                              struct topic_snapshot *snapshot) {
    enum err error = broker_snapshot_topic(site->broker, camera, snapshot);
    if (error == ERR_OK && visitor_rights(visitor) < RIGHTS_ADMIN) {
        hide_addresses(site, snapshot);
    }
    return error;
}
