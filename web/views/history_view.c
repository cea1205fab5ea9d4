#include "web/views/history_view.h"

#include "broker/base/clock.h"
#include "broker/cluster/cluster.h"
#include "web/assets/assets.h"
#include "web/views/escape.h"
#include "web/views/json/json_values.h"
#include "web/views/template.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static const struct {
    const char *content_type, *head, *foot;
} formats[] = {
    [HISTORY_JSON] = {"application/json", "{\"events\": [", "\n]}\n"},
    [HISTORY_NDJSON] = {"application/x-ndjson", "", ""},
    [HISTORY_CSV] = {"text/csv; charset=utf-8", "id,at,camera,kind,details\r\n", ""},
    [HISTORY_PAGE] = {"text/html; charset=utf-8", NULL, NULL},
};

const char *history_content_type(enum history_format format) { return formats[format].content_type; }

const char *history_head(enum history_format format) { return formats[format].head; }

const char *history_foot(enum history_format format) { return formats[format].foot; }

/* ---- JSON ---- */

/* What the catalogue has is data: where it is no object of JSON, there are no details. */
static json_t *parse_details(const char *details) {
    json_t *json = json_loads(details, 0, NULL);
    if (!json_is_object(json)) {
        json_decref(json);
        return json_null();
    }
    return json;
}

static void write_json(FILE *out, const struct history_row *row) {
    char *text = json_render(json_pack("{s:I, s:o, s:o, s:o, s:o}", "id", (json_int_t)row->key, "at",
                                       time_json(row->at_ns, 3), "camera", text_or_null(row->camera), "kind",
                                       text_json(row->kind), "details", parse_details(row->details)));
    if (text != NULL) {
        fputs(text, out);
        free(text);
    }
}

/* ---- CSV ---- */

static void write_csv_field(FILE *out, const char *text) {
    if (strpbrk(text, ",\"\r\n") == NULL) {
        fputs(text, out);
        return;
    }
    putc_unlocked('"', out);
    for (; *text != '\0'; text++) {
        if (*text == '"') {
            putc_unlocked('"', out);
        }
        putc_unlocked(*text, out);
    }
    putc_unlocked('"', out);
}

static void write_csv(FILE *out, const struct history_row *row) {
    char at[CLOCK_TEXT_BYTES];
    clock_format_utc(row->at_ns, 3, at);
    fprintf(out, "%" PRId64 ",%s,", row->key, at);
    write_csv_field(out, row->camera);
    putc_unlocked(',', out);
    write_csv_field(out, row->kind);
    putc_unlocked(',', out);
    write_csv_field(out, row->details);
    fputs("\r\n", out);
}

/* ---- The page ---- */

static const char *text_of(const json_t *details, const char *name) {
    const char *text = json_string_value(json_object_get(details, name));
    return text != NULL ? text : "";
}

/* A part of a sentence, where there is one. */
static void write_part(FILE *out, const char *before, const char *text) {
    if (text[0] != '\0') {
        fputs(before, out);
        escape_html(out, text);
    }
}

static void write_state(FILE *out, const json_t *details) {
    write_part(out, "", text_of(details, "state"));
    write_part(out, ", was ", text_of(details, "previous"));
    write_part(out, ": ", text_of(details, "error"));
}

static void write_motion(FILE *out, const json_t *details) {
    write_part(out, "", text_of(details, "action"));
    write_part(out, " in ", text_of(details, "zone"));
    const json_t *score = json_object_get(details, "score");
    if (json_is_number(score)) {
        fprintf(out, ", score %.0f", json_number_value(score));
    }
}

static void write_reload(FILE *out, const json_t *details) {
    fputs(json_is_true(json_object_get(details, "reloaded")) ? "the configuration was applied"
                                                             : "the configuration was refused",
          out);
    write_part(out, ": ", text_of(details, "error"));
}

