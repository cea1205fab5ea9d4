#include "config/json/section.h"

#include "config/json/environment.h"
#include "config/json/suggest.h"

#include <assert.h>
#include <string.h>

static const char *type_name(const json_t *json) {
    switch (json_typeof(json)) {
    case JSON_OBJECT: return "an object";
    case JSON_ARRAY: return "a list";
    case JSON_STRING: return "a string";
    case JSON_INTEGER:
    case JSON_REAL: return "a number";
    case JSON_TRUE:
    case JSON_FALSE: return "a boolean";
    case JSON_NULL: return "null";
    }
    return "something else";
}

static bool check_type(const struct node *node, bool matches, const char *wanted) {
    if (!matches) {
        node_fault(node, "must be %s (got %s)", wanted, type_name(node->json));
    }
    return matches;
}

/* "a", "b" and "c" */
static const char *enumerate(struct arena *arena, const char *const *words, size_t count) {
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        text = arena_format(arena, "%s%s\"%s\"", text, i == 0 ? "" : i + 1 == count ? " and " : ", ", words[i]);
    }
    return text;
}

/* The fault of a word that is none of the choices: `what` it is, and what it could be. */
static void fault_unknown(const struct node *node, const char *what, const char *word, const char *const *choices,
                          size_t count) {
    const char *near = word != NULL ? suggest(word, choices, count) : NULL;
    if (near != NULL) {
        node_fault(node, "%s; did you mean \"%s\"?", what, near);
    } else {
        node_fault(node, "%s; there are %s", what, enumerate(node->document->notes, choices, count));
    }
}

bool section_begin(struct section *section, const struct node *object) {
    *section = (struct section){.object = object};
    return check_type(object, json_is_object(object->json), "an object");
}

void section_end(const struct section *section) {
    struct node member = {0};
    while (node_next(section->object, &member)) {
        bool known = section->refused != NULL && strcmp(member.key, section->refused) == 0;
        for (size_t i = 0; i < section->key_count && !known; i++) {
            known = strcmp(member.key, section->keys[i]) == 0;
        }
        if (!known) {
            fault_unknown(&member, "unknown key", member.key, section->keys, section->key_count);
        }
    }
}

bool section_find(struct section *section, const char *key, struct node *member) {
    assert(section->key_count < SECTION_KEYS_MAX);
    section->keys[section->key_count++] = key;
    return node_find(section->object, key, member);
}

bool section_require(struct section *section, const char *key, struct node *member) {
    if (!section_find(section, key, member)) {
        node_fault(section->object, "\"%s\" is missing", key);
        return false;
    }
    return true;
}

void section_refuse(struct section *section, const char *key, const char *why) {
    section->refused = key;
    struct node member;
    if (node_find(section->object, key, &member)) {
        node_fault(&member, "%s", why);
    }
}

bool node_number(const struct node *node, double min, double max, double *number) {
    if (!check_type(node, json_is_number(node->json), "a number")) {
        return false;
    }
    *number = json_number_value(node->json);
    if (*number < min || *number > max) {
        node_fault(node, "must be between %.15g and %.15g (got %.15g)", min, max, *number);
        return false;
    }
    return true;
}

void node_boolean(const struct node *node, bool *value) {
    if (check_type(node, json_is_boolean(node->json), "true or false")) {
        *value = json_is_true(node->json);
    }
}

const char *node_text(const struct node *node) {
    return check_type(node, json_is_string(node->json), "a string") ? environment_expand(node) : NULL;
}

static bool has_controls(const char *text) {
    for (const unsigned char *c = (const unsigned char *)text; *c != '\0'; c++) {
        /* U+0080 to U+009F are 0xC2 0x80 to 0xC2 0x9F. */
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0)) {
            return true;
        }
    }
    return false;
}

bool text_is_name(const char *text, size_t max_bytes) {
    /* The parser has checked the file's UTF-8, but not that of the environment. */
    json_auto_t *utf8 = json_string(text);
    size_t length = strlen(text);
    return length > 0 && length <= max_bytes && utf8 != NULL && !has_controls(text);
}

bool node_is_list(const struct node *node, size_t min, size_t max) {
    if (!check_type(node, json_is_array(node->json), "a list")) {
        return false;
    }
    size_t count = json_array_size(node->json);
    if (count < min || count > max) {
        node_fault(node, "must have between %zu and %zu entries (got %zu)", min, max, count);
        return false;
    }
    return true;
}

void node_fault_choice(const struct node *text, const char *what, const char *const *choices, size_t count) {
    const char *word = environment_is_used(text) ? NULL : json_string_value(text->json);
    fault_unknown(text, what, word, choices, count);
}
