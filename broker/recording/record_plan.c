#include "broker/recording/record_plan.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#include <stdlib.h>

/* A step of the real clock. */
#define JUMP_NS NS_PER_S

static struct record_window *find_window(struct record_plan *plan, uint64_t event) {
    for (size_t i = 0; i < plan->window_count; i++) {
        if (plan->windows[i].event == event) {
            return &plan->windows[i];
        }
    }
    return NULL;
}

/* A place for another; where there is none, the one that ends first is extended instead. */
static struct record_window *add_window(struct record_plan *plan) {
    if (plan->window_count < RECORD_EVENTS_MAX) {
        plan->windows[plan->window_count] = (struct record_window){.from_ns = INT64_MAX, .until_ns = INT64_MIN};
        return &plan->windows[plan->window_count++];
    }
    struct record_window *first = &plan->windows[0];
    for (size_t i = 1; i < plan->window_count; i++) {
        first = plan->windows[i].until_ns < first->until_ns ? &plan->windows[i] : first;
    }
    return first;
}

void record_plan_event(struct record_plan *plan, const struct record_settings *settings, uint64_t event,
                       int64_t began_ns, int64_t ended_ns) {
    struct record_window *window = find_window(plan, event);
    if (window == NULL) {
        window = add_window(plan);
        window->event = event;
    }
    window->from_ns = min_i64(window->from_ns, subtract_i64(began_ns, settings->before_ns));
    window->until_ns = ended_ns != 0 ? add_i64(ended_ns, settings->after_ns) : INT64_MAX;
}

/* Times of events are those of the clock as it was. */
static void follow_clock(struct record_plan *plan, const struct frame_info *info) {
    const int64_t offset_ns = subtract_i64(info->captured_realtime_ns, info->captured_monotonic_ns);
    const int64_t step_ns = subtract_i64(offset_ns, plan->clock_offset_ns);
    if (plan->clock_offset_ns != 0 && (step_ns > JUMP_NS || step_ns < -JUMP_NS)) {
        for (size_t i = 0; i < plan->window_count; i++) {
            struct record_window *window = &plan->windows[i];
            window->from_ns = add_i64(window->from_ns, step_ns);
            window->until_ns = window->until_ns != INT64_MAX ? add_i64(window->until_ns, step_ns) : INT64_MAX;
        }
    }
    plan->clock_offset_ns = offset_ns;
}

/* Forgets windows that have passed. */
static bool is_in_window(struct record_plan *plan, int64_t captured_ns) {
    bool is_inside = false;
    for (size_t i = 0; i < plan->window_count;) {
        const struct record_window *window = &plan->windows[i];
        if (window->until_ns < captured_ns) {
            plan->windows[i] = plan->windows[--plan->window_count];
            continue;
        }
        is_inside = is_inside || window->from_ns <= captured_ns;
        i++;
    }
    return is_inside;
}

enum record_choice record_plan_choose(struct record_plan *plan, const struct record_settings *settings,
                                      const struct frame_info *info, int64_t now_ns, bool must_decide) {
    if (settings->mode == RECORD_OFF || settings->mode == RECORD_ALWAYS) {
        return settings->mode == RECORD_ALWAYS ? RECORD_FULLY : RECORD_SKIP;
    }
    follow_clock(plan, info);
    if (is_in_window(plan, info->captured_realtime_ns)) {
        return RECORD_FULLY;
    }
    const int64_t held_ns = subtract_i64(now_ns, info->captured_monotonic_ns);
    if (!must_decide && !settings->has_no_events && held_ns < settings->before_ns + RECORD_EVENT_LAG_NS) {
        return RECORD_WAIT;
    }
    if (settings->mode == RECORD_EVENTS || info->captured_monotonic_ns < plan->next_sparse_ns) {
        return RECORD_SKIP;
    }
    const int64_t period_ns = (int64_t)((double)NS_PER_S / settings->fps);
    /* The grid is kept, so that the rate is exact; behind a gap it begins anew. */
    const int64_t next_ns = add_i64(plan->next_sparse_ns, period_ns);
    plan->next_sparse_ns =
        next_ns > info->captured_monotonic_ns ? next_ns : add_i64(info->captured_monotonic_ns, period_ns);
    return RECORD_SPARSELY;
}

bool record_plan_is_full(const struct record_plan *plan, const struct record_settings *settings) {
    return settings->mode == RECORD_ALWAYS || plan->window_count > 0;
}
