#include "cameras/motion/cell_compare.h"

#include "cameras/motion/shift.h"
#include "cameras/motion/tone.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define EXCESS_MAX 64
/* A change that is the same in so many cells around is one of the light. */
#define AROUND_CELLS 4
/* The medians are those of every third cell: none of the usual widths is a multiple. */
#define TONE_STEP 3
/* One cell in so many has to differ before it is worth while to look for a shift. */
#define SHIFT_SHARE 1500

/* ---- Light ---- */

static void find_tone(const struct cell_model *model, const uint8_t *background, struct tone *tone) {
    struct tone_counts counts;
    tone_begin(&counts);
    for (size_t i = 0; i < model->count; i += TONE_STEP) {
        if (model->threshold[i] != THRESHOLD_NEVER) {
            tone_count(&counts, background[i]);
        }
    }
    tone_group(&counts);
    for (size_t i = 0; i < model->count; i += TONE_STEP) {
        if (model->threshold[i] != THRESHOLD_NEVER) {
            tone_compare(&counts, background[i], model->now[i]);
        }
    }
    tone_find(&counts, tone);
}

/* What a background looks like in that light. */
static void apply_tone(const struct tone *tone, const uint8_t *restrict from, size_t count, uint8_t *restrict to) {
    if (tone->is_still) {
        memcpy(to, from, count);
        return;
    }
    for (size_t i = 0; i < count; i++) {
        to[i] = tone->lit[from[i]];
    }
}

/* ---- Distances ---- */

static int larger(int a, int b) { return a > b ? a : b; }

static uint32_t count_marks(const uint8_t *marks, size_t count) {
    uint32_t marked = 0;
    for (size_t i = 0; i < count; i++) {
        marked += marks[i];
    }
    return marked;
}

/* Marks the cells that are beyond their threshold from what is expected there, and counts them. */
static uint32_t mark_changed(const struct cell_model *model, const uint8_t *restrict expected,
                             uint8_t *restrict marks) {
    const uint8_t *restrict now = model->now, *restrict up = model->up, *restrict down = model->down;
    const uint8_t *restrict threshold = model->threshold;
    const size_t count = model->count;
    for (size_t i = 0; i < count; i++) {
        const int16_t change = (int16_t)(now[i] - expected[i]);
        const int16_t above = (int16_t)(change - up[i]), below = (int16_t)(-change - down[i]);
        marks[i] = (above > below ? above : below) > (int16_t)threshold[i];
    }
    return count_marks(marks, count);
}

static uint32_t count_stepped(const struct cell_model *model, uint8_t *restrict marks) {
    const uint8_t *restrict now = model->now, *restrict before = model->before[0];
    const uint8_t *restrict threshold = model->threshold;
    const size_t count = model->count;
    for (size_t i = 0; i < count; i++) {
        const uint8_t high = now[i] > before[i] ? now[i] : before[i], low = now[i] > before[i] ? before[i] : now[i];
        marks[i] = (uint8_t)(high - low) > threshold[i];
    }
    return count_marks(marks, count);
}

/* Rows of a picture. */
struct row_range {
    uint32_t first, end;
};

/* Those that are looked at around the marked cells, of which there are some. */
static struct row_range rows_around(const struct cell_model *model, const uint8_t *marks) {
    size_t first = 0, last = model->count - 1;
    while (marks[first] == 0) {
        first++;
    }
    while (marks[last] == 0) {
        last--;
    }
    const uint32_t top = (uint32_t)(first / model->columns), bottom = (uint32_t)(last / model->columns) + 1;
    return (struct row_range){.first = top > AROUND_CELLS ? top - AROUND_CELLS : 0,
                              .end = bottom + AROUND_CELLS < model->rows ? bottom + AROUND_CELLS : model->rows};
}

/* The sums of all cells above and to the left, from the first of the rows on. */
static void add_up(const uint8_t *picture, uint32_t columns, struct row_range rows, uint32_t *sums) {
    memset(sums + (size_t)rows.first * (columns + 1), 0, (columns + 1) * sizeof *sums);
    for (uint32_t row = rows.first; row < rows.end; row++) {
        const uint32_t *above = sums + (size_t)row * (columns + 1);
        uint32_t *here = sums + (size_t)(row + 1) * (columns + 1);
        uint32_t sum = 0;
        for (uint32_t column = 0; column < columns; column++) {
            sum += picture[(size_t)row * columns + column];
            here[column + 1] = above[column + 1] + sum;
        }
    }
}

static uint32_t sum_around(const uint32_t *sums, uint32_t columns, uint32_t rows, uint32_t column, uint32_t row) {
    const uint32_t left = column > AROUND_CELLS ? column - AROUND_CELLS : 0;
    const uint32_t top = row > AROUND_CELLS ? row - AROUND_CELLS : 0;
    const uint32_t right = column + AROUND_CELLS < columns ? column + AROUND_CELLS + 1 : columns;
    const uint32_t bottom = row + AROUND_CELLS < rows ? row + AROUND_CELLS + 1 : rows;
    const size_t width = columns + 1;
    return sums[bottom * width + right] - sums[bottom * width + left] - sums[top * width + right] +
           sums[top * width + left];
}

