#include "broker/topic_list.h"

#include <stdlib.h>
#include <string.h>

#define PLACE_DIGITS_MAX 6

enum err topic_list_create(struct topic *const *topics, size_t count, struct topic_list **out) {
    struct topic_list *list = calloc(1, sizeof *list + count * sizeof(struct topic *));
    if (list == NULL) {
        return ERR_MEMORY;
    }
    refcount_init(&list->references, 1);
    for (size_t i = 0; i < count; i++) {
        list->topics[list->count++] = topic_ref(topics[i]);
    }
    *out = list;
    return ERR_OK;
}

enum err topic_list_join(const struct topic_list *first, const struct topic_list *second, struct topic_list **out) {
    struct topic_list *list = calloc(1, sizeof *list + (first->count + second->count) * sizeof(struct topic *));
    if (list == NULL) {
        return ERR_MEMORY;
    }
    refcount_init(&list->references, 1);
    for (size_t i = 0; i < first->count; i++) {
        list->topics[list->count++] = topic_ref(first->topics[i]);
    }
    for (size_t i = 0; i < second->count; i++) {
        list->topics[list->count++] = topic_ref(second->topics[i]);
    }
    *out = list;
    return ERR_OK;
}

struct topic_list *topic_list_ref(struct topic_list *list) {
    refcount_take(&list->references);
    return list;
}

void topic_list_unref(struct topic_list **list_pointer) {
    struct topic_list *list = *list_pointer;
    *list_pointer = NULL;
    if (list == NULL || !refcount_drop(&list->references)) {
        return;
    }
    for (size_t i = 0; i < list->count; i++) {
        topic_unref(&list->topics[i]);
    }
    free(list);
}

bool topic_list_has(const struct topic_list *list, const struct topic *topic) {
    for (size_t i = 0; i < list->count; i++) {
        if (list->topics[i] == topic) {
            return true;
        }
    }
    return false;
}

/* "1" is 0; anything that is not a plain decimal number from 1 to 999999 is SIZE_MAX. */
static size_t parse_place(const char *text) {
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > PLACE_DIGITS_MAX || text[digits] != '\0' || text[0] == '0') {
        return SIZE_MAX;
    }
    return strtoul(text, NULL, 10) - 1;
}

static bool is_included(topic_filter *filter, const void *user, const char *id) {
    return filter == NULL || filter(user, id);
}

/* Neither ends early nor leaves out the filter. */
static struct topic *find_id(const struct topic_list *list, const char *id, topic_filter *filter, const void *user) {
    bool included = is_included(filter, user, id);
    struct topic *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        bool is_it = strcmp(topic_id(list->topics[i]), id) == 0;
        found = is_it && included ? list->topics[i] : found;
    }
    return found != NULL ? topic_ref(found) : NULL;
}

struct topic *topic_list_at(const struct topic_list *list, size_t place, topic_filter *filter, const void *user) {
    for (size_t i = 0; i < list->count; i++) {
        if (is_included(filter, user, topic_id(list->topics[i])) && place-- == 0) {
            return topic_ref(list->topics[i]);
        }
    }
    return NULL;
}

struct topic *topic_list_find(const struct topic_list *list, const char *id_or_place, topic_filter *filter,
                              const void *user) {
    struct topic *found = find_id(list, id_or_place, filter, user);
    size_t place = parse_place(id_or_place);
    return found != NULL || place == SIZE_MAX ? found : topic_list_at(list, place, filter, user);
}
