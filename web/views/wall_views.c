#include "web/views/wall_views.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

/* Appends the ids that the pattern matches, and that are not there yet. */
static void write_matches(FILE *out, const char *pattern, const struct broker_snapshot *snapshot, bool *written) {
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        const char *id = snapshot->topics[i].settings.id;
        if (!written[i] && fnmatch(pattern, id, 0) == 0) {
            fprintf(out, "%s%s", ftell(out) > 0 ? "," : "", id);
            written[i] = true;
        }
    }
}

/* The ids with commas between them, to free(); NULL when memory ran out. */
static char *join_cameras(const struct wall_view *view, const struct broker_snapshot *snapshot) {
    char *text = NULL;
    size_t count = 0;
    bool *written = calloc(snapshot->topic_count + 1, sizeof *written);
    FILE *out = open_memstream(&text, &count);
    for (size_t i = 0; i < view->camera_count && written != NULL && out != NULL; i++) {
        write_matches(out, view->cameras[i], snapshot, written);
    }
    free(written);
    if (out == NULL || fclose(out) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

void wall_views_write(FILE *out, struct template block, const struct wall_views *views,
                      const struct broker_snapshot *snapshot) {
    for (size_t i = 0; i < views->count; i++) {
        const struct wall_view *view = &views->list[i];
        char layout[16] = "auto";
        if (view->layout != 0) {
            snprintf(layout, sizeof layout, "%u", view->layout);
        }
        char *cameras = join_cameras(view, snapshot);
        if (cameras != NULL && cameras[0] != '\0') {
            const struct template_value values[] = {
                {"view", view->name}, {"view_layout", layout}, {"view_cameras", cameras}};
            template_write(out, block, values, sizeof values / sizeof values[0]);
        }
        free(cameras);
    }
}