/* How far a cell is from what it would be if all around it had only become brighter or darker: little in a shadow with
 * soft edges, or in the cone of a lamp. */
static int distance_in_light(const struct cell_model *model, size_t i) {
    const uint32_t column = (uint32_t)(i % model->columns), row = (uint32_t)(i / model->columns);
    const uint32_t now = sum_around(model->sums_now, model->columns, model->rows, column, row);
    const uint32_t steady = sum_around(model->sums_steady, model->columns, model->rows, column, row);
    const uint32_t expected = steady > 0 ? (uint32_t)((uint64_t)model->steady[i] * now / steady) : 0;
    return abs((int)model->now[i] - (int)(expected < 255 ? expected : 255));
}

/* ---- Shift ---- */

/* Marks the cells that have changed from the background as a camera sees it that is shifted so, and counts them. What a
 * shift brings in at the edge is not known. */
static uint32_t mark_changed_if_shifted(struct cell_model *model, const struct tone *tone, struct shift shift,
                                        uint8_t *expected, uint8_t *marks) {
    shift_apply(shift, model->level, model->columns, model->rows, model->steady);
    apply_tone(tone, model->steady, model->count, expected);
    mark_changed(model, expected, marks);
    shift_clear_edge(model->columns, model->rows, marks);
    return count_marks(marks, model->count);
}

/* Looks for a shift, of which so many marked cells are the trace, and leaves those that it does not explain. A small
 * one may explain less than the range around each cell does, since the shifted background is blurred. */
static uint32_t explain_by_shift(struct cell_model *model, const struct tone *tone, uint32_t marked, uint8_t *expected,
                                 uint8_t *marks, bool *is_shifted) {
    struct shift shift = {0};
    if (marked > model->watched / SHIFT_SHARE) {
        shift = shift_find(expected, model->now, model->zones, model->columns, model->rows, model->steady);
    }
    *is_shifted = shift.x != 0 || shift.y != 0;
    if (*is_shifted) {
        const uint32_t left = mark_changed_if_shifted(model, tone, shift, expected, marks);
        if (left < marked) {
            return left;
        }
        apply_tone(tone, model->level, model->count, expected);
        mark_changed(model, expected, marks);
    }
    memcpy(model->steady, model->level, model->count);
    return marked;
}

/* ---- All of it ---- */

/* Whether a cell that is beyond its threshold has changed by more than light; its state and excess, if so. */
static bool note_cell(struct cell_model *model, const struct tone *step, int expected, size_t i) {
    const int threshold = model->threshold[i];
    if (distance_in_light(model, i) <= threshold / 2) {
        return false;
    }
    const int now = model->now[i], before = model->before[0][i];
    const int distance = larger(now - expected - model->up[i], expected - now - model->down[i]);
    /* What is slow is seen over two pictures, but what has changed once, and stands still since, is not fresh again. */
    const int since_last = abs(now - step->lit[before]);
    const int since_one_before = abs(now - model->before[1][i] - step->median);
    const int fresh = since_last > threshold / 4 ? larger(since_last, since_one_before) : 0;
    const int excess = distance * 16 / threshold;
    model->excess[i] = (uint8_t)(excess < EXCESS_MAX ? excess : EXCESS_MAX);
    model->state[i] = (uint8_t)(CELL_CHANGED | (fresh > threshold * 3 / 4 ? CELL_FRESH : 0));
    return true;
}

void cell_compare(struct cell_model *model, struct cell_counts *counts) {
    struct tone tone, step;
    uint8_t *const expected = model->scratch[0], *const marks = model->scratch[1];
    find_tone(model, model->level, &tone);
    apply_tone(&tone, model->level, model->count, expected);
    *counts = (struct cell_counts){.stepped = count_stepped(model, marks)};
    uint32_t marked = mark_changed(model, expected, marks);
    memset(model->state, CELL_STILL, model->count);
    memset(model->excess, 0, model->count);
    if (marked == 0) {
        return;
    }
    marked = explain_by_shift(model, &tone, marked, expected, marks, &counts->is_shifted);
    if (marked == 0) {
        return;
    }
    find_tone(model, model->before[0], &step);
    const struct row_range rows = rows_around(model, marks);
    add_up(model->now, model->columns, rows, model->sums_now);
    add_up(model->steady, model->columns, rows, model->sums_steady);
    for (size_t i = 0; i < model->count; i++) {
        if (marks[i] != 0) {
            counts->changed += note_cell(model, &step, expected[i], i);
        }
    }
    counts->lit = marked - counts->changed;
}
