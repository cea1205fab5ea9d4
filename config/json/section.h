/* An object of the configuration, read key by key. A value that cannot be used becomes a fault, and reading goes on, so
 * that one pass finds every fault.
 *
 * Lifecycle: section_begin(); section_find() for each key that is allowed; section_end(), to which all other keys are
 * faults.
 * Threads: one at a time. */
#ifndef CONFIG_JSON_SECTION_H
#define CONFIG_JSON_SECTION_H

#include "config/json/document.h"

#define SECTION_KEYS_MAX 32

struct section {
    const struct node *object;
    const char *keys[SECTION_KEYS_MAX]; /* that were read */
    size_t key_count;
    const char *refused; /* a key that had its own fault */
};

/* False, after a fault, if the node is not an object: then there is nothing to read or end. object is borrowed. */
CHECKED bool section_begin(struct section *section, const struct node *object);
void section_end(const struct section *section);

/* key is borrowed, as in all that follow. False if it is not there. */
CHECKED bool section_find(struct section *section, const char *key, struct node *member);
/* The same, and its absence is a fault. */
CHECKED bool section_require(struct section *section, const char *key, struct node *member);
/* If the key is there, `why` is its fault. */
void section_refuse(struct section *section, const char *key, const char *why);

/* False, without a value, after a fault: it is no number, or out of range. */
CHECKED bool node_number(const struct node *node, double min, double max, double *number);
/* Leaves the value as it is after a fault. */
void node_boolean(const struct node *node, bool *value);
/* The text of a node with its environment variables, from the storage. NULL after a fault. */
const char *node_text(const struct node *node);
/* Whether a text can be a name for people: 1 to max_bytes of UTF-8 without control characters. */
bool text_is_name(const char *text, size_t max_bytes);
/* False after a fault: it is not a list, or has fewer or more entries. */
CHECKED bool node_is_list(const struct node *node, size_t min, size_t max);
/* The fault of a text that must be one of the choices; it names the nearest, or all of them. */
void node_fault_choice(const struct node *text, const char *what, const char *const *choices, size_t count);

#endif
