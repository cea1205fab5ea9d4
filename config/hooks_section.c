#include "config/hooks_section.h"

#include "broker/base/clock.h"
#include "config/access_section.h"
#include "config/json/settings_reader.h"
#include "config/tables.h"
#include "web/hooks/hook_post.h"

#include <string.h>

#define WORDS_MAX 64
#define HEADERS_MAX 32
#define HEADER_MAX_BYTES 4096

#define FIELD(field) .offset = offsetof(struct hook_settings, field)
#define PATTERNS_SCHEMA "\"$ref\": \"#/$defs/account_cameras\""

static const struct setting hook_rows[] = {
    {.name = "command",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"array\", \"minItems\": 1, \"maxItems\": " SETTING_TEXT_OF(
         WORDS_MAX) ", \"items\": { \"type\": \"string\" }",
     .shape = "list of 1 to " SETTING_TEXT_OF(WORDS_MAX) " texts",
     .help =
         "A program and its arguments; no shell is involved. It gets the event as JSON on standard input, and in its "
         "environment FRAMEBROKER_EVENT (state, motion or recording), FRAMEBROKER_CAMERA, FRAMEBROKER_STATE, "
         "FRAMEBROKER_PREVIOUS and FRAMEBROKER_ERROR; of motion, in place of these three, FRAMEBROKER_ACTION "
         "(began or ended), FRAMEBROKER_EVENT_ID, FRAMEBROKER_ZONE, FRAMEBROKER_SCORE and FRAMEBROKER_SNAPSHOT, the "
         "path of the picture. There are no other variables than PATH, HOME, LANG, LC_ALL, TZ and TMPDIR. Required "
         "unless url is given."},
    {.name = "url",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"string\", \"pattern\": \"^([hH][tT][tT][pP][sS]?://|\\\\$\\\\{)\"",
     .shape = "text",
     .help = "An http or https URL to which the event is posted as JSON."},
    {.name = "headers",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"object\", \"maxProperties\": " SETTING_TEXT_OF(
         HEADERS_MAX) ", "
                      "\"additionalProperties\": { \"type\": \"string\", \"minLength\": 1 }",
     .shape = "object of up to " SETTING_TEXT_OF(HEADERS_MAX) " texts",
     .help = "Additional headers of that request, by name."},
    {.name = "on",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"array\", \"minItems\": 1, \"maxItems\": 3, "
               "\"items\": { \"enum\": [\"state\", \"motion\", \"recording\"] }",
     .shape = "list of 1 to 3 of state, motion, recording",
     .help = "The kinds of events that are reported. motion and recording are reported at once and one after the "
             "other: after_s is for states. Default: state."},
    {.name = "states",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"array\", \"minItems\": 1, \"maxItems\": 5, "
               "\"items\": { \"enum\": [\"idle\", \"starting\", \"live\", \"stale\", \"offline\"] }",
     .shape = "list of 1 to 5 of idle, starting, live, stale, offline",
     .help = "The states that are reported. Default: live and offline."},
    {.name = "cameras",
     .type = SETTING_CUSTOM,
     .schema = PATTERNS_SCHEMA,
     .shape = "list of 1 to 1000 texts",
     .help = "The ids of the cameras to report; * stands for any characters, ? for one. Default: every camera."},
    {.name = "after_s",
     .type = SETTING_DURATION,
     FIELD(after_ns),
     .max = 86400,
     .unit_ns = NS_PER_S,
     .fallback = 5,
     .help =
         "Seconds that a state must last before it is reported. A camera that fails and comes back faster than that "
         "is reported after six times as long, and is live again once it has stayed so."},
    {.name = "timeout_s",
     .type = SETTING_DURATION,
     FIELD(timeout_ns),
     .min = 0.1,
     .max = 300,
     .unit_ns = NS_PER_S,
     .fallback = 10,
     .help = "Maximum duration of an attempt in seconds; then the program and its children are killed, or the request "
             "is cancelled."},
    {.name = "retries",
     .type = SETTING_INTEGER,
     FIELD(retries),
     .max = 100,
     .fallback = 3,
     .help = "Further attempts after one that failed, with growing pauses."},
};

const struct setting_table hook_table = {
    .name = "hook",
    .help = "A program or a URL that receives events.",
    .rows = hook_rows,
    .count = sizeof hook_rows / sizeof hook_rows[0],
    .size = sizeof(struct hook_settings),
    .schema = "\"oneOf\": [{ \"required\": [\"command\"] }, { \"required\": [\"url\"] }]",
};

static const struct setting hooks_rows[] = {
    {.name = "on_state_change",
     .type = SETTING_CUSTOM,
     .schema = "\"oneOf\": [{ \"$ref\": \"#/$defs/hook\" }, "
               "{ \"type\": \"array\", \"minItems\": 1, \"maxItems\": " SETTING_TEXT_OF(
                   HOOKS_MAX) ", \"items\": { \"$ref\": \"#/$defs/hook\" } }]",
     .shape = "object, or list of up to " SETTING_TEXT_OF(HOOKS_MAX),
     .help =
         "Programs and URLs that are called when a camera's state changes, or when something else happens that their "
         "key on selects."},
};

const struct setting_table hooks_table = {
    .name = "hooks",
    .help = "What is called when something happens.",
    .rows = hooks_rows,
    .count = sizeof hooks_rows / sizeof hooks_rows[0],
};

static const char *const kind_names[] = {"state", "motion", "recording"}; /* in the order of enum hook_kind */
#define KIND_COUNT (sizeof kind_names / sizeof kind_names[0])
static const char *const state_names[] = {"idle", "starting", "live", "stale", "offline"};
#define STATE_COUNT (sizeof state_names / sizeof state_names[0])

