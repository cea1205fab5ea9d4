/* Topics one by one, as tests want them: the broker takes a whole list. */
#ifndef TESTS_TOPICS_H
#define TESTS_TOPICS_H

#include "broker/broker.h"

#include <stdlib.h>
#include <string.h>

/* Puts a topic at the end of the list; *topic is a reference, and may be NULL. */
CHECKED static inline enum err add_topic(struct broker *broker, const struct topic_settings *settings,
                                         struct topic **topic) {
    struct topic *added = NULL;
    enum err error = broker_create_topic(broker, settings, &added);
    if (error != ERR_OK) {
        return error;
    }
    struct topic_list *list = broker_topics(broker);
    struct topic **topics = calloc(list->count + 1, sizeof(struct topic *));
    error = topics != NULL ? ERR_OK : ERR_MEMORY;
    if (error == ERR_OK) {
        memcpy(topics, list->topics, list->count * sizeof(struct topic *));
        topics[list->count] = added;
        struct topic_list *longer;
        error = topic_list_create(topics, list->count + 1, &longer);
        if (error == ERR_OK) {
            broker_set_topics(broker, TOPICS_LOCAL, &longer);
        }
    }
    if (error == ERR_OK && topic != NULL) {
        *topic = topic_ref(added);
    }
    free(topics);
    topic_list_unref(&list);
    topic_unref(&added);
    return error;
}

#endif
