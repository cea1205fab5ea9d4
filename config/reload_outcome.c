#include "config/reload_outcome.h"

#include "broker/log.h"
#include "web/escape.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* Of the faults that are told one by one. */
#define FAULTS_SHOWN_MAX 100
#define LINE_BYTES 1000

void reload_outcome_finish(struct reload_outcome *outcome) {
    fleet_report_finish(&outcome->cameras);
    free(outcome->faults);
    outcome->faults = NULL;
}

/* Takes a line off the front of the text, without what JSON cannot carry. False at the end. */
static bool take_line(const char **text, char line[LINE_BYTES]) {
    size_t count = *text != NULL ? strcspn(*text, "\n") : 0;
    if (count == 0) {
        return false;
    }
    char raw[LINE_BYTES];
    snprintf(raw, sizeof raw, "%.*s", (int)(count < LINE_BYTES ? count : LINE_BYTES), *text);
    escape_utf8(raw, line, LINE_BYTES);
    *text += count + ((*text)[count] == '\n');
    return true;
}

static size_t count_lines(const char *text) {
    size_t count = 0;
    char line[LINE_BYTES];
    while (take_line(&text, line)) {
        count++;
    }
    return count;
}

struct reason reload_outcome_fault(const struct reload_outcome *outcome) {
    struct reason reason = outcome->reason;
    const char *text = outcome->faults;
    char line[LINE_BYTES];
    if (take_line(&text, line)) {
        reason_set(&reason, "%s", line);
    }
    return reason;
}

/* ---- The log ---- */

static void log_faults(const struct reload_outcome *outcome) {
    size_t count = count_lines(outcome->faults);
    if (count == 0) {
        log_event(LOG_LEVEL_ERROR, NULL, "configuration not reloaded, nothing has changed: %s", outcome->reason.text);
        return;
    }
    log_event(LOG_LEVEL_ERROR, NULL, "configuration not reloaded, nothing has changed; it has %zu %s:", count,
              count == 1 ? "fault" : "faults");
    const char *text = outcome->faults;
    char line[LINE_BYTES];
    for (size_t i = 0; i < FAULTS_SHOWN_MAX && take_line(&text, line); i++) {
        log_event(LOG_LEVEL_ERROR, NULL, "%s", line);
    }
    if (count > FAULTS_SHOWN_MAX) {
        log_event(LOG_LEVEL_ERROR, NULL, "and %zu more faults: --check shows them all", count - FAULTS_SHOWN_MAX);
    }
}

void reload_outcome_log(const struct reload_outcome *outcome) {
    if (outcome->error != ERR_OK) {
        log_faults(outcome);
        return;
    }
    size_t counts[FLEET_UNCHANGED + 1] = {0};
    for (size_t i = 0; i < outcome->cameras.count; i++) {
        counts[outcome->cameras.entries[i].fate]++;
    }
    log_event(LOG_LEVEL_INFO, NULL,
              "configuration reloaded: %zu cameras added, %zu removed, %zu changed, %zu unchanged", counts[FLEET_ADDED],
              counts[FLEET_REMOVED], counts[FLEET_CHANGED], counts[FLEET_UNCHANGED]);
    for (size_t i = 0; i < outcome->needs_restart_count; i++) {
        log_event(LOG_LEVEL_WARNING, NULL, "%s has changed: restart the program for it to take effect",
                  outcome->needs_restart[i]);
    }
}

/* ---- The answer ---- */

static bool may_see(const struct visitor *visitor, const struct fleet_entry *camera) {
    return visitor == NULL || access_may_view(visitor, camera->id);
}

/* The ids of those cameras. NULL without memory, as in all that follow. */
static json_t *ids_json(const struct fleet_report *cameras, const struct visitor *visitor, enum fleet_fate fate) {
    json_t *list = json_array();
    for (size_t i = 0; i < cameras->count; i++) {
        const struct fleet_entry *camera = &cameras->entries[i];
        if (camera->fate == fate && may_see(visitor, camera) &&
            json_array_append_new(list, json_string(camera->id)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *unchanged_json(const struct fleet_report *cameras, const struct visitor *visitor) {
    json_int_t count = 0;
    for (size_t i = 0; i < cameras->count; i++) {
        count += cameras->entries[i].fate == FLEET_UNCHANGED && may_see(visitor, &cameras->entries[i]);
    }
    return json_integer(count);
}

static json_t *needs_restart_json(const struct reload_outcome *outcome) {
    json_t *list = json_array();
    for (size_t i = 0; i < outcome->needs_restart_count; i++) {
        if (json_array_append_new(list, json_string(outcome->needs_restart[i])) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

static json_t *faults_json(const char *text) {
    json_t *list = json_array();
    char line[LINE_BYTES];
    for (size_t i = 0; i < FAULTS_SHOWN_MAX && take_line(&text, line); i++) {
        if (json_array_append_new(list, json_string(line)) != 0) {
            json_decref(list);
            return NULL;
        }
    }
    return list;
}

/* Takes the value over. */
static struct reload_answer answer(int status, json_t *value) {
    struct reload_answer answer = {.status = status, .json = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL};
    json_decref(value);
    return answer;
}

static struct reload_answer refusal(int status, const char *code, const char *message, const char *faults) {
    return answer(status, json_pack("{s:b, s:{s:s, s:s}, s:o}", "reloaded", 0, "error", "code", code, "message",
                                    message, "faults", faults_json(faults)));
}

static struct reload_answer success(const struct reload_outcome *outcome, const struct visitor *visitor) {
    const struct fleet_report *cameras = &outcome->cameras;
    return answer(200, json_pack("{s:b, s:{s:o, s:o, s:o, s:o}, s:o}", "reloaded", 1, "cameras", "added",
                                 ids_json(cameras, visitor, FLEET_ADDED), "removed",
                                 ids_json(cameras, visitor, FLEET_REMOVED), "changed",
                                 ids_json(cameras, visitor, FLEET_CHANGED), "unchanged",
                                 unchanged_json(cameras, visitor), "needs_restart", needs_restart_json(outcome)));
}

struct reload_answer reload_outcome_answer(const struct reload_outcome *outcome, const struct visitor *visitor) {
    bool has_faults = outcome->faults != NULL && outcome->faults[0] != '\0';
    const char *faults = has_faults ? outcome->faults : outcome->reason.text;
    bool may_see_faults = visitor == NULL || access_may_view_all(visitor);
    switch (outcome->error) {
    case ERR_OK: return success(outcome, visitor);
    case ERR_MEMORY:
    case ERR_BUSY:
        return refusal(503, "reload_failed", "there are not the means for it now; nothing has changed",
                       may_see_faults ? faults : NULL);
    default:
        return may_see_faults
                   ? refusal(422, "bad_configuration", "the configuration has faults; nothing has changed", faults)
                   : refusal(422, "bad_configuration",
                             "the configuration has faults, which the log tells; nothing has changed", NULL);
    }
}

struct reload_answer reload_answer_stopping(void) {
    return refusal(503, "stopping", "the program is about to end", NULL);
}
