#include "broker/cluster/import/delay_filter.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#define MINUTE_NS (60 * NS_PER_S)

/* Minutes are counted from 1, so that 0 is none. */
static void advance(struct delay_filter *filter, int64_t minute) {
    int64_t passed = filter->minute == 0 ? DELAY_FILTER_MINUTES : minute - filter->minute;
    passed = min_i64(max_i64(passed, 0), DELAY_FILTER_MINUTES);
    for (int64_t i = DELAY_FILTER_MINUTES - 1; i >= 0; i--) {
        filter->min_ns[i] = i >= passed ? filter->min_ns[i - passed] : INT64_MAX;
    }
    filter->minute = max_i64(filter->minute, minute);
}

int64_t delay_filter_add(struct delay_filter *filter, int64_t sent_ns, int64_t received_ns) {
    const int64_t difference_ns = subtract_i64(received_ns, sent_ns);
    const int64_t minute = received_ns / MINUTE_NS + 1;
    if (minute != filter->minute) {
        advance(filter, minute);
    }
    filter->min_ns[0] = min_i64(filter->min_ns[0], difference_ns);
    return subtract_i64(difference_ns, delay_filter_base_ns(filter));
}

int64_t delay_filter_base_ns(const struct delay_filter *filter) {
    int64_t base_ns = INT64_MAX;
    for (int i = 0; i < DELAY_FILTER_MINUTES && filter->minute != 0; i++) {
        base_ns = min_i64(base_ns, filter->min_ns[i]);
    }
    return base_ns != INT64_MAX ? base_ns : 0;
}
