/* One hook and the cameras that it watches. Private to web/hooks.c.
 * Threads: one at a time. */
#ifndef WEB_HOOK_H
#define WEB_HOOK_H

#include "web/hook_watch.h"

#define HOOK_LABEL_BYTES 192

/* A camera as a hook sees it. */
struct watched {
    char camera[JOURNAL_CAMERA_BYTES];
    const struct hook *hook;
    struct hook_watch watch;
    bool is_gone; /* the camera is removed: forgotten once there is nothing to deliver */
    struct watched *next;
};

struct hook {
    const struct hook_settings *settings;
    char label[HOOK_LABEL_BYTES]; /* as the log may show it: "1 (https://hooks.example.org)" */
    struct watched *watched;
};

/* settings are borrowed for the hook's life. number: its place in the configuration, from 1. */
void hook_init(struct hook *hook, const struct hook_settings *settings, size_t number);
void hook_finish(struct hook *hook);

/* A camera's state has changed, or is as the entry says. Without memory it is passed over. */
void hook_note_state(struct hook *hook, const struct journal_entry *state, int64_t now_ns);
void hook_note_removal(struct hook *hook, const char *camera);
/* Forgets those that are gone and have nothing to deliver. */
void hook_forget_gone(struct hook *hook);

#endif
