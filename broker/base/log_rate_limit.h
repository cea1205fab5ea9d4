/* Limits events of the same kind and subject to one line of the log a minute. The table is bounded: when it is full,
 * the kind that was logged longest ago is forgotten.
 *
 * Threads: one at a time. */
#ifndef BROKER_BASE_LOG_RATE_LIMIT_H
#define BROKER_BASE_LOG_RATE_LIMIT_H

#include <stdbool.h>
#include <stdint.h>

/* Some kinds of each of a thousand cameras. */
#define LOG_RATE_LIMITS_MAX 4096

struct log_rate_limit {
    uint64_t key; /* 0: free */
    int64_t logged_ns;
    uint64_t suppressed; /* since then */
};

/* Zeroed: empty. */
struct log_rate_limits {
    struct log_rate_limit entries[LOG_RATE_LIMITS_MAX];
};

/* A hash of the pair; never 0. */
uint64_t log_rate_limit_key(const char *subject, const char *kind);
/* Whether the event is to be logged, as the first one for a minute; *suppressed then is how many were not, since the
 * last that was. now_ns is monotonic. */
bool log_rate_limit_admit(struct log_rate_limits *limits, uint64_t key, int64_t now_ns, uint64_t *suppressed);

#endif
