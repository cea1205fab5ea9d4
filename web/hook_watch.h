/* What a hook has to say of one camera, and when. Pure: the clock is the caller's.
 *
 * A state counts once it has lasted for after_ns, so that a camera that comes and goes is not told of each time. One
 * that does so for six times after_ns, without having been well for after_ns, is told of when it fails the next time,
 * and then is well again only once it has been for after_ns. Others than live and offline count only for hooks that ask
 * for them: a camera that nobody watches is as well as it was. Before anything is known a camera counts as live: what
 * is told first is that it is not. Of one camera there is at most one message: the newest takes the place of one that
 * has not got through. Threads: one at a time. */
#ifndef WEB_HOOK_WATCH_H
#define WEB_HOOK_WATCH_H

#include "broker/journal.h"
#include "web/hook_settings.h"

struct hook_watch {
    enum camera_state settled;      /* the last state that counted */
    bool has_settled;               /* one has, since the camera is watched */
    struct journal_entry candidate; /* a state that may come to count */
    int64_t noted_ns;               /* since when it is so */
    int64_t settles_ns;             /* when it does; CLOCK_NEVER: there is none */
    int64_t flaps_since_ns;         /* the first trouble since the camera was steady; CLOCK_NEVER: none */
    struct journal_entry message;   /* from: what counted before */
    int64_t due_ns;                 /* when to try to deliver it; CLOCK_NEVER: there is none, or it is on its way */
    unsigned tries;                 /* that have failed */
    bool is_running;                /* a delivery is under way */
};

enum hook_outcome {
    HOOK_DELIVERED,
    HOOK_FAILED,  /* may work later */
    HOOK_REFUSED, /* will not */
};

void hook_watch_init(struct hook_watch *watch);
/* The camera's state has changed, or is as the entry says. */
void hook_watch_note(struct hook_watch *watch, const struct hook_settings *hook, const struct journal_entry *state,
                     int64_t now_ns);
/* Makes a message of a state that has lasted. Returns whether a delivery is to begin now. */
bool hook_watch_look(struct hook_watch *watch, const struct hook_settings *hook, int64_t now_ns);
/* When to look again. */
int64_t hook_watch_next_ns(const struct hook_watch *watch);
/* A delivery of the message begins, and ends. Returns whether it is tried again. */
void hook_watch_begin(struct hook_watch *watch);
bool hook_watch_end(struct hook_watch *watch, const struct hook_settings *hook, enum hook_outcome outcome,
                    int64_t now_ns);

#endif
