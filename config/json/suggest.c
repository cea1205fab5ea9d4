#include "config/json/suggest.h"

#include "broker/base/saturating.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define WORD_MAX_BYTES 32

static bool same(char a, char b) { return tolower((unsigned char)a) == tolower((unsigned char)b); }

/* The optimal string alignment distance: insertions, deletions, substitutions and swaps of neighbours. */
static size_t distance(const char *a, size_t a_length, const char *b, size_t b_length) {
    size_t cost[WORD_MAX_BYTES + 1][WORD_MAX_BYTES + 1];
    for (size_t i = 0; i <= a_length; i++) {
        cost[i][0] = i;
    }
    for (size_t j = 0; j <= b_length; j++) {
        cost[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        for (size_t j = 1; j <= b_length; j++) {
            size_t replaced = cost[i - 1][j - 1] + (same(a[i - 1], b[j - 1]) ? 0 : 1);
            cost[i][j] = min_size(replaced, 1 + min_size(cost[i - 1][j], cost[i][j - 1]));
            if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1])) {
                cost[i][j] = min_size(cost[i][j], cost[i - 2][j - 2] + 1);
            }
        }
    }
    return cost[a_length][b_length];
}

const char *suggest(const char *word, const char *const *candidates, size_t count) {
    size_t length = strlen(word);
    if (length > WORD_MAX_BYTES) {
        return NULL;
    }
    size_t nearest = length < 6 ? 1 : length / 3;
    const char *match = NULL;
    for (size_t i = 0; i < count; i++) {
        size_t candidate_length = strlen(candidates[i]);
        if (candidate_length > WORD_MAX_BYTES) {
            continue;
        }
        size_t errors = distance(word, length, candidates[i], candidate_length);
        if (errors < nearest || (errors == nearest && match == NULL)) {
            nearest = errors;
            match = candidates[i];
        }
    }
    return match;
}
