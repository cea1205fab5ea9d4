/* A list of topics that never changes once it is made: reference-counted, so that a reader of one is not disturbed
 * when another takes its place.
 * Threads: any. */
#ifndef BROKER_TOPIC_LIST_H
#define BROKER_TOPIC_LIST_H

#include "broker/base/refcount.h"
#include "broker/topic.h"

struct topic_list {
    struct refcount references;
    size_t count;
    struct topic *topics[]; /* a reference each */
};

/* With one reference. ERR_MEMORY. */
CHECKED enum err topic_list_create(struct topic *const *topics, size_t count, struct topic_list **list);
/* Those of one list, then those of another. ERR_MEMORY. */
CHECKED enum err topic_list_join(const struct topic_list *first, const struct topic_list *second,
                                 struct topic_list **list);
struct topic_list *topic_list_ref(struct topic_list *list);
/* Drops a reference and nulls the pointer; *list may be NULL. */
void topic_list_unref(struct topic_list **list);

bool topic_list_has(const struct topic_list *list, const struct topic *topic);

/* Whether the topic of that id is among those that are counted and found. */
typedef bool topic_filter(const void *user, const char *id);

/* By id, else by place, from 1, written in decimal; filter NULL: among all. A new reference; NULL: there is none. For
 * an id, the work is the same whether there is none or the filter leaves it out. */
struct topic *topic_list_find(const struct topic_list *list, const char *id_or_place, topic_filter *filter,
                              const void *user);
/* By place, from 0. */
struct topic *topic_list_at(const struct topic_list *list, size_t place, topic_filter *filter, const void *user);

#endif