static void write_login(FILE *out, const json_t *details) {
    const json_int_t count = json_integer_value(json_object_get(details, "count"));
    write_part(out, "", text_of(details, "action"));
    write_part(out, " with a wrong ", text_of(details, "secret"));
    write_part(out, " as ", text_of(details, "name"));
    write_part(out, " from ", text_of(details, "remote"));
    if (count > 1) {
        fprintf(out, ", %lld times", (long long)count);
    }
}

static void write_control(FILE *out, const json_t *details) {
    write_part(out, "", text_of(details, "control"));
    const json_t *value = json_object_get(details, "value");
    write_part(out, " set to ", text_of(details, "value"));
    if (json_is_integer(value)) {
        fprintf(out, " set to %lld", (long long)json_integer_value(value));
    }
    write_part(out, " by ", text_of(details, "name"));
}

static void write_action(FILE *out, const json_t *details) {
    write_part(out, "", text_of(details, "action"));
    write_part(out, " by ", text_of(details, "name"));
    write_part(out, ": ", text_of(details, "error"));
}

static const struct {
    const char *kind, *label;
    void (*write)(FILE *out, const json_t *details); /* a sentence of the details, escaped */
} kinds[] = {
    {"motion", "Motion", write_motion},       {"state", "State", write_state},
    {"recording", "Recording", write_action}, {"login", "Login", write_login},
    {"controls", "Controls", write_control},  {"reload", "Reload", write_reload},
    {"camera", "Cameras", write_action},
};

static void write_description(FILE *out, const struct history_row *row) {
    json_t *details = parse_details(row->details);
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strcmp(kinds[i].kind, row->kind) == 0) {
            kinds[i].write(out, details);
            json_decref(details);
            return;
        }
    }
    json_decref(details);
    escape_html(out, row->details);
}

static void write_page_row(FILE *out, const struct history_row *row) {
    char at[CLOCK_TEXT_BYTES];
    clock_format_utc(row->at_ns, 3, at);
    fprintf(out, "<tr><td><time datetime=\"%s\">%.10s %.8s</time></td><td>", at, at, at + sizeof "2026-01-01T" - 1);
    if (row->camera[0] != '\0') {
        fputs("<a href=\"camera/", out);
        escape_html(out, row->camera);
        fputs("\">", out);
        escape_html(out, row->camera);
        fputs("</a>", out);
    }
    fputs("</td><td>", out);
    escape_html(out, row->kind);
    fputs("</td><td>", out);
    write_description(out, row);
    fputs("</td><td>", out);
    if (row->camera[0] != '\0') {
        fputs("<a href=\"camera/", out);
        escape_html(out, row->camera);
        fprintf(out, "/snapshot?at=%s\">Picture</a> <a href=\"recordings?at=%s&amp;cameras=", at, at);
        escape_html(out, row->camera);
        fputs("\">Play</a>", out);
    }
    fputs("</td></tr>\n", out);
}

static void write_option(FILE *out, const char *value, const char *label, const char *chosen) {
    fputs("<option value=\"", out);
    escape_html(out, value);
    fputs(strcmp(value, chosen) == 0 ? "\" selected>" : "\">", out);
    escape_html(out, label);
    fputs("</option>", out);
}

static void write_camera_options(FILE *out, const struct broker_snapshot *snapshot, const char *chosen) {
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        const struct topic_settings *settings = &snapshot->topics[i].settings;
        write_option(out, settings->id, settings->name, chosen);
    }
}

static void write_kind_options(FILE *out, const char *chosen) {
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        write_option(out, kinds[i].kind, kinds[i].label, chosen);
    }
}

/* The node of a camera; "": it is of here. */
static void node_of(const struct topic_snapshot *topic, char node[NODE_MAX_BYTES + 1]) {
    const char *camera;
    node[0] = '\0';
    if (!cluster_split_id(topic->settings.id, node, &camera)) {
        node[0] = '\0';
    }
}

