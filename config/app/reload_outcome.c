#include "config/app/reload_outcome.h"

#include "broker/base/log.h"
#include "broker/base/saturating.h"
#include "config/json/json_writer.h"
#include "web/views/escape.h"

#include <stdlib.h>
#include <string.h>

/* Of the faults that are reported one by one. */
#define FAULTS_SHOWN_MAX 100
#define LINE_BYTES 1000

void reload_outcome_finish(struct reload_outcome *outcome) {
    camera_manager_report_finish(&outcome->cameras);
    free(outcome->faults);
    outcome->faults = NULL;
}

/* Takes a line off the front of the text, as valid UTF-8. False at the end. */
static bool take_line(const char **text, char line[LINE_BYTES]) {
    size_t count = *text != NULL ? strcspn(*text, "\n") : 0;
    if (count == 0) {
        return false;
    }
    char raw[LINE_BYTES];
    snprintf(raw, sizeof raw, "%.*s", (int)min_size(count, LINE_BYTES), *text);
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
    log_event(LOG_LEVEL_ERROR, NULL, "configuration not reloaded, nothing has changed: %zu %s in the file:", count,
              count == 1 ? "fault" : "faults");
    const char *text = outcome->faults;
    char line[LINE_BYTES];
    for (size_t i = 0; i < FAULTS_SHOWN_MAX && take_line(&text, line); i++) {
        log_event(LOG_LEVEL_ERROR, NULL, "%s", line);
    }
    if (count > FAULTS_SHOWN_MAX) {
        log_event(LOG_LEVEL_ERROR, NULL, "and %zu more; --check reports all of them", count - FAULTS_SHOWN_MAX);
    }
}

void reload_outcome_log(const struct reload_outcome *outcome) {
    if (outcome->error != ERR_OK) {
        log_faults(outcome);
        return;
    }
    size_t counts[CAMERA_MANAGER_UNCHANGED + 1] = {0};
    for (size_t i = 0; i < outcome->cameras.count; i++) {
        counts[outcome->cameras.entries[i].fate]++;
    }
    log_event(LOG_LEVEL_INFO, NULL,
              "configuration reloaded: %zu cameras added, %zu removed, %zu changed, %zu unchanged",
              counts[CAMERA_MANAGER_ADDED], counts[CAMERA_MANAGER_REMOVED], counts[CAMERA_MANAGER_CHANGED],
              counts[CAMERA_MANAGER_UNCHANGED]);
    for (size_t i = 0; i < outcome->needs_restart.count; i++) {
        log_event(LOG_LEVEL_WARNING, NULL, "%s has changed: restart the program to apply it",
                  outcome->needs_restart.names[i]);
    }
}

/* ---- The answer ---- */

static bool may_see(const struct principal *principal, const struct camera_manager_entry *camera) {
    return principal == NULL || access_may_view(principal, camera->id);
}

static void write_ids(struct json_writer *json, const char *key, const struct reload_outcome *outcome,
                      const struct principal *principal, enum camera_manager_fate fate) {
    json_open(json, key, '[');
    for (size_t i = 0; i < outcome->cameras.count; i++) {
        const struct camera_manager_entry *camera = &outcome->cameras.entries[i];
        if (camera->fate == fate && may_see(principal, camera)) {
            json_write_text(json, NULL, camera->id);
        }
    }
    json_close(json, ']');
}

static int64_t count_unchanged(const struct camera_manager_report *cameras, const struct principal *principal) {
    int64_t count = 0;
    for (size_t i = 0; i < cameras->count; i++) {
        count += cameras->entries[i].fate == CAMERA_MANAGER_UNCHANGED && may_see(principal, &cameras->entries[i]);
    }
    return count;
}

static void write_success(struct json_writer *json, const struct reload_outcome *outcome,
                          const struct principal *principal) {
    json_open(json, "cameras", '{');
    write_ids(json, "added", outcome, principal, CAMERA_MANAGER_ADDED);
    write_ids(json, "removed", outcome, principal, CAMERA_MANAGER_REMOVED);
    write_ids(json, "changed", outcome, principal, CAMERA_MANAGER_CHANGED);
    json_write_integer(json, "unchanged", count_unchanged(&outcome->cameras, principal));
    json_close(json, '}');
    json_open(json, "needs_restart", '[');
    for (size_t i = 0; i < outcome->needs_restart.count; i++) {
        json_write_text(json, NULL, outcome->needs_restart.names[i]);
    }
    json_close(json, ']');
}

struct refusal {
    const char *code, *message;
    const char *faults; /* lines; NULL: none */
};

static void write_refusal(struct json_writer *json, const struct refusal *refusal) {
    json_open(json, "error", '{');
    json_write_text(json, "code", refusal->code);
    json_write_text(json, "message", refusal->message);
    json_close(json, '}');
    json_open(json, "faults", '[');
    const char *text = refusal->faults;
    char line[LINE_BYTES];
    for (size_t i = 0; i < FAULTS_SHOWN_MAX && take_line(&text, line); i++) {
        json_write_text(json, NULL, line);
    }
    json_close(json, ']');
}

/* refusal: NULL after a success. */
static struct reload_answer make_answer(int status, const struct refusal *refusal, const struct reload_outcome *outcome,
                                        const struct principal *principal) {
    struct reload_answer answer = {.status = status};
    size_t count = 0;
    FILE *out = open_memstream(&answer.json, &count);
    if (out == NULL) {
        return answer;
    }
    struct json_writer json;
    json_writer_init(&json, out, 0);
    json_open(&json, NULL, '{');
    json_write_boolean(&json, "reloaded", refusal == NULL);
    if (refusal != NULL) {
        write_refusal(&json, refusal);
    } else {
        write_success(&json, outcome, principal);
    }
    json_close(&json, '}');
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(answer.json);
        answer.json = NULL;
    }
    return answer;
}

struct reload_answer reload_outcome_answer(const struct reload_outcome *outcome, const struct principal *principal) {
    bool has_faults = outcome->faults != NULL && outcome->faults[0] != '\0';
    bool may_see_faults = principal == NULL || access_may_view_all(principal);
    struct refusal refusal = {.faults = !may_see_faults ? NULL : has_faults ? outcome->faults : outcome->reason.text};
    switch (outcome->error) {
    case ERR_OK: return make_answer(200, NULL, outcome, principal);
    case ERR_MEMORY:
    case ERR_BUSY:
        refusal.code = "reload_failed";
        refusal.message = "not enough memory or threads to reload; nothing has changed";
        return make_answer(503, &refusal, outcome, principal);
    default:
        refusal.code = "bad_configuration";
        refusal.message = may_see_faults ? "the configuration has faults; nothing has changed"
                                         : "the configuration has faults, which are in the log; nothing has changed";
        return make_answer(422, &refusal, outcome, principal);
    }
}

struct reload_answer reload_answer_stopping(void) {
    const struct refusal refusal = {.code = "stopping", .message = "the server is shutting down"};
    return make_answer(503, &refusal, NULL, NULL);
}
