/* What comes again and again, and when it was last spoken of. Bounded: where more is going on than it has room for,
 * what was spoken of longest ago is forgotten.
 *
 * Threads: one at a time. */
#ifndef BROKER_RECURRENCE_H
#define BROKER_RECURRENCE_H

#include <stdbool.h>
#include <stdint.h>

/* Some kinds of each of a thousand cameras. */
#define RECURRENCES_MAX 4096

struct recurrence {
    uint64_t key; /* 0: free */
    int64_t spoken_of_ns;
    uint64_t held_back; /* since */
};

/* Zeroed: nothing yet. */
struct recurrences {
    struct recurrence entries[RECURRENCES_MAX];
};

/* Stands for the pair; never 0. */
uint64_t recurrence_key(const char *subject, const char *kind);
/* Whether to speak of it now, since that is the first time for a minute; then *held_back is how many times since that
 * it was not. now_ns is monotonic. */
bool recurrence_admit(struct recurrences *recurrences, uint64_t key, int64_t now_ns, uint64_t *held_back);

#endif
