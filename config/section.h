/* An object of the configuration, read key by key. Whatever cannot be used becomes a fault, and reading goes on with
 * the value that stands in for it, so that one pass finds every fault.
 *
 * Lifecycle: section_begin(); a read for each key that there can be; section_end(), which complains of all others.
 * So a key is known exactly if it is read.
 * Threads: one at a time. */
#ifndef CONFIG_SECTION_H
#define CONFIG_SECTION_H

#include "config/document.h"

#include <stdint.h>

#define SECTION_KEYS_MAX 32

struct section {
    const struct node *object;
    const char *keys[SECTION_KEYS_MAX]; /* that were read */
    size_t key_count;
    const char *refused; /* a key that had its own fault */
};

/* False, after a fault, if the node is no object: then there is nothing to read or end. object is borrowed. */
CHECKED bool section_begin(struct section *section, const struct node *object);
void section_end(const struct section *section);

/* key is borrowed, as in all that follow. False if it is not there. */
CHECKED bool section_find(struct section *section, const char *key, struct node *member);
/* The same, and its absence is a fault. */
CHECKED bool section_require(struct section *section, const char *key, struct node *member);
/* If the key is there, `why` is its fault. */
void section_refuse(struct section *section, const char *key, const char *why);

/* Each gives the value of the key, or `otherwise` where it is missing or has a fault. */
double section_number(struct section *section, const char *key, double least, double most, double otherwise);
int64_t section_integer(struct section *section, const char *key, int64_t least, int64_t most, int64_t otherwise);
/* Which of the words the key names: its place among them; 0 where it is missing or has a fault. */
size_t section_choice(struct section *section, const char *key, const char *const *words, size_t count);
bool section_boolean(struct section *section, const char *key, bool otherwise);
/* A number of units, which last unit_ns each, to nanoseconds; otherwise is in nanoseconds. */
int64_t section_duration_ns(struct section *section, const char *key, double least, double most, int64_t unit_ns,
                            int64_t otherwise);

/* The text of a node with its environment variables, from the storage. NULL after a fault. */
const char *node_text(const struct node *node);
/* Whether a text can be a name for people: 1 to most_bytes of UTF-8 without control characters. */
bool text_is_name(const char *text, size_t most_bytes);
/* False after a fault: it is no list, or holds fewer or more than that. */
CHECKED bool node_is_list(const struct node *node, size_t least, size_t most);
/* The fault of a text that has to be one of these; the nearest, or all of them, are named. */
void node_fault_choice(const struct node *text, const char *what, const char *const *choices, size_t count);

#endif
