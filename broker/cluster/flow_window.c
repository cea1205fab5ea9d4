#include "broker/cluster/flow_window.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#include <assert.h>

#define TARGET_NS (50 * NS_PER_MS)
#define START_BYTES ((size_t)512 << 10)
#define MIN_BYTES ((size_t)32 << 10)
/* By how much the window grows in a round trip without any wait, once it no longer grows fast. */
#define STEP_BYTES ((size_t)128 << 10)

void flow_window_init(struct flow_window *window, size_t max_bytes) {
    *window = (struct flow_window){.is_starting = true, .window_bytes = START_BYTES};
    flow_window_set_max(window, max_bytes);
}

void flow_window_set_max(struct flow_window *window, size_t max_bytes) {
    window->max_bytes = max_size(max_bytes, MIN_BYTES);
    window->window_bytes = min_size(window->window_bytes, window->max_bytes);
}

bool flow_window_is_open(const struct flow_window *window) {
    return window->count == 0 || (window->in_flight_bytes < window->window_bytes && window->count < FLOW_MESSAGES_MAX);
}

void flow_window_add(struct flow_window *window, uint64_t number, size_t bytes, int64_t now_ns) {
    assert(window->count < FLOW_MESSAGES_MAX);
    window->messages[(window->first + window->count++) % FLOW_MESSAGES_MAX] =
        (struct flow_message){.number = number, .bytes = bytes, .sent_ns = now_ns};
    window->last_number = number;
    window->in_flight_bytes += bytes;
}

/* bytes: that have arrived; flight_bytes: that were on their way before. */
static void grow(struct flow_window *window, size_t bytes, size_t flight_bytes, int64_t waited_ns) {
    /* What is not used says nothing about the way. */
    if (flight_bytes < window->window_bytes / 2) {
        return;
    }
    double more = (double)bytes;
    if (!window->is_starting) {
        const double below = (double)(TARGET_NS - waited_ns) / (double)TARGET_NS;
        more = below * (double)STEP_BYTES * (double)bytes / (double)window->window_bytes;
    }
    window->window_bytes = min_size(window->window_bytes + (size_t)more, window->max_bytes);
}

/* Once in a round trip, by as much as the wait is too long, but by half at most. */
static void shrink(struct flow_window *window, uint64_t number, size_t flight_bytes, int64_t waited_ns) {
    window->is_starting = false;
    if (number <= window->shrunk_at) {
        return;
    }
    const double rest = (double)TARGET_NS / (double)waited_ns;
    const size_t used = min_size(window->window_bytes, max_size(flight_bytes, MIN_BYTES));
    window->window_bytes = max_size((size_t)((double)used * (rest > 0.5 ? rest : 0.5)), MIN_BYTES);
    window->shrunk_at = window->last_number;
}

void flow_window_acknowledge(struct flow_window *window, uint64_t number, int64_t waited_ns, int64_t now_ns) {
    size_t bytes = 0;
    while (window->count > 0 && window->messages[window->first].number <= number) {
        const struct flow_message *message = &window->messages[window->first];
        bytes += message->bytes;
        window->round_trip_ns = max_i64(subtract_i64(now_ns, message->sent_ns), 1);
        window->first = (window->first + 1) % FLOW_MESSAGES_MAX;
        window->count--;
    }
    if (bytes == 0) {
        return;
    }
    const size_t flight_bytes = window->in_flight_bytes;
    window->in_flight_bytes -= bytes;
    if (window->base_round_trip_ns == 0 || window->round_trip_ns < window->base_round_trip_ns) {
        window->base_round_trip_ns = window->round_trip_ns;
    }
    waited_ns = max_i64(waited_ns, 0);
    if (waited_ns > TARGET_NS) {
        shrink(window, number, flight_bytes, waited_ns);
    } else {
        grow(window, bytes, flight_bytes, waited_ns);
    }
}

int64_t flow_window_oldest_ns(const struct flow_window *window) {
    return window->count > 0 ? window->messages[window->first].sent_ns : INT64_MAX;
}

void flow_window_forget(struct flow_window *window) {
    window->count = 0;
    window->in_flight_bytes = 0;
    window->shrunk_at = 0;
}
