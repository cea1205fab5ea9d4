#include "web/routes/support/playback_set.h"

#include <stdlib.h>
#include <string.h>

struct playback_set {
    struct playback *local; /* NULL: none */
    size_t count;
    struct cluster_playback *remote[]; /* one a node */
};

/* A playback that is being put together. */
struct assembly {
    struct server_context *context;
    const struct playback_settings *settings;
    struct playback_set *set;
    bool *taken;           /* by topic */
    struct topic **topics; /* of one place */
    size_t running;        /* topics that are played */
    enum err first_error;  /* ERR_OK: none */
    struct reason *reason; /* of it */
};

/* Collects the topics of the same place as the one at `first`. */
static size_t collect(struct assembly *assembly, size_t first, char node[NODE_MAX_BYTES + 1]) {
    const struct playback_settings *settings = assembly->settings;
    const char *id;
    size_t count = 0;
    if (!cluster_split_id(topic_id(settings->topics[first]), node, &id)) {
        node[0] = '\0';
    }
    for (size_t i = first; i < settings->topic_count; i++) {
        char other[NODE_MAX_BYTES + 1];
        const bool is_imported = cluster_split_id(topic_id(settings->topics[i]), other, &id);
        if (!assembly->taken[i] && strcmp(is_imported ? other : "", node) == 0) {
            assembly->taken[i] = true;
            assembly->topics[count++] = settings->topics[i];
        }
    }
    return count;
}

static enum err begin_one(struct assembly *assembly, const char *node, size_t count, struct reason *reason) {
    struct server_context *context = assembly->context;
    struct playback_set *set = assembly->set;
    struct playback_settings settings = *assembly->settings;
    settings.topics = assembly->topics;
    settings.topic_count = count;
    if (node[0] == '\0') {
        return context->players != NULL ? playback_begin(context->players, &settings, &set->local) : ERR_UNSUPPORTED;
    }
    if (context->cluster == NULL) {
        return ERR_UNSUPPORTED;
    }
    enum err error = cluster_playback_begin(context->cluster, &settings, &set->remote[set->count]);
    set->count += error == ERR_OK;
    reason_set(reason, "the node \"%s\" cannot be asked: %s", node, err_text(error));
    return error;
}

static void begin_all(struct assembly *assembly) {
    for (size_t i = 0; i < assembly->settings->topic_count; i++) {
        char node[NODE_MAX_BYTES + 1];
        struct reason reason = {""};
        if (assembly->taken[i]) {
            continue;
        }
        const size_t count = collect(assembly, i, node);
        enum err error = begin_one(assembly, node, count, &reason);
        if (error == ERR_OK) {
            assembly->running += count;
            continue;
        }
        for (size_t j = 0; j < count; j++) {
            topic_close(assembly->topics[j]);
        }
        if (assembly->first_error == ERR_OK) {
            assembly->first_error = error;
            reason_set(assembly->reason, "%s", reason.text);
        }
    }
}

enum err playback_set_begin(struct server_context *context, const struct playback_settings *settings,
                            struct playback_set **out, struct reason *reason) {
    const size_t count = settings->topic_count;
    struct assembly assembly = {.context = context, .settings = settings, .reason = reason};
    assembly.set = calloc(1, sizeof *assembly.set + count * sizeof assembly.set->remote[0]);
    assembly.taken = calloc(count, sizeof *assembly.taken);
    assembly.topics = calloc(count, sizeof(struct topic *));
    if (assembly.set == NULL || assembly.taken == NULL || assembly.topics == NULL) {
        assembly.first_error = ERR_MEMORY;
    } else {
        begin_all(&assembly);
    }
    free(assembly.taken);
    free(assembly.topics);
    if (assembly.running == 0 && assembly.first_error != ERR_OK) {
        playback_set_end(&assembly.set);
        return assembly.first_error;
    }
    *out = assembly.set;
    return ERR_OK;
}

void playback_set_end(struct playback_set **set_pointer) {
    struct playback_set *set = *set_pointer;
    *set_pointer = NULL;
    if (set == NULL) {
        return;
    }
    playback_end(&set->local);
    for (size_t i = 0; i < set->count; i++) {
        cluster_playback_end(&set->remote[i]);
    }
    free(set);
}
