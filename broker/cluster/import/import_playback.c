#include "broker/cluster/import/import_playback.h"

#include "broker/cluster/node_name.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct cluster_playback {
    struct importer *importer;
    struct import_node *node; /* NULL: none yet */
    size_t count;
    struct import_channel *channels[]; /* a reference each; NULL: not opened */
};

/* The node and the camera of a topic: a new reference. NULL: it is not imported. */
static struct import_camera *find_camera(struct importer *importer, const struct topic *topic,
                                         struct import_node **node) {
    char name[NODE_MAX_BYTES + 1];
    const char *id;
    if (!cluster_split_id(topic_id(topic), name, &id)) {
        return NULL;
    }
    lock_acquire(&importer->lock);
    *node = importer_find_node_locked(importer, name);
    struct import_camera *camera = *node != NULL ? import_node_find_camera(*node, id) : NULL;
    camera = camera != NULL ? import_camera_ref(camera) : NULL;
    lock_release(&importer->lock);
    return camera;
}

static enum err open_channel(struct cluster_playback *playback, size_t index, struct lease_channel wanted,
                             struct topic *topic) {
    struct importer *importer = playback->importer;
    struct import_node *node;
    struct import_camera *camera = find_camera(importer, topic, &node);
    if (camera == NULL) {
        return ERR_NOT_FOUND;
    }
    lock_acquire(&importer->lock);
    const bool is_there = node->state == CLUSTER_NODE_ONLINE && importer->epoch != 0;
    /* The node begins a playback with all its channels. */
    if (playback->node == NULL) {
        playback->node = node;
        node->holds++;
    }
    lock_release(&importer->lock);
    enum err error = node != playback->node ? ERR_NOT_FOUND : is_there ? ERR_OK : ERR_GONE;
    if (error == ERR_OK) {
        memcpy(wanted.camera, camera->id, sizeof wanted.camera);
        playback->channels[index] = importer_open_channel(importer, node, camera, &wanted, topic);
        error = playback->channels[index] != NULL ? ERR_OK : ERR_BUSY;
    }
    import_camera_unref(&camera);
    return error;
}

enum err importer_begin_playback(struct importer *importer, const struct playback_settings *settings,
                                 struct cluster_playback **out) {
    struct cluster_playback *playback =
        calloc(1, sizeof *playback + settings->topic_count * sizeof playback->channels[0]);
    if (playback == NULL) {
        return ERR_MEMORY;
    }
    playback->importer = importer;
    playback->count = settings->topic_count;
    struct lease_channel wanted = {.at_ns = settings->at_ns,
                                   .to_ns = settings->to_ns,
                                   .speed = settings->speed,
                                   .shows_gaps = settings->shows_gaps};
    lock_acquire(&importer->lock);
    importer->last_playback++;
    importer->last_playback += importer->last_playback == 0;
    wanted.playback = importer->last_playback;
    lock_release(&importer->lock);
    enum err error = ERR_OK;
    for (size_t i = 0; i < settings->topic_count && error == ERR_OK; i++) {
        error = open_channel(playback, i, wanted, settings->topics[i]);
    }
    lock_acquire(&importer->lock);
    if (playback->node != NULL) {
        playback->node->holds--;
        playback->node->lease_is_due = true;
    }
    lock_release(&importer->lock);
    importer->wake(importer->wake_user);
    if (error != ERR_OK) {
        importer_end_playback(&playback);
        return error;
    }
    *out = playback;
    return ERR_OK;
}

/* It may be called by the thread that publishes, as when a client has left, so nothing is waited for: the topics are
 * closed, and take no frames. */
void importer_end_playback(struct cluster_playback **playback_pointer) {
    struct cluster_playback *playback = *playback_pointer;
    *playback_pointer = NULL;
    if (playback == NULL) {
        return;
    }
    for (size_t i = 0; i < playback->count; i++) {
        if (playback->channels[i] != NULL) {
            topic_close(playback->channels[i]->topic);
            importer_abandon_channel(playback->importer, playback->channels[i]);
            import_channel_unref(&playback->channels[i]);
        }
    }
    free(playback);
}
