#include "broker/frame/sequence.h"

#include "broker/base/saturating.h"

uint64_t sequence_missing(uint64_t before, uint64_t now) {
    if (before == 0 || now <= before || now - before - 1 > SEQUENCE_GAP_MAX) {
        return 0;
    }
    return now - before - 1;
}

uint64_t sequence_follow(uint64_t before, uint64_t lost, uint64_t claimed, bool is_first) {
    uint64_t next = add_count(before, add_count(lost, 1));
    bool is_credible = claimed > next && claimed <= SEQUENCE_CLAIM_MAX;
    return is_credible && (is_first || claimed - next <= SEQUENCE_GAP_MAX) ? claimed : next;
}
