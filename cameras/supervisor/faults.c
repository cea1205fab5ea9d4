#include "cameras/supervisor/faults.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#include <stdbool.h>
#include <stdlib.h>

struct fault {
    const struct fault_settings *settings;
    int64_t begun_ns; /* monotonic; 0: not yet */
    bool spent;       /* acts once, and did */
};

struct fault_script {
    const struct driver_ops *driver;
    int64_t created_ns;
    uint64_t frames; /* delivered, over all openings */
    const struct driver_context *context;
    void *state; /* the driver's */
    size_t count;
    struct fault faults[];
};

enum err fault_script_create(const struct driver_ops *driver, const struct source_settings *settings,
                             struct fault_script **script) {
    size_t count = settings->fault_count;
    struct fault_script *created = calloc(1, sizeof *created + count * sizeof created->faults[0]);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    created->driver = driver;
    created->created_ns = clock_monotonic_ns();
    created->count = count;
    for (size_t i = 0; i < count; i++) {
        created->faults[i].settings = &settings->faults[i];
    }
    *script = created;
    return ERR_OK;
}

void fault_script_destroy(struct fault_script **script) {
    free(*script);
    *script = NULL;
}

/* What has to happen, beside that it is due, for a fault to begin. */
enum moment { ANY_TIME, AT_OPENING, AT_FRAME };

static enum moment moment_of(enum fault_kind kind) {
    switch (kind) {
    case FAULT_FREEZE:
    case FAULT_VANISH: break;
    case FAULT_TRUNCATED: return AT_FRAME;
    case FAULT_FAIL_OPEN:
    case FAULT_SLOW_OPEN: return AT_OPENING;
    }
    return ANY_TIME;
}

/* When a fault that has not begun is to begin; CLOCK_NEVER where a frame decides. */
static int64_t due_ns(const struct fault_script *script, const struct fault *fault) {
    const struct fault_settings *settings = fault->settings;
    if (settings->at_frame == 0) {
        return add_i64(script->created_ns, settings->at_ns);
    }
    return script->frames + 1 >= settings->at_frame ? script->created_ns : CLOCK_NEVER;
}

static int64_t end_ns(const struct fault *fault) { return add_i64(fault->begun_ns, fault->settings->for_ns); }

/* Begins what is due at that moment. */
static void begin_due(struct fault_script *script, int64_t now_ns, enum moment moment) {
    for (size_t i = 0; i < script->count; i++) {
        struct fault *fault = &script->faults[i];
        enum moment needed = moment_of(fault->settings->kind);
        int64_t due = due_ns(script, fault);
        if (fault->begun_ns == 0 && due <= now_ns && (needed == ANY_TIME || needed == moment)) {
            bool by_the_clock = needed == ANY_TIME && fault->settings->at_frame == 0;
            fault->begun_ns = by_the_clock ? due : now_ns;
        }
    }
}

/* The first fault of that kind that is under way, or NULL. */
static struct fault *under_way(struct fault_script *script, enum fault_kind kind, int64_t now_ns) {
    for (size_t i = 0; i < script->count; i++) {
        struct fault *fault = &script->faults[i];
        bool over = fault->settings->for_ns == 0 ? fault->spent : now_ns >= end_ns(fault);
        if (fault->settings->kind == kind && fault->begun_ns != 0 && !over) {
            return fault;
        }
    }
    return NULL;
}

/* The next time at which one begins, so that a wait for a frame can end there. */
static int64_t next_beginning_ns(const struct fault_script *script) {
    int64_t next_ns = CLOCK_NEVER;
    for (size_t i = 0; i < script->count; i++) {
        const struct fault *fault = &script->faults[i];
        if (fault->begun_ns == 0 && moment_of(fault->settings->kind) == ANY_TIME) {
            next_ns = min_i64(next_ns, due_ns(script, fault));
        }
    }
    return next_ns;
}

/* Sleeps while a fault lasts. ERR_OK when it is over, or something else happens before. */
static enum err sit_out(struct fault_script *script, struct fault *fault, int64_t deadline_ns) {
    int64_t until_ns = min_i64(end_ns(fault), next_beginning_ns(script));
    fault->spent = true;
    enum err error = driver_sleep_until(script->context, min_i64(until_ns, deadline_ns));
    return error == ERR_OK && deadline_ns < until_ns ? ERR_TIMEOUT : error;
}

static enum err vanished(struct fault *fault, struct reason *reason) {
    fault->spent = true;
    reason_set(reason, "the device has vanished");
    return ERR_GONE;
}

static enum err script_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                            struct reason *reason) {
    struct fault_script *script = context->script;
    script->context = context;
    for (;;) {
        int64_t now_ns = clock_monotonic_ns();
        begin_due(script, now_ns, AT_OPENING);
        struct fault *fault;
        if ((fault = under_way(script, FAULT_VANISH, now_ns)) != NULL) {
            return vanished(fault, reason);
        }
        if ((fault = under_way(script, FAULT_FAIL_OPEN, now_ns)) != NULL) {
            fault->spent = true;
            reason_set(reason, "the device refuses to be opened");
            return ERR_IO;
        }
        if ((fault = under_way(script, FAULT_SLOW_OPEN, now_ns)) == NULL) {
            break;
        }
        enum err error = sit_out(script, fault, deadline_ns);
        if (error != ERR_OK) {
            reason_set(reason, "the device takes too long to open");
            return error;
        }
    }
    enum err error = script->driver->open(context, deadline_ns, &script->state, reason);
    if (error == ERR_OK) {
        *state = script;
    }
    return error;
}

static void deliver(struct fault_script *script, struct frame *frame) {
    int64_t now_ns = clock_monotonic_ns();
    begin_due(script, now_ns, AT_FRAME);
    script->frames++;
    struct fault *fault = under_way(script, FAULT_TRUNCATED, now_ns);
    if (fault != NULL) {
        fault->spent = true;
        frame_set_size(frame, frame_payload(frame).count / 2);
    }
}

static enum err script_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                            struct reason *reason) {
    struct fault_script *script = state;
    for (;;) {
        int64_t now_ns = clock_monotonic_ns();
        begin_due(script, now_ns, ANY_TIME);
        struct fault *fault;
        if ((fault = under_way(script, FAULT_VANISH, now_ns)) != NULL) {
            return vanished(fault, reason);
        }
        enum err error;
        if ((fault = under_way(script, FAULT_FREEZE, now_ns)) != NULL) {
            error = sit_out(script, fault, deadline_ns);
        } else {
            int64_t until_ns = min_i64(deadline_ns, next_beginning_ns(script));
            error = script->driver->read(script->state, until_ns, sequence, frame, lost, reason);
            if (error == ERR_OK) {
                deliver(script, *frame);
                return ERR_OK;
            }
        }
        bool early = error == ERR_TIMEOUT && clock_monotonic_ns() < deadline_ns;
        if (error != ERR_OK && !early) {
            return error;
        }
    }
}

static void script_describe(void *state, struct driver_description *description) {
    struct fault_script *script = state;
    script->driver->describe(script->state, description);
}

static void script_close(void *state) {
    struct fault_script *script = state;
    script->driver->close(script->state);
}

const struct driver_ops faults_driver = {
    .open = script_open,
    .read = script_read,
    .describe = script_describe,
    .close = script_close,
};
