#include "broker/base/log_rate_limit.h"

#include "broker/base/clock.h"

#include <stddef.h>

#define INTERVAL_NS (60 * NS_PER_S)
/* Consecutive entries in which a key may stand. */
#define PLACES 4

/* FNV-1a (RFC 9923), with the NUL, so that "ab", "c" differs from "a", "bc". */
static uint64_t hash(uint64_t seed, const char *text) {
    do {
        seed = (seed ^ (unsigned char)*text) * UINT64_C(0x100000001b3);
    } while (*text++ != '\0');
    return seed;
}

uint64_t log_rate_limit_key(const char *subject, const char *kind) {
    return hash(hash(UINT64_C(0xcbf29ce484222325), subject), kind) | 1;
}

/* The key's entry, or the one that it replaces. */
static struct log_rate_limit *find(struct log_rate_limits *limits, uint64_t key) {
    struct log_rate_limit *oldest = NULL;
    for (uint64_t i = 0; i < PLACES; i++) {
        struct log_rate_limit *entry = &limits->entries[((key >> 32) + i) % LOG_RATE_LIMITS_MAX];
        if (entry->key == key) {
            return entry;
        }
        if (oldest == NULL || entry->logged_ns < oldest->logged_ns) {
            oldest = entry;
        }
    }
    return oldest;
}

bool log_rate_limit_admit(struct log_rate_limits *limits, uint64_t key, int64_t now_ns, uint64_t *suppressed) {
    struct log_rate_limit *entry = find(limits, key);
    if (entry->key == key && now_ns - entry->logged_ns < INTERVAL_NS) {
        entry->suppressed++;
        return false;
    }
    *suppressed = entry->key == key ? entry->suppressed : 0;
    *entry = (struct log_rate_limit){.key = key, .logged_ns = now_ns};
    return true;
}
