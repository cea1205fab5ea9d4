#include "cameras/motion/tone.h"

#include <string.h>

#define GROUPS 8
#define DIFFERENCES 511

void tone_begin(struct tone_counts *counts) { memset(counts, 0, sizeof *counts); }

void tone_group(struct tone_counts *counts) {
    uint32_t before = 0;
    for (int i = 0; i < 256; i++) {
        const uint32_t middle = before + counts->cells[i] / 2;
        const uint32_t group = counts->total > 0 ? (uint32_t)((uint64_t)middle * GROUPS / counts->total) : 0;
        counts->group[i] = (uint8_t)(group < GROUPS ? group : GROUPS - 1);
        before += counts->cells[i];
    }
}

/* 0 for none. */
static int median_of(const uint32_t counts[DIFFERENCES]) {
    uint32_t total = 0;
    for (int i = 0; i < DIFFERENCES; i++) {
        total += counts[i];
    }
    uint32_t passed = 0;
    for (int i = 0; i < DIFFERENCES && total > 0; i++) {
        passed += counts[i];
        if (2 * passed >= total) {
            return i - 255;
        }
    }
    return 0;
}

struct group {
    int level, change; /* the mean brightness of its cells, and the median of their differences */
};

/* The groups that have cells, from the darkest to the brightest. */
static int find_groups(const struct tone_counts *counts, struct group groups[GROUPS]) {
    uint64_t levels[GROUPS] = {0}, cells[GROUPS] = {0};
    for (int i = 0; i < 256; i++) {
        levels[counts->group[i]] += (uint64_t)i * counts->cells[i];
        cells[counts->group[i]] += counts->cells[i];
    }
    int count = 0;
    for (int i = 0; i < GROUPS; i++) {
        if (cells[i] > 0) {
            groups[count++] =
                (struct group){.level = (int)(levels[i] / cells[i]), .change = median_of(counts->differences[i])};
        }
    }
    return count;
}

static int change_at(const struct group *groups, int count, int level) {
    int next = 0;
    while (next < count && groups[next].level < level) {
        next++;
    }
    if (next == 0 || next == count) {
        return groups[next == 0 ? 0 : count - 1].change;
    }
    const struct group *from = &groups[next - 1], *to = &groups[next];
    return from->change + (to->change - from->change) * (level - from->level) / (to->level - from->level);
}

void tone_find(const struct tone_counts *counts, struct tone *tone) {
    struct group groups[GROUPS];
    const int count = find_groups(counts, groups);
    uint32_t all[DIFFERENCES] = {0};
    for (int group = 0; group < GROUPS; group++) {
        for (int i = 0; i < DIFFERENCES; i++) {
            all[i] += counts->differences[group][i];
        }
    }
    tone->median = (int16_t)median_of(all);
    tone->is_still = true;
    for (int i = 0; i < count; i++) {
        tone->is_still &= groups[i].change >= -1 && groups[i].change <= 1;
    }
    for (int i = 0; i < 256; i++) {
        const int lit = i + (tone->is_still ? 0 : change_at(groups, count, i));
        tone->lit[i] = (uint8_t)(lit < 0 ? 0 : lit > 255 ? 255 : lit);
    }
}
