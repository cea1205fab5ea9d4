#include "broker/clock.h"
#include "config/sections.h"
#include "web/hook_post.h"

#include <string.h>

#define WORDS_MAX 64
#define HEADERS_MAX 32
#define HEADER_MAX_BYTES 4096

static const char *const state_names[] = {"idle", "starting", "live", "stale", "offline"};
#define STATE_COUNT (sizeof state_names / sizeof state_names[0])

static void read_command(const struct node *list, struct hook_settings *hook) {
    if (!node_is_list(list, 1, WORDS_MAX)) {
        return;
    }
    size_t count = json_array_size(list->json);
    const char **words = storage_alloc(list->document->storage, count + 1, sizeof *words);
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
    if (hook->url != NULL && hook_url_check(hook->url, NULL) != ERR_OK) {
        node_fault(node, "must be a URL that begins with http:// or https://");
    }
}

static void read_states(const struct node *list, struct hook_settings *hook) {
    if (!node_is_list(list, 1, STATE_COUNT)) {
        return;
    }
    hook->states = 0;
    struct node name = {0};
    while (node_next(list, &name)) {
        const char *text = node_text(&name);
        size_t state = 0;
        while (text != NULL && state < STATE_COUNT && strcmp(text, state_names[state]) != 0) {
            state++;
        }
        if (text != NULL && state == STATE_COUNT) {
            node_fault_choice(&name, "unknown state", state_names, STATE_COUNT);
        } else if (text != NULL) {
            hook->states |= HOOK_STATE(state);
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
    struct storage *storage = object->document->storage;
    const char **headers = storage_alloc(storage, count + 1, sizeof *headers);
    struct node header = {0};
    while (headers != NULL && node_next(object, &header)) {
        const char *value = node_text(&header);
        if (!is_header_name(header.key)) {
            node_fault(&header, "is no name of a header");
        } else if (value != NULL && !is_header_value(value)) {
            node_fault(&header, "must be 1 to %d bytes without line breaks", HEADER_MAX_BYTES);
        } else if (value != NULL) {
            headers[hook->header_count++] = storage_format(storage, "%s: %s", header.key, value);
        }
    }
    hook->headers = headers;
}

static void read_hook(const struct node *node, const struct config *config, struct hook_settings *hook) {
    *hook = (struct hook_settings){.states = HOOK_STATE(STATE_LIVE) | HOOK_STATE(STATE_OFFLINE)};
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    struct node member;
    bool has_command = section_find(&section, "command", &member);
    if (has_command) {
        read_command(&member, hook);
    }
    bool has_url = section_find(&section, "url", &member);
    if (has_url) {
        read_url(&member, hook);
    }
    if (has_command == has_url) {
        node_fault(node, "must have either a \"command\" or a \"url\"");
    }
    if (section_find(&section, "headers", &member)) {
        read_headers(&member, hook);
        if (has_command) {
            node_fault(&member, "belongs to a \"url\"");
        }
    }
    if (section_find(&section, "states", &member)) {
        read_states(&member, hook);
    }
    if (section_find(&section, "cameras", &member)) {
        hook->cameras = camera_patterns_read(&member, config, &hook->camera_count);
    }
    hook->after_ns = section_duration_ns(&section, "after_s", 0, 86400, NS_PER_S, 5 * NS_PER_S);
    hook->timeout_ns = section_duration_ns(&section, "timeout_s", 0.1, 300, NS_PER_S, 10 * NS_PER_S);
    hook->retries = (unsigned)section_integer(&section, "retries", 0, 100, 3);
    section_end(&section);
}

static void read_list(const struct node *node, struct config *config) {
    bool is_list = json_is_array(node->json);
    if (is_list && !node_is_list(node, 1, HOOKS_MAX)) {
        return;
    }
    size_t count = is_list ? json_array_size(node->json) : 1;
    struct hook_settings *hooks = storage_alloc(config->storage, count, sizeof *hooks);
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
    config->server.hooks = (struct hooks_settings){.hooks = hooks, .count = count, .storage = config->storage};
}

void hooks_section_read(const struct node *node, struct config *config) {
    struct section section;
    if (!section_begin(&section, node)) {
        return;
    }
    struct node member;
    if (section_find(&section, "on_state_change", &member)) {
        read_list(&member, config);
    }
    section_end(&section);
}
