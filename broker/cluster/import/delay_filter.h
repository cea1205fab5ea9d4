/* How long messages have waited on their way, from two clocks that have nothing in common: the shortest difference
 * between the time of arrival and the time of sending over the last minutes is that of an empty way, and what exceeds
 * it is time in a queue (RFC 6817, section 3.4.2). Clocks that run apart slowly do not matter.
 *
 * Threads: none of its own; the owner's lock guards it. */
#ifndef BROKER_CLUSTER_IMPORT_DELAY_FILTER_H
#define BROKER_CLUSTER_IMPORT_DELAY_FILTER_H

#include <stdint.h>

/* The shortest of each of the last minutes. */
#define DELAY_FILTER_MINUTES 4

/* Zeroed: nothing is known. */
struct delay_filter {
    int64_t min_ns[DELAY_FILTER_MINUTES]; /* of a minute, INT64_MAX: there was none; the newest first */
    int64_t minute;                       /* of the newest; 0: none yet */
};

/* The time that a message has waited. received_ns is monotonic, of here, and sent_ns of there. Not negative. */
int64_t delay_filter_add(struct delay_filter *filter, int64_t sent_ns, int64_t received_ns);
/* The shortest difference; 0: not known. */
int64_t delay_filter_base_ns(const struct delay_filter *filter);

#endif
