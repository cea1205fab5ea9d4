/* How attempts to run a hook have ended. Outlives the hooks, which a reload may replace.
 * Threads: any. */
#ifndef WEB_HOOKS_HOOK_COUNTS_H
#define WEB_HOOKS_HOOK_COUNTS_H

#include <stdatomic.h>
#include <stdint.h>

enum hook_result { HOOK_RESULT_DELIVERED, HOOK_RESULT_TRIED_AGAIN, HOOK_RESULT_GIVEN_UP, HOOK_RESULTS };

struct hook_counts {
    _Atomic uint64_t results[HOOK_RESULTS]; /* relaxed: each counts for itself */
};

#endif
