/* What a reload has come to, as people read it: in the log, in the answer of POST /api/reload, in the status.
 *
 * Threads: one at a time. */
#ifndef CONFIG_RELOAD_OUTCOME_H
#define CONFIG_RELOAD_OUTCOME_H

#include "cameras/fleet.h"
#include "config/fixed_settings.h"
#include "web/server.h"

/* Zeroed: nothing yet. */
struct reload_outcome {
    enum err error;       /* ERR_OK: applied; else nothing has changed */
    char *faults;         /* of the file, each a line; owned; NULL: none */
    struct reason reason; /* without faults: why the file could not be applied */
    struct fleet_report cameras;
    const char *needs_restart[FIXED_SETTINGS_MAX]; /* static */
    size_t needs_restart_count;
};
void reload_outcome_finish(struct reload_outcome *outcome);

/* Why nothing has changed: the first fault, or the reason. */
struct reason reload_outcome_fault(const struct reload_outcome *outcome);
/* A line for what was done, or for each fault. */
void reload_outcome_log(const struct reload_outcome *outcome);
/* 200: {"reloaded": true, "cameras": {"added": [], "removed": [], "changed": [], "unchanged": 3}, "needs_restart": []};
 * 422: the file has faults, 503: there was no memory or thread: {"reloaded": false, "error": {...}, "faults": []}.
 * Of cameras, those that the visitor may see (NULL: all); of faults, which may name others, none unless he may see all.
 */
struct reload_answer reload_outcome_answer(const struct reload_outcome *outcome, const struct visitor *visitor);
/* 503: the same for a reload that never was, since the program ends. */
struct reload_answer reload_answer_stopping(void);

#endif
