#include "web/routes/support/camera_recordings.h"

#include "broker/cluster/requests/node_client.h"
#include "web/routes/support/camera_requests.h"

#include <stdlib.h>
#include <string.h>

/* What is being read. */
struct reading {
    struct server_context *context;
    struct topic *const *cameras;
    size_t count;
    int64_t from_ns, to_ns;
    size_t stretches_max;
    struct camera_recordings *recordings;
    bool *asked; /* by camera */
};

static enum err read_local(struct reading *reading, struct reason *reason) {
    struct camera_recordings *recordings = reading->recordings;
    struct catalogue *catalogue = NULL;
    enum err error = catalogue_open(recorder_path(reading->context->recorder), &catalogue, reason);
    for (size_t i = 0; i < reading->count && error == ERR_OK; i++) {
        char node[NODE_MAX_BYTES + 1];
        if (camera_node(reading->cameras[i], node) != NULL) {
            continue;
        }
        error = recording_listing_read(catalogue, topic_id(reading->cameras[i]), reading->from_ns, reading->to_ns,
                                       reading->stretches_max, &recordings->listings[recordings->count]);
        recordings->count += error == ERR_OK;
        if (error == ERR_NOT_FOUND) {
            error = ERR_OK;
        } else if (error != ERR_OK) {
            reason_set(reason, "%s", error == ERR_MEMORY ? err_text(error) : catalogue_error(catalogue));
        }
    }
    catalogue_close(&catalogue);
    return error == ERR_NOT_FOUND ? ERR_OK : error; /* nothing was ever recorded */
}

/* Of the node of the camera at `first`, as many cameras as a request takes. */
static enum err read_of_node(struct reading *reading, size_t first, const char *node, struct reason *reason) {
    struct topic *cameras[NODE_REQUEST_CAMERAS_MAX];
    size_t count = 0, found;
    for (size_t i = first; i < reading->count && count < NODE_REQUEST_CAMERAS_MAX; i++) {
        char other[NODE_MAX_BYTES + 1];
        if (!reading->asked[i] && camera_node(reading->cameras[i], other) != NULL && strcmp(other, node) == 0) {
            reading->asked[i] = true;
            cameras[count++] = reading->cameras[i];
        }
    }
    struct camera_recordings *recordings = reading->recordings;
    enum err error =
        node_client_list_recordings(reading->context->cluster, cameras, count, reading->from_ns, reading->to_ns,
                                    reading->stretches_max, recordings->listings + recordings->count, &found, reason);
    recordings->count += error == ERR_OK ? found : 0;
    return error;
}

static enum err read_all(struct reading *reading, struct reason *reason) {
    enum err error = ERR_OK;
    size_t answers = 0;
    if (reading->context->recorder != NULL) {
        error = read_local(reading, reason);
        if (error != ERR_OK) {
            return error;
        }
        answers++;
    }
    for (size_t i = 0; i < reading->count && reading->context->cluster != NULL; i++) {
        char node[NODE_MAX_BYTES + 1];
        if (reading->asked[i] || camera_node(reading->cameras[i], node) == NULL) {
            continue;
        }
        enum err of_node = read_of_node(reading, i, node, reason);
        answers += of_node == ERR_OK;
        error = of_node != ERR_OK ? of_node : error;
    }
    return answers > 0 && reading->count > 1 ? ERR_OK : error;
}

enum err camera_recordings_read(struct server_context *context, struct topic *const *cameras, size_t count,
                                int64_t from_ns, int64_t to_ns, size_t stretches_max,
                                struct camera_recordings *recordings, struct reason *reason) {
    struct reading reading = {.context = context,
                              .cameras = cameras,
                              .count = count,
                              .from_ns = from_ns,
                              .to_ns = to_ns,
                              .stretches_max = stretches_max,
                              .recordings = recordings};
    *recordings = (struct camera_recordings){.listings = calloc(count + 1, sizeof *recordings->listings)};
    reading.asked = calloc(count + 1, sizeof *reading.asked);
    enum err error = recordings->listings != NULL && reading.asked != NULL ? ERR_OK : ERR_MEMORY;
    if (error == ERR_OK) {
        error = read_all(&reading, reason);
    }
    free(reading.asked);
    if (error != ERR_OK) {
        camera_recordings_finish(recordings);
    }
    return error;
}

void camera_recordings_finish(struct camera_recordings *recordings) {
    for (size_t i = 0; i < recordings->count; i++) {
        recording_listing_finish(&recordings->listings[i]);
    }
    free(recordings->listings);
    *recordings = (struct camera_recordings){.count = 0};
}
