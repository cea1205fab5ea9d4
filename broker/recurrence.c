#include "broker/recurrence.h"

#include "broker/clock.h"

#include <stddef.h>

#define INTERVAL_NS (60 * NS_PER_S)
/* Of one key, one behind the other. */
#define PLACES 4

/* FNV-1a (RFC 9923), with the NUL, so that "ab", "c" differs from "a", "bc". */
static uint64_t hash(uint64_t seed, const char *text) {
    do {
        seed = (seed ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++ != '\0');
    return seed;
}

uint64_t recurrence_key(const char *subject, const char *kind) {
    return hash(hash(UINT64_C(0xcbf29ce484222325), subject), kind) | 1;
}

/* The key's entry, or the one that it is to have. */
static struct recurrence *find(struct recurrences *recurrences, uint64_t key) {
    struct recurrence *oldest = NULL;
    for (uint64_t i = 0; i < PLACES; i++) {
        struct recurrence *entry = &recurrences->entries[((key >> 32) + i) % RECURRENCES_MAX];
        if (entry->key == key) {
            return entry;
        }
        if (oldest == NULL || entry->spoken_of_ns < oldest->spoken_of_ns) {
            oldest = entry;
        }
    }
    return oldest;
}

bool recurrence_admit(struct recurrences *recurrences, uint64_t key, int64_t now_ns, uint64_t *held_back) {
    struct recurrence *entry = find(recurrences, key);
    if (entry->key == key && now_ns - entry->spoken_of_ns < INTERVAL_NS) {
        entry->held_back++;
        return false;
    }
    *held_back = entry->key == key ? entry->held_back : 0;
    *entry = (struct recurrence){.key = key, .spoken_of_ns = now_ns};
    return true;
}