/* Each node once; cameras of a node follow each other. */
static void write_node_options(FILE *out, const struct broker_snapshot *snapshot, const char *chosen) {
    char last[NODE_MAX_BYTES + 1] = "", node[NODE_MAX_BYTES + 1];
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        node_of(&snapshot->topics[i], node);
        if (node[0] != '\0' && strcmp(node, last) != 0) {
            write_option(out, node, node, chosen);
            memcpy(last, node, sizeof last);
        }
    }
}

static bool has_nodes(const struct broker_snapshot *snapshot) {
    char node[NODE_MAX_BYTES + 1] = "";
    for (size_t i = 0; i < snapshot->topic_count && node[0] == '\0'; i++) {
        node_of(&snapshot->topics[i], node);
    }
    return node[0] != '\0';
}

/* What the page is filled with. */
struct filling {
    const struct broker_snapshot *snapshot;
    const struct history_choice *choice;
    const struct template_value *values;
    size_t value_count;
};

/* The page up to the block, which is left out; then `rest` is what follows. */
static void write_until(FILE *out, struct template *rest, const char *block_name, const struct filling *filling) {
    struct template before, block;
    template_split(*rest, block_name, &before, &block, rest);
    template_write(out, before, filling->values, filling->value_count);
}

static enum err render_head(struct template *rest, const struct filling *filling, char **head) {
    size_t count;
    FILE *out = open_memstream(head, &count);
    if (out == NULL) {
        return ERR_MEMORY;
    }
    write_until(out, rest, "nodes", filling);
    write_node_options(out, filling->snapshot, filling->choice->node);
    write_until(out, rest, "cameras", filling);
    write_camera_options(out, filling->snapshot, filling->choice->camera);
    write_until(out, rest, "kinds", filling);
    write_kind_options(out, filling->choice->kind);
    write_until(out, rest, "rows", filling);
    bool failed = ferror(out) != 0;
    if (fclose(out) != 0 || failed) {
        free(*head);
        return ERR_MEMORY;
    }
    return ERR_OK;
}

enum err history_render_page(const struct broker_snapshot *snapshot, const struct history_choice *choice,
                             const struct page_settings *page_settings, char **head, char **foot) {
    const struct principal *principal = page_settings->principal;
    const bool has_account = principal != NULL && principal->account != NULL;
    const struct template_value values[] = {
        {"base", page_settings->base_path},
        {"assets", asset_version()},
        {"nodes_hidden", has_nodes(snapshot) ? "" : "hidden"},
        {"from", choice->from},
        {"to", choice->to},
        {"newest", choice->is_ascending ? "" : "selected"},
        {"oldest", choice->is_ascending ? "selected" : ""},
        {"account", has_account ? principal->account->settings.name : ""},
        {"logout", principal != NULL && principal->has_session ? "" : "hidden"},
    };
    const struct filling filling = {snapshot, choice, values, COUNT_OF(values)};
    struct template rest = {asset_history_page.bytes, asset_history_page.end};
    char *begin;
    enum err error = render_head(&rest, &filling, &begin);
    if (error != ERR_OK) {
        return error;
    }
    char *end = strndup(rest.begin, (size_t)(rest.end - rest.begin));
    if (end == NULL) {
        free(begin);
        return ERR_MEMORY;
    }
    *head = begin;
    *foot = end;
    return ERR_OK;
}

/* ---- All ---- */

void history_write_row(FILE *out, enum history_format format, const struct history_row *row, bool is_first) {
    switch (format) {
    case HISTORY_JSON:
        fputs(is_first ? "\n" : ",\n", out);
        write_json(out, row);
        return;
    case HISTORY_NDJSON:
        write_json(out, row);
        putc_unlocked('\n', out);
        return;
    case HISTORY_CSV: write_csv(out, row); return;
    case HISTORY_PAGE: write_page_row(out, row); return;
    }
}
