#include "web/hooks/hook_watch.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#define RETRY_FIRST_NS (1 * NS_PER_S)
#define RETRY_MOST_NS (60 * NS_PER_S)
#define ALWAYS_COUNT (HOOK_STATE(STATE_LIVE) | HOOK_STATE(STATE_OFFLINE))
#define TROUBLE (HOOK_STATE(STATE_STALE) | HOOK_STATE(STATE_OFFLINE))
#define STEADY (HOOK_STATE(STATE_IDLE) | HOOK_STATE(STATE_LIVE))
/* A camera that flaps for this many times after_ns is reported. */
#define FLAPPING_TIMES 6

void hook_watch_init(struct hook_watch *watch) {
    *watch = (struct hook_watch){
        .settled = STATE_LIVE, .settles_ns = CLOCK_NEVER, .flaps_since_ns = CLOCK_NEVER, .due_ns = CLOCK_NEVER};
}

static bool is_one_of(unsigned states, enum camera_state state) { return (states & HOOK_STATE(state)) != 0; }

static void settle_watch(struct hook_watch *watch, const struct hook_settings *hook, int64_t now_ns) {
    if (is_one_of(hook->states, watch->candidate.to)) {
        watch->message = watch->candidate;
        watch->message.from = watch->has_settled ? watch->settled : watch->candidate.from;
        watch->due_ns = now_ns;
        watch->tries = 0;
    }
    watch->settled = watch->candidate.to;
    watch->has_settled = true;
    watch->settles_ns = CLOCK_NEVER;
    watch->flaps_since_ns = CLOCK_NEVER;
}

/* When a failure that begins now counts: earlier if the camera flaps. */
static int64_t trouble_settles_ns(struct hook_watch *watch, const struct hook_settings *hook, int64_t now_ns) {
    if (watch->flaps_since_ns == CLOCK_NEVER) {
        watch->flaps_since_ns = now_ns;
    }
    return min_i64(now_ns + hook->after_ns, watch->flaps_since_ns + FLAPPING_TIMES * hook->after_ns);
}

void hook_watch_note(struct hook_watch *watch, const struct hook_settings *hook, const struct event_log_entry *state,
                     int64_t now_ns) {
    if (now_ns >= watch->settles_ns) {
        settle_watch(watch, hook, now_ns);
    }
    if (is_one_of(STEADY, watch->candidate.to) && now_ns - watch->noted_ns >= hook->after_ns) {
        watch->flaps_since_ns = CLOCK_NEVER;
    }
    watch->settles_ns = CLOCK_NEVER;
    if (is_one_of(hook->states | ALWAYS_COUNT, state->to) && state->to != watch->settled) {
        bool is_new_trouble = is_one_of(TROUBLE, state->to) && !is_one_of(TROUBLE, watch->settled);
        watch->settles_ns = is_new_trouble ? trouble_settles_ns(watch, hook, now_ns) : now_ns + hook->after_ns;
    }
    watch->candidate = *state;
    watch->noted_ns = now_ns;
}

bool hook_watch_look(struct hook_watch *watch, const struct hook_settings *hook, int64_t now_ns) {
    if (now_ns >= watch->settles_ns) {
        settle_watch(watch, hook, now_ns);
    }
    return now_ns >= watch->due_ns && !watch->is_running;
}

int64_t hook_watch_next_ns(const struct hook_watch *watch) {
    return watch->is_running || watch->settles_ns < watch->due_ns ? watch->settles_ns : watch->due_ns;
}

void hook_watch_begin(struct hook_watch *watch) {
    watch->is_running = true;
    watch->due_ns = CLOCK_NEVER;
}

bool hook_watch_end(struct hook_watch *watch, const struct hook_settings *hook, enum hook_outcome outcome,
                    int64_t now_ns) {
    watch->is_running = false;
    if (watch->due_ns != CLOCK_NEVER) {
        return false; /* a newer state replaces it */
    }
    if (outcome != HOOK_FAILED || watch->tries == hook->retries) {
        watch->tries = 0;
        return false;
    }
    int64_t pause_ns = watch->tries < 6 ? RETRY_FIRST_NS << watch->tries : RETRY_MOST_NS;
    watch->tries++;
    watch->due_ns = now_ns + pause_ns;
    return true;
}
