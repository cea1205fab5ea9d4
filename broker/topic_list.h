/* A list of topics that never changes once it is made: reference-counted, so that whoever walks along one is not
 * disturbed when another takes its place.
 * Threads: any. */
#ifndef BROKER_TOPIC_LIST_H
#define BROKER_TOPIC_LIST_H

#include "broker/topic.h"

#include <stdatomic.h>

struct topic_list {
    atomic_uint references;
    size_t count;
    struct topic *topics[]; /* a reference each */
};

/* With one reference. ERR_MEMORY. */
CHECKED enum err topic_list_create(struct topic *const *topics, size_t count, struct topic_list **list);
struct topic_list *topic_list_ref(struct topic_list *list);
/* Drops a reference and nulls the pointer; *list may be NULL. */
void topic_list_unref(struct topic_list **list);

bool topic_list_has(const struct topic_list *list, const struct topic *topic);
/* By id, else by place, from 1, written in decimal. Borrowed; NULL: there is none. */
struct topic *topic_list_find(const struct topic_list *list, const char *id_or_place);

#endif
