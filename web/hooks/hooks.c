#include "web/hooks/hooks.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"
#include "web/hooks/hook.h"
#include "web/hooks/hook_command.h"
#include "web/hooks/hook_post.h"
#include "web/views/json/event_json.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

/* A delivery under way, by a program or a post. */
struct delivery {
    struct watched *of;           /* NULL: free */
    struct hook_command *command; /* NULL: a post */
};

struct hooks {
    struct hooks_settings settings;
    struct broker *broker;
    struct hook_counts *counts;
    struct event_log_reader *reader;
    struct hook_poster *poster;
    struct event stop;
    atomic_bool stopping; /* relaxed: the event orders it */
    bool has_thread;
    pthread_t thread;
    /* Of the thread only: */
    struct delivery deliveries[HOOK_DELIVERIES_MAX];
    struct hook hooks[HOOKS_MAX];
};

/* ---- Events ---- */

/* A camera without viewers that a probe found dead is offline for hooks: that is what they are for. */
static void note_state(struct hooks *hooks, const struct event_log_entry *entry) {
    struct event_log_entry state = *entry;
    if (state.to == STATE_IDLE && state.reason.text[0] != '\0') {
        state.to = STATE_OFFLINE;
    }
    for (size_t i = 0; i < hooks->settings.count; i++) {
        hook_note_state(&hooks->hooks[i], &state, clock_monotonic_ns());
    }
}

/* The present state of every camera: at the start, and after missed entries. */
static void note_all(struct hooks *hooks) {
    struct topic_list *topics = broker_topics(hooks->broker);
    for (size_t i = 0; i < topics->count; i++) {
        struct event_log_entry state = {.kind = EVENT_LOG_STATE, .from = STATE_IDLE};
        snprintf(state.camera, sizeof state.camera, "%s", topic_id(topics->topics[i]));
        state.to = topic_state_detail(topics->topics[i], &state.at_realtime_ns, &state.reason);
        note_state(hooks, &state);
    }
    topic_list_unref(&topics);
}

static void note_event(struct hooks *hooks, const struct event_log_entry *event) {
    for (size_t i = 0; i < hooks->settings.count; i++) {
        struct hook *hook = &hooks->hooks[i];
        if (!hook_note_event(hook, event, clock_monotonic_ns())) {
            log_rate_limited(LOG_LEVEL_WARNING, event->camera, hook->label,
                             "hook %s: an event is lost: %d are waiting already", hook->label, HOOK_EVENTS_MAX);
        }
    }
}

static void note_removal(struct hooks *hooks, const char *camera) {
    for (size_t i = 0; i < hooks->settings.count; i++) {
        hook_note_removal(&hooks->hooks[i], camera);
    }
}

/* False: the event log is closed. */
static bool read_event_log(struct hooks *hooks) {
    struct event_log_entry entry;
    uint64_t missed;
    enum err error;
    while ((error = event_log_read(hooks->reader, &entry, &missed)) == ERR_OK) {
        if (missed > 0) {
            note_all(hooks);
        }
        if (entry.kind == EVENT_LOG_STATE) {
            note_state(hooks, &entry);
        } else if (entry.kind == EVENT_LOG_CAMERA_REMOVED) {
            note_removal(hooks, entry.camera);
        } else {
            note_event(hooks, &entry);
        }
    }
    return error != ERR_CLOSED;
}

/* ---- Deliveries ---- */

static void tell_failure(const struct watched *watched, const struct reason *reason, bool again) {
    const char *label = watched->hook->label, *end = again ? "trying again" : "given up";
    char kind[HOOK_LABEL_BYTES + 16];
    snprintf(kind, sizeof kind, "%s %s", label, end);
    log_rate_limited(LOG_LEVEL_WARNING, watched->camera, kind, "hook %s: %s; %s", label, reason->text, end);
}

