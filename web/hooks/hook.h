/* One hook and the cameras that it watches. Private to web/hooks/hooks.c.
 * Threads: one at a time. */
#ifndef WEB_HOOKS_HOOK_H
#define WEB_HOOKS_HOOK_H

#include "web/hooks/hook_watch.h"

#include <sys/queue.h>

#define HOOK_LABEL_BYTES 192
#define HOOK_EVENTS_MAX 64 /* that wait */

/* What a hook knows of one camera; or an event that it has to report, whatever comes after it. */
struct watched {
    char camera[EVENT_LOG_CAMERA_BYTES];
    const struct hook *hook;
    struct hook_watch watch;
    bool is_gone;  /* the camera was removed, or this is an event; freed once nothing is to be delivered */
    bool is_event; /* and not a camera's state */
    TAILQ_ENTRY(watched) in_hook;
};

struct hook {
    const struct hook_settings *settings;
    char label[HOOK_LABEL_BYTES];  /* for the log: "1 (https://hooks.example.org)" */
    TAILQ_HEAD(, watched) watched; /* events in their order */
    unsigned event_count;
};

/* settings are borrowed for the hook's life. number: its place in the configuration, from 1. */
void hook_init(struct hook *hook, const struct hook_settings *settings, size_t number);
void hook_finish(struct hook *hook);

/* A camera's state has changed, or is as the entry says. Skipped if memory runs out. */
void hook_note_state(struct hook *hook, const struct event_log_entry *state, int64_t now_ns);
void hook_note_removal(struct hook *hook, const char *camera);
/* Something has happened to a camera that the hook reports, if it is of one of its kinds. Of too many that wait, the
 * oldest goes; then, or if memory runs out, this returns false. */
bool hook_note_event(struct hook *hook, const struct event_log_entry *event, int64_t now_ns);
/* Whether an event has to wait for an earlier one of the camera. */
bool hook_has_earlier(const struct hook *hook, const struct watched *event);
/* Frees the removed cameras that have nothing to deliver. */
void hook_forget_gone(struct hook *hook);

#endif
