/* The result of a reload, as people read it: in the log, in the answer of POST /api/reload, in the status.
 *
 * Threads: one at a time. */
#ifndef CONFIG_APP_RELOAD_OUTCOME_H
#define CONFIG_APP_RELOAD_OUTCOME_H

#include "cameras/supervisor/camera_manager.h"
#include "config/app/restart_required.h"
#include "web/server.h"

/* Zeroed: nothing yet. */
struct reload_outcome {
    enum err error;       /* ERR_OK: applied; else nothing has changed */
    char *faults;         /* of the file, each a line; owned; NULL: none */
    struct reason reason; /* without faults: why the file could not be applied */
    struct camera_manager_report cameras;
    struct restart_required needs_restart;
};
void reload_outcome_finish(struct reload_outcome *outcome);

/* Why nothing has changed: the first fault, or the reason. */
struct reason reload_outcome_fault(const struct reload_outcome *outcome);
/* A line for what was done, or for each fault. */
void reload_outcome_log(const struct reload_outcome *outcome);
/* 200: {"reloaded": true, "cameras": {"added": [], "removed": [], "changed": [], "unchanged": 3}, "needs_restart": []};
 * 422: the file has faults, 503: not enough memory or threads: {"reloaded": false, "error": {...}, "faults": []}.
 * It lists the cameras that the principal may see (NULL: all), and faults, which may name any camera, only if it may
 * see all of them. */
struct reload_answer reload_outcome_answer(const struct reload_outcome *outcome, const struct principal *principal);
/* 503: the same for a reload that does not happen, since the program ends. */
struct reload_answer reload_answer_stopping(void);

#endif