static void read_command(const struct node *list, struct hook_settings *hook) {
    if (!node_is_list(list, 1, WORDS_MAX)) {
        return;
    }
    size_t count = json_array_size(list->json);
    const char **words = arena_alloc(list->document->arena, count + 1, sizeof *words);
    struct node word = {0};
    while (words != NULL && node_next(list, &word)) {
        words[word.place] = node_text(&word);
        if (word.place == 0 && words[0] != NULL && words[0][0] == '\0') {
            node_fault(&word, "must be the name or the path of a program");
        }
    }
    hook->command = words;
}

static void read_url(const struct node *node, struct hook_settings *hook) {
    hook->url = node_text(node);
    if (hook->url != NULL && hook_url_check(hook->url, NULL) == ERR_INVALID) {
        node_fault(node, "must be a URL that begins with http:// or https://");
    }
}

/* A list of some of the names becomes a set of bits; after a fault it stays as it is. */
static void read_set(const struct node *list, const char *const *names, size_t count, const char *unknown,
                     unsigned *set) {
    if (!node_is_list(list, 1, count)) {
        return;
    }
    *set = 0;
    struct node name = {0};
    while (node_next(list, &name)) {
        const char *text = node_text(&name);
        size_t place = 0;
        while (text != NULL && place < count && strcmp(text, names[place]) != 0) {
            place++;
        }
        if (text != NULL && place == count) {
            node_fault_choice(&name, unknown, names, count);
        } else if (text != NULL) {
            *set |= 1U << place;
        }
    }
}

/* A token (RFC 9110, section 5.6.2). */
static bool is_header_name(const char *name) {
    size_t length = strlen(name);
    return length > 0 &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-.^_`|~") == length;
}

static bool is_header_value(const char *value) {
    for (const char *c = value; *c != '\0'; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7f) {
            return false;
        }
    }
    return value[0] != '\0' && strlen(value) <= HEADER_MAX_BYTES;
}

static void read_headers(const struct node *object, struct hook_settings *hook) {
    struct section section;
    if (!section_begin(&section, object)) {
        return;
    }
    size_t count = json_object_size(object->json);
    if (count > HEADERS_MAX) {
        node_fault(object, "must have at most %d entries (got %zu)", HEADERS_MAX, count);
        return;
    }
    struct arena *arena = object->document->arena;
    const char **headers = arena_alloc(arena, count + 1, sizeof *headers);
    struct node header = {0};
    while (headers != NULL && node_next(object, &header)) {
        const char *value = node_text(&header);
        if (!is_header_name(header.key)) {
            node_fault(&header, "is not the name of a header");
        } else if (value != NULL && !is_header_value(value)) {
            node_fault(&header, "must be 1 to %d bytes without line breaks", HEADER_MAX_BYTES);
        } else if (value != NULL) {
            headers[hook->header_count++] = arena_format(arena, "%s: %s", header.key, value);
        }
    }
    hook->headers = headers;
}

static void read_hook(const struct node *node, const struct config *config, struct hook_settings *hook) {
    *hook =
        (struct hook_settings){.kinds = HOOK_KIND_STATE, .states = HOOK_STATE(STATE_LIVE) | HOOK_STATE(STATE_OFFLINE)};
    settings_set_defaults(&hook_table, (void *const[]){hook});
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    settings_read(&section, &hook_table, (void *const[]){hook});
    struct node member;
    bool has_command = node_find(node, "command", &member);
    if (has_command) {
        read_command(&member, hook);
    }
    bool has_url = node_find(node, "url", &member);
    if (has_url) {
        read_url(&member, hook);
    }
    if (has_command == has_url) {
        node_fault(node, "must have either a \"command\" or a \"url\"");
    }
    if (node_find(node, "headers", &member)) {
        read_headers(&member, hook);
        if (has_command) {
            node_fault(&member, "needs a \"url\"");
        }
    }
    if (node_find(node, "on", &member)) {
        read_set(&member, kind_names, KIND_COUNT, "unknown kind of event", &hook->kinds);
    }
    if (node_find(node, "states", &member)) {
        read_set(&member, state_names, STATE_COUNT, "unknown state", &hook->states);
    }
    if (node_find(node, "cameras", &member)) {
        hook->cameras = camera_patterns_read(&member, config, &hook->camera_count);
    }
    settings_finish(&section, &hook_table, (void *const[]){hook});
}

static void read_hooks(const struct node *node, struct config *config) {
    bool is_list = json_is_array(node->json);
    if (is_list && !node_is_list(node, 1, HOOKS_MAX)) {
        return;
    }
    size_t count = is_list ? json_array_size(node->json) : 1;
    struct hook_settings *hooks = arena_alloc(config->arena, count, sizeof *hooks);
    if (hooks == NULL) {
        return;
    }
    struct node hook = {0};
    if (!is_list) {
        read_hook(node, config, &hooks[0]);
    }
    while (is_list && node_next(node, &hook)) {
        read_hook(&hook, config, &hooks[hook.place]);
    }
    config->server.hooks = (struct hooks_settings){.hooks = hooks, .count = count, .arena = config->arena};
}

void hooks_section_read(const struct node *node, struct config *config) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    settings_read(&section, &hooks_table, NULL);
    struct node member;
    if (node_find(node, "on_state_change", &member)) {
        read_hooks(&member, config);
    }
    settings_finish(&section, &hooks_table, NULL);
}
