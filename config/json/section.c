#include "config/section.h"

#include "config/environment.h"
#include "config/near_match.h"

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
static const char *enumerate(struct storage *storage, const char *const *words, size_t count) {
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        text = storage_format(storage, "%s%s\"%s\"", text, i == 0 ? "" : i + 1 == count ? " and " : ", ", words[i]);
    }
    return text;
}

/* The fault of a word that is none of the choices: `what` it is, and what it could be. */
static void fault_unknown(const struct node *node, const char *what, const char *word, const char *const *choices,
                          size_t count) {
    const char *near = word != NULL ? near_match(word, choices, count) : NULL;
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

/* Finds a number within bounds. False if it is missing or faulty. */
static bool find_number(struct section *section, const char *key, double least, double most, struct node *node,
                        double *number) {
    if (!section_find(section, key, node) || !check_type(node, json_is_number(node->json), "a number")) {
        return false;
    }
    *number = json_number_value(node->json);
    if (*number < least || *number > most) {
        node_fault(node, "must be between %.15g and %.15g (got %.15g)", least, most, *number);
        return false;
    }
    return true;
}

double section_number(struct section *section, const char *key, double least, double most, double otherwise) {
    struct node node;
    double number = 0;
    return find_number(section, key, least, most, &node, &number) ? number : otherwise;
}

int64_t section_integer(struct section *section, const char *key, int64_t least, int64_t most, int64_t otherwise) {
    struct node node;
    double number = 0;
    if (!find_number(section, key, (double)least, (double)most, &node, &number)) {
        return otherwise;
    }
    if ((double)(int64_t)number != number) {
        node_fault(&node, "must be a whole number (got %.15g)", number);
        return otherwise;
    }
    return (int64_t)number;
}

int64_t section_duration_ns(struct section *section, const char *key, double least, double most, int64_t unit_ns,
                            int64_t otherwise) {
    struct node node;
    double units = 0;
    if (!find_number(section, key, least, most, &node, &units)) {
        return otherwise;
    }
    return (int64_t)(units * (double)unit_ns + 0.5);
}

bool section_boolean(struct section *section, const char *key, bool otherwise) {
    struct node node;
    if (!section_find(section, key, &node) || !check_type(&node, json_is_boolean(node.json), "true or false")) {
        return otherwise;
    }
    return json_is_true(node.json);
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

bool text_is_name(const char *text, size_t most_bytes) {
    /* The parser has checked the file's UTF-8, but not that of the environment. */
    json_auto_t *utf8 = json_string(text);
    size_t length = strlen(text);
    return length > 0 && length <= most_bytes && utf8 != NULL && !has_controls(text);
}

bool node_is_list(const struct node *node, size_t least, size_t most) {
    if (!check_type(node, json_is_array(node->json), "a list")) {
        return false;
    }
    size_t count = json_array_size(node->json);
    if (count < least || count > most) {
        node_fault(node, "must have between %zu and %zu entries (got %zu)", least, most, count);
        return false;
    }
    return true;
}

void node_fault_choice(const struct node *text, const char *what, const char *const *choices, size_t count) {
    const char *word = environment_is_used(text) ? NULL : json_string_value(text->json);
    fault_unknown(text, what, word, choices, count);
}

size_t section_choice(struct section *section, const char *key, const char *const *words, size_t count) {
    struct node node;
    const char *text = section_find(section, key, &node) ? node_text(&node) : NULL;
    for (size_t i = 0; text != NULL && i < count; i++) {
        if (strcmp(text, words[i]) == 0) {
            return i;
        }
    }
    if (text != NULL) {
        node_fault_choice(&node, "unknown value", words, count);
    }
    return 0;
}