static void count(struct hooks *hooks, enum hook_outcome outcome, bool again) {
    enum hook_result failure = again ? HOOK_RESULT_TRIED_AGAIN : HOOK_RESULT_GIVEN_UP;
    enum hook_result result = outcome == HOOK_DELIVERED ? HOOK_RESULT_DELIVERED : failure;
    atomic_fetch_add_explicit(&hooks->counts->results[result], 1, memory_order_relaxed);
}

static void end_delivery(struct hooks *hooks, struct watched *watched, enum hook_outcome outcome,
                         const struct reason *reason) {
    bool again = hook_watch_end(&watched->watch, watched->hook->settings, outcome, clock_monotonic_ns());
    count(hooks, outcome, again);
    if (outcome == HOOK_DELIVERED) {
        log_event(LOG_LEVEL_DEBUG, watched->camera, "hook %s: delivered", watched->hook->label);
    } else {
        tell_failure(watched, reason, again);
    }
}

static struct delivery *find_delivery(struct hooks *hooks, const struct watched *of) {
    for (size_t i = 0; i < HOOK_DELIVERIES_MAX; i++) {
        if (hooks->deliveries[i].of == of) {
            return &hooks->deliveries[i];
        }
    }
    return NULL;
}

static void begin_delivery(struct hooks *hooks, struct watched *watched, struct delivery *delivery) {
    const struct hook_settings *settings = watched->hook->settings;
    const struct event_log_entry *message = &watched->watch.message;
    struct reason reason = {"out of memory"};
    char *json = event_render(message);
    enum err error = ERR_MEMORY;
    hook_watch_begin(&watched->watch);
    if (json != NULL && settings->command != NULL) {
        error = hook_command_start(settings->command, message, json, clock_monotonic_ns() + settings->timeout_ns,
                                   &delivery->command, &reason);
    } else if (json != NULL) {
        error = hook_poster_start(hooks->poster, settings, json, watched);
    }
    free(json);
    if (error == ERR_OK) {
        delivery->of = watched;
    } else {
        end_delivery(hooks, watched, HOOK_FAILED, &reason);
    }
}

static void end_commands(struct hooks *hooks) {
    for (size_t i = 0; i < HOOK_DELIVERIES_MAX; i++) {
        struct delivery *delivery = &hooks->deliveries[i];
        enum hook_outcome outcome;
        struct reason reason = {""};
        if (delivery->command == NULL ||
            !hook_command_look(delivery->command, clock_monotonic_ns(), &outcome, &reason)) {
            continue;
        }
        const char *output = hook_command_output(delivery->command);
        if (output[0] != '\0') {
            log_event(LOG_LEVEL_DEBUG, delivery->of->camera, "hook %s writes: %s", delivery->of->hook->label, output);
        }
        hook_command_destroy(&delivery->command);
        end_delivery(hooks, delivery->of, outcome, &reason);
        delivery->of = NULL;
    }
}

static void end_posts(struct hooks *hooks) {
    enum hook_outcome outcome;
    struct reason reason = {""};
    struct watched *watched;
    while ((watched = hook_poster_next(hooks->poster, &outcome, &reason)) != NULL) {
        find_delivery(hooks, watched)->of = NULL;
        end_delivery(hooks, watched, outcome, &reason);
    }
}

/* ---- The thread ---- */

/* Begins the deliveries that are due, up to the limit, and returns when to run next. */
static int64_t begin_due(struct hooks *hooks, struct hook *hook) {
    int64_t next_ns = CLOCK_NEVER;
    struct watched *watched;
    hook_forget_gone(hook); /* before: an event that was delivered holds back the next */
    TAILQ_FOREACH(watched, &hook->watched, in_hook) {
        bool due = hook_watch_look(&watched->watch, hook->settings, clock_monotonic_ns());
        if (watched->is_event && hook_has_earlier(hook, watched)) {
            continue; /* whose end wakes it */
        }
        struct delivery *free_one = due ? find_delivery(hooks, NULL) : NULL;
        if (free_one != NULL) {
            begin_delivery(hooks, watched, free_one);
        }
        if (!due || free_one != NULL) { /* otherwise the end of another delivery wakes it */
            next_ns = min_i64(next_ns, hook_watch_next_ns(&watched->watch));
        }
    }
    return next_ns;
}

