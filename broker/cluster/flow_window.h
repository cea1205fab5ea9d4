/* How much may be on its way to one receiver: as much as keeps the queues on the way short.
 *
 * A window by delay, after LEDBAT (RFC 6817): the receiver reports how long messages have waited on their way, and the
 * window grows while that is below a target, and shrinks above it; at first it grows fast, until the target is
 * exceeded. One message may always be on its way, however small the window is: that is how a very slow link works.
 *
 * Threads: none of its own; the owner's lock guards it. */
#ifndef BROKER_CLUSTER_FLOW_WINDOW_H
#define BROKER_CLUSTER_FLOW_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Messages on their way at most. */
#define FLOW_MESSAGES_MAX 1024

struct flow_message {
    uint64_t number;
    size_t bytes;
    int64_t sent_ns;
};

/* The fields are private, but for reading. */
struct flow_window {
    size_t window_bytes, max_bytes, in_flight_bytes;
    struct flow_message messages[FLOW_MESSAGES_MAX]; /* a ring of those on their way */
    size_t first, count;
    uint64_t shrunk_at; /* the number of the last message sent when the window was made smaller */
    uint64_t last_number;
    bool is_starting;                          /* grows fast */
    int64_t round_trip_ns, base_round_trip_ns; /* the newest, and the shortest; 0: none yet */
};

/* max_bytes: of the window. */
void flow_window_init(struct flow_window *window, size_t max_bytes);
void flow_window_set_max(struct flow_window *window, size_t max_bytes);
bool flow_window_is_open(const struct flow_window *window);
/* number: greater than that of the message before. */
void flow_window_add(struct flow_window *window, uint64_t number, size_t bytes, int64_t now_ns);
/* The receiver has all up to `number`, of which the slowest has waited for waited_ns on its way. */
void flow_window_acknowledge(struct flow_window *window, uint64_t number, int64_t waited_ns, int64_t now_ns);
/* When the oldest message on its way was sent; INT64_MAX: there is none. */
int64_t flow_window_oldest_ns(const struct flow_window *window);
/* What is on its way will not arrive. Numbers may begin again. */
void flow_window_forget(struct flow_window *window);

#endif
