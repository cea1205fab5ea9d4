#include "web/hook.h"

#include "broker/clock.h"
#include "web/hook_post.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hook_init(struct hook *hook, const struct hook_settings *settings, size_t number) {
    *hook = (struct hook){.settings = settings};
    char host[HOOK_URL_LABEL_BYTES] = "";
    if (settings->command == NULL && hook_url_check(settings->url, host) != ERR_OK) {
        host[0] = '\0'; /* the configuration has checked it: there is no memory */
    }
    const char *who = settings->command != NULL ? settings->command[0] : host;
    snprintf(hook->label, sizeof hook->label, "%zu (%.150s)", number, who);
}

void hook_finish(struct hook *hook) {
    while (hook->watched != NULL) {
        struct watched *watched = hook->watched;
        hook->watched = watched->next;
        free(watched);
    }
}

static bool concerns(const struct hook_settings *hook, const char *camera) {
    bool concerned = hook->camera_count == 0;
    for (size_t i = 0; i < hook->camera_count && !concerned; i++) {
        concerned = fnmatch(hook->cameras[i], camera, 0) == 0;
    }
    return concerned;
}

/* NULL when memory ran out. */
static struct watched *find_or_make(struct hook *hook, const char *camera) {
    for (struct watched *watched = hook->watched; watched != NULL; watched = watched->next) {
        if (strcmp(watched->camera, camera) == 0) {
            return watched;
        }
    }
    struct watched *watched = calloc(1, sizeof *watched);
    if (watched != NULL) {
        snprintf(watched->camera, sizeof watched->camera, "%s", camera);
        watched->hook = hook;
        hook_watch_init(&watched->watch);
        watched->next = hook->watched;
        hook->watched = watched;
    }
    return watched;
}

void hook_note_state(struct hook *hook, const struct journal_entry *state, int64_t now_ns) {
    struct watched *watched = concerns(hook->settings, state->camera) ? find_or_make(hook, state->camera) : NULL;
    if (watched != NULL) {
        watched->is_gone = false;
        hook_watch_note(&watched->watch, hook->settings, state, now_ns);
    }
}

void hook_note_removal(struct hook *hook, const char *camera) {
    for (struct watched *watched = hook->watched; watched != NULL; watched = watched->next) {
        if (strcmp(watched->camera, camera) == 0) {
            watched->is_gone = true;
            watched->watch.settles_ns = CLOCK_NEVER;
        }
    }
}

void hook_forget_gone(struct hook *hook) {
    for (struct watched **link = &hook->watched; *link != NULL;) {
        struct watched *watched = *link;
        if (watched->is_gone && !watched->watch.is_running && watched->watch.due_ns == CLOCK_NEVER) {
            *link = watched->next;
            free(watched);
        } else {
            link = &watched->next;
        }
    }
}