static void wait_for_anything(struct hooks *hooks, int64_t deadline_ns) {
    struct pollfd pollers[2 + HOOK_DELIVERIES_MAX * HOOK_COMMAND_FDS] = {
        {.fd = hooks->stop.fd, .events = POLLIN}, {.fd = event_log_reader_fd(hooks->reader), .events = POLLIN}};
    size_t count = 2;
    for (size_t i = 0; i < HOOK_DELIVERIES_MAX; i++) {
        const struct hook_command *command = hooks->deliveries[i].command;
        if (command != NULL) {
            hook_command_poll(command, &pollers[count]);
            count += HOOK_COMMAND_FDS;
            deadline_ns = min_i64(deadline_ns, hook_command_deadline_ns(command));
        }
    }
    hook_poster_wait(hooks->poster, pollers, count, deadline_ns);
}

static void *serve_hooks(void *argument) {
    struct hooks *hooks = argument;
    note_all(hooks);
    while (read_event_log(hooks) && !atomic_load_explicit(&hooks->stopping, memory_order_relaxed)) {
        end_commands(hooks);
        end_posts(hooks);
        int64_t next_ns = CLOCK_NEVER;
        for (size_t i = 0; i < hooks->settings.count; i++) {
            next_ns = min_i64(next_ns, begin_due(hooks, &hooks->hooks[i]));
        }
        wait_for_anything(hooks, next_ns);
    }
    return NULL;
}

/* ---- Lifecycle ---- */

enum err hooks_start(const struct hooks_settings *settings, struct broker *broker, struct hook_counts *counts,
                     struct hooks **out) {
    struct hooks *hooks = calloc(1, sizeof *hooks);
    if (hooks == NULL) {
        return ERR_MEMORY;
    }
    hooks->settings = *settings;
    arena_ref(settings->arena);
    hooks->broker = broker;
    hooks->counts = counts;
    hooks->stop.fd = -1;
    for (size_t i = 0; i < settings->count; i++) {
        hook_init(&hooks->hooks[i], &settings->hooks[i], i + 1);
    }
    enum err error = event_init(&hooks->stop);
    if (error == ERR_OK) {
        error = hook_poster_create(&hooks->poster);
    }
    if (error == ERR_OK) {
        struct event_log *event_log = broker_event_log(broker);
        error = event_log_reader_create(event_log, event_log_newest(event_log), &hooks->reader);
    }
    if (error == ERR_OK) {
        error = thread_start(&hooks->thread, "hooks", 0, serve_hooks, hooks);
        hooks->has_thread = error == ERR_OK;
    }
    if (error != ERR_OK) {
        hooks_stop(&hooks);
        return error;
    }
    *out = hooks;
    return ERR_OK;
}

void hooks_stop(struct hooks **hooks_pointer) {
    struct hooks *hooks = *hooks_pointer;
    *hooks_pointer = NULL;
    if (hooks == NULL) {
        return;
    }
    if (hooks->has_thread) {
        atomic_store_explicit(&hooks->stopping, true, memory_order_relaxed);
        event_set(&hooks->stop);
        pthread_join(hooks->thread, NULL);
    }
    for (size_t i = 0; i < HOOK_DELIVERIES_MAX; i++) {
        if (hooks->deliveries[i].command != NULL) {
            hook_command_destroy(&hooks->deliveries[i].command);
        }
    }
    hook_poster_destroy(&hooks->poster);
    for (size_t i = 0; i < hooks->settings.count; i++) {
        hook_finish(&hooks->hooks[i]);
    }
    event_log_reader_destroy(&hooks->reader);
    event_finish(&hooks->stop);
    arena_unref(&hooks->settings.arena);
    free(hooks);
}

const struct hooks_settings *hooks_settings_of(const struct hooks *hooks) { return &hooks->settings; }
