/* Decides what a hook reports of one camera, and when. Pure: the clock is the caller's.
 *
 * A state counts once it has lasted for after_ns, so that a flapping camera is not reported each time. One that flaps
 * for six times after_ns, without having been live for after_ns, is reported at its next failure, and is live again
 * only once it has been for after_ns. States other than live and offline count only for hooks that select them: an idle
 * camera keeps the state that counted before. Initially a camera counts as live, so the first report is that it is not.
 * Each camera has at most one message: a newer one replaces one that is not delivered yet.
 * Threads: one at a time. */
#ifndef WEB_HOOKS_HOOK_WATCH_H
#define WEB_HOOKS_HOOK_WATCH_H

#include "broker/event_log.h"
#include "web/hooks/hook_settings.h"

struct hook_watch {
    enum camera_state settled;        /* the last state that counts */
    bool has_settled;                 /* since the hook watches the camera */
    struct event_log_entry candidate; /* a state that may count later */
    int64_t noted_ns;                 /* when it began */
    int64_t settles_ns;               /* when it counts; CLOCK_NEVER: no candidate */
    int64_t flaps_since_ns;           /* the first trouble since the camera was steady; CLOCK_NEVER: none */
    struct event_log_entry message;   /* from: the previous state that counted */
    int64_t due_ns;                   /* when to deliver it; CLOCK_NEVER: none, or under way */
    unsigned tries;                   /* failed ones */
    bool is_running;                  /* a delivery is under way */
};

enum hook_outcome {
    HOOK_DELIVERED,
    HOOK_FAILED,  /* may work later */
    HOOK_REFUSED, /* never will */
};

void hook_watch_init(struct hook_watch *watch);
/* The camera's state has changed, or is as the entry says. */
void hook_watch_note(struct hook_watch *watch, const struct hook_settings *hook, const struct event_log_entry *state,
                     int64_t now_ns);
/* Turns a state that has lasted into a message. Returns whether a delivery is due. */
bool hook_watch_look(struct hook_watch *watch, const struct hook_settings *hook, int64_t now_ns);
/* When to call it next. */
int64_t hook_watch_next_ns(const struct hook_watch *watch);
/* A delivery begins; it ends. Returns whether it is retried. */
void hook_watch_begin(struct hook_watch *watch);
bool hook_watch_end(struct hook_watch *watch, const struct hook_settings *hook, enum hook_outcome outcome,
                    int64_t now_ns);

#endif
