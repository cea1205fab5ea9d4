#include "broker/topic_list.h"

#include <stdlib.h>
#include <string.h>

enum err topic_list_create(struct topic *const *topics, size_t count, struct topic_list **out) {
    struct topic_list *list = calloc(1, sizeof *list + count * sizeof(struct topic *));
    if (list == NULL) {
        return ERR_MEMORY;
    }
    atomic_init(&list->references, 1);
    for (size_t i = 0; i < count; i++) {
        list->topics[list->count++] = topic_ref(topics[i]);
    }
    *out = list;
    return ERR_OK;
}

struct topic_list *topic_list_ref(struct topic_list *list) {
    atomic_fetch_add_explicit(&list->references, 1, memory_order_relaxed);
    return list;
}

void topic_list_unref(struct topic_list **list_pointer) {
    struct topic_list *list = *list_pointer;
    *list_pointer = NULL;
    if (list == NULL || atomic_fetch_sub_explicit(&list->references, 1, memory_order_acq_rel) != 1) {
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
static size_t index_from_place(const char *place) {
    size_t number = 0;
    size_t digits = strspn(place, "0123456789");
    if (digits == 0 || digits > 6 || place[digits] != '\0' || place[0] == '0') {
        return SIZE_MAX;
    }
    for (const char *digit = place; *digit != '\0'; digit++) {
        number = number * 10 + (size_t)(*digit - '0');
    }
    return number - 1;
}

struct topic *topic_list_find(const struct topic_list *list, const char *id_or_place) {
    for (size_t i = 0; i < list->count; i++) {
        if (strcmp(topic_id(list->topics[i]), id_or_place) == 0) {
            return list->topics[i];
        }
    }
    size_t index = index_from_place(id_or_place);
    return index < list->count ? list->topics[index] : NULL;
}
