#include "broker/variant_supply.h"

#include "broker/topic.h"
#include "broker/topic_private.h"

void topic_set_variant_supply(struct topic *topic, const struct variant_supply *ops, void *user) {
    lock_acquire(&topic->lock);
    topic->supply = ops;
    topic->supply_user = user;
    while (topic->supply_is_called) {
        condition_wait(&topic->supply_returned, &topic->lock);
    }
    lock_release(&topic->lock);
}

bool topic_has_variant_supply(struct topic *topic) {
    lock_acquire(&topic->lock);
    bool has_supply = topic->supply != NULL;
    lock_release(&topic->lock);
    return has_supply;
}

/* NULL: it has been removed. */
static const struct variant_supply *begin_call(struct topic *topic, void **user) {
    lock_acquire(&topic->lock);
    const struct variant_supply *supply = topic->supply;
    *user = topic->supply_user;
    topic->supply_is_called = supply != NULL;
    lock_release(&topic->lock);
    return supply;
}

static void end_call(struct topic *topic) {
    lock_acquire(&topic->lock);
    topic->supply_is_called = false;
    condition_broadcast(&topic->supply_returned);
    lock_release(&topic->lock);
}

enum err topic_open_variant_supply(struct topic *topic, const struct variant_request *request, struct topic *variant,
                                   void **supplied) {
    void *user;
    const struct variant_supply *supply = begin_call(topic, &user);
    if (supply == NULL) {
        return ERR_CLOSED;
    }
    enum err error = supply->open(user, topic_id(topic), request, variant, supplied);
    end_call(topic);
    return error;
}

void topic_close_variant_supply(struct topic *topic, void *supplied) {
    void *user;
    const struct variant_supply *supply = begin_call(topic, &user);
    if (supply != NULL) {
        supply->close(user, supplied);
        end_call(topic);
    }
}
