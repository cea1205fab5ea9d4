#include "cameras/supervisor/backoff.h"

void backoff_init(struct backoff *backoff, int64_t first_ns, int64_t max_ns, uint64_t seed) {
    *backoff = (struct backoff){.first_ns = first_ns, .max_ns = max_ns, .next_ns = first_ns, .random = seed};
}

void backoff_reset(struct backoff *backoff) { backoff->next_ns = backoff->first_ns; }

/* From 0 to below 1. A linear congruential generator with Knuth's multiplier (MMIX); its upper bits are the good ones.
 */
static double random_fraction(struct backoff *backoff) {
    backoff->random = backoff->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (double)(backoff->random >> 33) / (double)(UINT64_C(1) << 31);
}

int64_t backoff_next(struct backoff *backoff) {
    int64_t wait_ns = backoff->next_ns;
    backoff->next_ns = wait_ns < backoff->max_ns / 2 ? wait_ns * 2 : backoff->max_ns;
    return (int64_t)((double)wait_ns * (0.8 + 0.4 * random_fraction(backoff)));
}
