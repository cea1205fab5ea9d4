/* Whether a topic's frames are wanted: how subscribers wake a camera that is opened on demand. The first subscriber
 * calls the demand callback; idle_timeout_ns after the last has left, topic_wanted() turns false and the camera may
 * sleep. */
#ifndef BROKER_TOPIC_DEMAND_H
#define BROKER_TOPIC_DEMAND_H

#include <stdbool.h>
#include <stdint.h>

struct topic;

/* True while there are subscribers, for idle_timeout_ns after the last has left, and where the topic is not on demand.
 * *until_ns (may be NULL) gets when that turns false by itself: CLOCK_NEVER while there are subscribers. Threads: any.
 */
bool topic_wanted(struct topic *topic, int64_t *until_ns);
/* Called without a lock, from the subscribing thread, when the count of subscribers goes from 0 to 1 or back. NULL
 * removes it. Blocks: until a call that is under way has returned. Threads: any. */
typedef void topic_demand(void *user);
void topic_on_demand(struct topic *topic, topic_demand *demand, void *user);
/* For subscriber.c: calls it. */
void topic_call_demand(struct topic *topic);

#endif
