#include "broker/topic_demand.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/topic_private.h"

bool topic_wanted(struct topic *topic, int64_t *until_ns) {
    lock_acquire(&topic->lock);
    bool watched = topic->subscriber_count > 0 || !topic->settings.on_demand || topic->settings.is_kept_open;
    int64_t until = CLOCK_NEVER;
    if (!watched) {
        until =
            topic->unwatched_since_ns != 0 ? add_i64(topic->unwatched_since_ns, topic->settings.idle_timeout_ns) : 0;
    }
    lock_release(&topic->lock);
    if (until_ns != NULL) {
        *until_ns = until;
    }
    return watched || clock_monotonic_ns() < until;
}

void topic_on_demand(struct topic *topic, topic_demand *demand, void *user) {
    lock_acquire(&topic->lock);
    topic->demand = demand;
    topic->demand_user = user;
    while (topic->demand_calls > 0) {
        condition_wait(&topic->demand_returned, &topic->lock);
    }
    lock_release(&topic->lock);
}

void topic_call_demand(struct topic *topic) {
    lock_acquire(&topic->lock);
    topic_demand *demand = topic->demand;
    void *user = topic->demand_user;
    topic->demand_calls++;
    lock_release(&topic->lock);
    if (demand != NULL) {
        demand(user);
    }
    lock_acquire(&topic->lock);
    topic->demand_calls--;
    condition_broadcast(&topic->demand_returned);
    lock_release(&topic->lock);
}
