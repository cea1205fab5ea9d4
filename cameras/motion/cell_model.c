#include "cameras/motion/cell_model.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Time constants: in those the background comes to 63 % of what changed. */
#define FOLLOW_NS (6 * NS_PER_S)
#define NOISE_NS (4 * NS_PER_S)
#define NOISE_OF_CHANGED_NS (60 * NS_PER_S)
/* A cell differs when it is so many times the noise away, beyond the contrast of the settings. */
#define NOISE_FACTOR 3
#define NOISE_START (NOISE_SCALE * 3 / 2)
#define NOISE_MAX (16 * NOISE_SCALE)
/* Slow things change little from one picture to the next: pictures are compared over at least this. */
#define APART_NS (150 * NS_PER_MS)

/* ---- Lifecycle ---- */

enum err cell_model_create(const struct motion_settings *settings, uint32_t columns, uint32_t rows,
                           struct cell_model **model) {
    enum { WIDE = 4, NARROW = 12 }; /* planes of uint16_t and of uint8_t */
    const size_t count = (size_t)columns * rows, sums = (size_t)(columns + 1) * (rows + 1);
    const size_t bytes = 2 * sums * sizeof(uint32_t) + count * (WIDE * sizeof(uint16_t) + NARROW);
    struct cell_model *created = calloc(1, sizeof *created + bytes);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    created->columns = columns;
    created->rows = rows;
    created->count = count;
    created->contrast_levels = settings->contrast_levels;
    created->sums_now = (uint32_t *)(void *)(created + 1);
    created->sums_steady = created->sums_now + sums;
    created->zones = (zone_set *)(void *)(created->sums_steady + sums);
    created->background = created->zones + count;
    created->noise = created->background + count;
    created->absorbed = (int16_t *)(created->noise + count);
    uint8_t **const planes[NARROW] = {&created->threshold, &created->level,      &created->up,
                                      &created->down,      &created->now,        &created->before[0],
                                      &created->before[1], &created->state,      &created->excess,
                                      &created->steady,    &created->scratch[0], &created->scratch[1]};
    uint8_t *plane = (uint8_t *)(created->absorbed + count);
    for (size_t i = 0; i < NARROW; i++, plane += count) {
        *planes[i] = plane;
    }
    created->watched = zone_map_draw(settings, columns, rows, created->zones);
    for (size_t i = 0; i < count; i++) {
        created->noise[i] = NOISE_START;
    }
    *model = created;
    return ERR_OK;
}

void cell_model_destroy(struct cell_model **model) {
    free(*model);
    *model = NULL;
}

/* ---- Pictures ---- */

void cell_model_take(struct cell_model *model, const struct luma *picture) {
    for (uint32_t row = 0; row < model->rows; row++) {
        memcpy(model->now + (size_t)row * model->columns, picture->samples + (size_t)row * picture->stride_bytes,
               model->columns);
    }
}

void cell_model_keep(struct cell_model *model, int64_t now_ns) {
    if (subtract_i64(now_ns, model->before_ns[0]) >= APART_NS) {
        uint8_t *oldest = model->before[1];
        model->before[1] = model->before[0];
        model->before_ns[1] = model->before_ns[0];
        model->before[0] = oldest;
        model->before_ns[0] = now_ns;
        memcpy(oldest, model->now, model->count);
    }
}

/* ---- The background ---- */

/* The inner loops are simple enough for the compiler to make vector code of them. */

static void take_lower(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i] < to[i] ? from[i] : to[i];
    }
}

static void take_higher(uint8_t *restrict to, const uint8_t *restrict from, size_t count) {
    for (size_t i = 0; i < count; i++) {
        to[i] = from[i] > to[i] ? from[i] : to[i];
    }
}

typedef void take_extreme(uint8_t *restrict to, const uint8_t *restrict from, size_t count);

/* The lowest or highest of each cell and its eight neighbours, into range. */
static void find_extremes(struct cell_model *model, take_extreme *take, uint8_t *range) {
    const size_t columns = model->columns, count = model->count;
    uint8_t *across = model->scratch[0];
    memcpy(across, model->level, count);
    for (size_t row = 0; row < count; row += columns) {
        take(across + row + 1, model->level + row, columns - 1);
        take(across + row, model->level + row + 1, columns - 1);
    }
    memcpy(range, across, count);
    take(range + columns, across, count - columns);
    take(range, across + columns, count - columns);
}

/* Half of how far a cell's level is from the extreme around it, rounded up. */
static void halve_distances(const uint8_t *restrict from, const uint8_t *restrict to, uint8_t *restrict halves,
                            size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint8_t distance = (uint8_t)(to[i] - from[i]);
        halves[i] = (uint8_t)(distance - distance / 2);
    }
}

static void find_range(struct cell_model *model) {
    uint8_t *const extreme = model->scratch[1];
    find_extremes(model, take_higher, extreme);
    halve_distances(model->level, extreme, model->up, model->count);
    find_extremes(model, take_lower, extreme);
    halve_distances(extreme, model->level, model->down, model->count);
}

