#include "web/hooks/hook.h"

#include "broker/base/clock.h"
#include "web/hooks/hook_post.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void hook_init(struct hook *hook, const struct hook_settings *settings, size_t number) {
    *hook = (struct hook){.settings = settings};
    TAILQ_INIT(&hook->watched);
    char host[HOOK_URL_LABEL_BYTES] = "";
    if (settings->command == NULL && hook_url_check(settings->url, host) != ERR_OK) {
        host[0] = '\0'; /* the configuration has checked it: there is no memory */
    }
    const char *who = settings->command != NULL ? settings->command[0] : host;
    snprintf(hook->label, sizeof hook->label, "%zu (%.150s)", number, who);
}

void hook_finish(struct hook *hook) {
    while (!TAILQ_EMPTY(&hook->watched)) {
        struct watched *watched = TAILQ_FIRST(&hook->watched);
        TAILQ_REMOVE(&hook->watched, watched, in_hook);
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
static struct watched *make_watched(struct hook *hook, const char *camera) {
    struct watched *watched = calloc(1, sizeof *watched);
    if (watched != NULL) {
        snprintf(watched->camera, sizeof watched->camera, "%s", camera);
        watched->hook = hook;
        hook_watch_init(&watched->watch);
        TAILQ_INSERT_TAIL(&hook->watched, watched, in_hook);
    }
    return watched;
}

/* NULL: it has none. */
static struct watched *find_watched(struct hook *hook, const char *camera) {
    struct watched *watched;
    TAILQ_FOREACH(watched, &hook->watched, in_hook) {
        if (!watched->is_event && strcmp(watched->camera, camera) == 0) {
            return watched;
        }
    }
    return NULL;
}

/* NULL when memory ran out. */
static struct watched *find_or_make(struct hook *hook, const char *camera) {
    struct watched *watched = find_watched(hook, camera);
    return watched != NULL ? watched : make_watched(hook, camera);
}

static void free_watched(struct hook *hook, struct watched *watched) {
    TAILQ_REMOVE(&hook->watched, watched, in_hook);
    hook->event_count -= watched->is_event;
    free(watched);
}

void hook_note_state(struct hook *hook, const struct event_log_entry *state, int64_t now_ns) {
    const bool is_reported = (hook->settings->kinds & HOOK_KIND_STATE) != 0 && concerns(hook->settings, state->camera);
    struct watched *watched = is_reported ? find_or_make(hook, state->camera) : NULL;
    if (watched != NULL) {
        watched->is_gone = false;
        hook_watch_note(&watched->watch, hook->settings, state, now_ns);
    }
}

void hook_note_removal(struct hook *hook, const char *camera) {
    struct watched *watched = find_watched(hook, camera);
    if (watched != NULL) {
        watched->is_gone = true;
        watched->watch.settles_ns = CLOCK_NEVER;
    }
}

/* 0: it is of none. */
static unsigned kind_of(enum event_log_kind kind) {
    switch (kind) {
    case EVENT_LOG_MOTION_BEGAN:
    case EVENT_LOG_MOTION_ENDED: return HOOK_KIND_MOTION;
    case EVENT_LOG_RECORDING_FULL:
    case EVENT_LOG_RECORDING_FAILED:
    case EVENT_LOG_RECORDING_RECOVERED: return HOOK_KIND_RECORDING;
    default: return 0;
    }
}

/* Returns whether there was one to drop, which was not being delivered. */
static bool drop_oldest_event(struct hook *hook) {
    struct watched *watched;
    TAILQ_FOREACH(watched, &hook->watched, in_hook) {
        if (watched->is_event && !watched->watch.is_running) {
            free_watched(hook, watched);
            return true;
        }
    }
    return false;
}

bool hook_note_event(struct hook *hook, const struct event_log_entry *event, int64_t now_ns) {
    if ((hook->settings->kinds & kind_of(event->kind)) == 0 || !concerns(hook->settings, event->camera)) {
        return true;
    }
    const bool has_dropped = hook->event_count == HOOK_EVENTS_MAX && drop_oldest_event(hook);
    struct watched *watched = make_watched(hook, event->camera);
    if (watched != NULL) {
        watched->is_gone = watched->is_event = true;
        watched->watch.message = *event;
        watched->watch.due_ns = now_ns;
        hook->event_count++;
    }
    return watched != NULL && !has_dropped;
}

bool hook_has_earlier(const struct hook *hook, const struct watched *event) {
    const struct watched *watched;
    TAILQ_FOREACH(watched, &hook->watched, in_hook) {
        if (watched == event) {
            return false;
        }
        if (watched->is_event && event->is_event && strcmp(watched->camera, event->camera) == 0) {
            return true;
        }
    }
    return false;
}

void hook_forget_gone(struct hook *hook) {
    for (struct watched *watched = TAILQ_FIRST(&hook->watched), *next; watched != NULL; watched = next) {
        next = TAILQ_NEXT(watched, in_hook);
        if (watched->is_gone && !watched->watch.is_running && watched->watch.due_ns == CLOCK_NEVER) {
            free_watched(hook, watched);
        }
    }
}
