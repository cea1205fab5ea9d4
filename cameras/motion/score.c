#include "cameras/motion/score.h"

/* The size that a strength is converted to: 160x90. */
#define CELLS 14400u
#define SCORE_MAX 100u
/* Scores a doubling; strength 1/16 of a cell of 14400 has the score 0, and all of the picture has about 100. */
#define SCORES_A_DOUBLING 5u

static unsigned log2_floor(uint64_t value) { return 63u - (unsigned)__builtin_clzll(value); }

/* SCORES_A_DOUBLING times the binary logarithm; between powers of two it is linear. */
static unsigned logarithm(uint64_t value) {
    if (value == 0) {
        return 0;
    }
    const unsigned whole = log2_floor(value);
    const uint64_t rest = value - ((uint64_t)1 << whole);
    return SCORES_A_DOUBLING * whole + (unsigned)(rest * SCORES_A_DOUBLING >> whole);
}

unsigned score_of(uint64_t strength, size_t cells) {
    const unsigned score = logarithm(strength * CELLS / cells);
    return score < SCORE_MAX ? score : SCORE_MAX;
}

uint32_t score_strength(unsigned score, size_t cells) {
    uint32_t low = 0, high = UINT32_MAX;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (score_of(middle, cells) >= score) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return low;
}

/* 50 takes a person of a twelfth of the picture's height at a clear contrast; 100 a few cells. */
unsigned score_threshold(unsigned sensitivity) {
    return sensitivity <= 50 ? 66u - 31u * sensitivity / 50u : 35u - 15u * (sensitivity - 50u) / 50u;
}