static void find_thresholds(const uint16_t *restrict noise, const zone_set *restrict zones, uint16_t contrast,
                            uint8_t *restrict thresholds, size_t count) {
    for (size_t i = 0; i < count; i++) {
        const uint16_t threshold = (uint16_t)(contrast + (uint16_t)(noise[i] * NOISE_FACTOR) / NOISE_SCALE);
        const uint16_t most = zones[i] != 0 && threshold < THRESHOLD_NEVER ? threshold : THRESHOLD_NEVER;
        thresholds[i] = (uint8_t)most;
    }
}

static void round_levels(const uint16_t *restrict background, uint8_t *restrict levels, size_t count) {
    for (size_t i = 0; i < count; i++) {
        levels[i] = (uint8_t)((uint16_t)(background[i] + BACKGROUND_SCALE / 2) / BACKGROUND_SCALE);
    }
}

static void round_background(struct cell_model *model) {
    round_levels(model->background, model->level, model->count);
    find_range(model);
    find_thresholds(model->noise, model->zones, (uint16_t)model->contrast_levels, model->threshold, model->count);
}

void cell_model_learn(struct cell_model *model, int64_t now_ns, unsigned share) {
    for (size_t i = 0; i < model->count; i++) {
        const int difference = model->now[i] * BACKGROUND_SCALE - model->background[i];
        if (share > 1) {
            const int distance = abs(difference) * (NOISE_SCALE / BACKGROUND_SCALE);
            const int noise = model->noise[i];
            model->noise[i] = (uint16_t)(noise + ((distance < NOISE_MAX ? distance : NOISE_MAX) - noise) / 4);
        }
        model->background[i] = (uint16_t)(model->background[i] + difference / (int)share);
        model->absorbed[i] = 0;
    }
    round_background(model);
    if (share == 1) {
        memcpy(model->before[0], model->now, model->count);
        memcpy(model->before[1], model->now, model->count);
        model->before_ns[0] = model->before_ns[1] = now_ns;
    } else {
        cell_model_keep(model, now_ns);
    }
    memset(model->state, CELL_STILL, model->count);
    memset(model->excess, 0, model->count);
}

/* The part that passes in a period of what has the time constant; at most half. */
#define SHARE_BITS 16
static int16_t share_of(int64_t period_ns, int64_t constant_ns) {
    const int64_t all = INT64_C(1) << SHARE_BITS;
    const int64_t share = period_ns >= constant_ns / 2 ? all / 2 - 1 : period_ns * all / constant_ns;
    return (int16_t)(share < 1 ? 1 : share);
}

/* Rounded down, which takes less than a level off a background: vectors of 16 bits have an instruction for it. */
static int16_t part(int16_t difference, int16_t share) { return (int16_t)((difference * share) >> SHARE_BITS); }

/* The background of still cells, and the noise of all. */
static void follow(const uint8_t *restrict now, const uint8_t *restrict state, uint16_t *restrict background,
                   uint16_t *restrict noise, size_t count, int64_t period_ns) {
    const int16_t follow_share = share_of(period_ns, FOLLOW_NS), still_share = share_of(period_ns, NOISE_NS);
    const int16_t changed_share = share_of(period_ns, NOISE_OF_CHANGED_NS);
    const int16_t most = NOISE_MAX / (NOISE_SCALE / BACKGROUND_SCALE);
    for (size_t i = 0; i < count; i++) {
        const bool is_still = state[i] == CELL_STILL;
        const int16_t difference = (int16_t)(now[i] * BACKGROUND_SCALE - background[i]);
        const int16_t far = (int16_t)(difference < 0 ? -difference : difference);
        const int16_t distance = (int16_t)((far < most ? far : most) * (NOISE_SCALE / BACKGROUND_SCALE) - noise[i]);
        noise[i] = (uint16_t)(noise[i] + part(distance, is_still ? still_share : changed_share));
        background[i] = (uint16_t)(background[i] + part(difference, is_still ? follow_share : 0));
    }
}

/* How much of the time after which it is background has passed, for a cell where something has come and stays. */
#define ABSORBED (INT16_MAX / 2)

/* What has passed since the last step, in ABSORBED; what is less than one is left for the next. */
static int16_t absorb_step(struct cell_model *model, int64_t absorb_ns, int64_t period_ns) {
    model->absorb_left_ns = min_i64(model->absorb_left_ns + period_ns, absorb_ns);
    const int64_t step = model->absorb_left_ns * ABSORBED / absorb_ns;
    model->absorb_left_ns -= step * absorb_ns / ABSORBED;
    return (int16_t)step;
}

static void absorb(const uint8_t *restrict now, const uint8_t *restrict state, uint16_t *restrict background,
                   int16_t *restrict absorbed, size_t count, int16_t step) {
    for (size_t i = 0; i < count; i++) {
        const uint16_t level = (uint16_t)(now[i] * BACKGROUND_SCALE), old = background[i];
        const int16_t passed = (int16_t)((absorbed[i] + step) * (state[i] == CELL_CHANGED));
        absorbed[i] = passed >= ABSORBED ? 0 : passed;
        background[i] = passed >= ABSORBED ? level : old;
    }
}

void cell_model_adapt(struct cell_model *model, int64_t absorb_ns, int64_t period_ns) {
    follow(model->now, model->state, model->background, model->noise, model->count, period_ns);
    absorb(model->now, model->state, model->background, model->absorbed, model->count,
           absorb_step(model, absorb_ns, period_ns));
    round_background(model);
}
