#include "cameras/motion/blobs.h"

#include <stdbool.h>
#include <string.h>

static uint32_t root_of(uint32_t *equal, uint32_t label) {
    while (equal[label] != label) {
        equal[label] = equal[equal[label]];
        label = equal[label];
    }
    return label;
}

/* The lower label stays the root. */
static uint32_t unite(uint32_t *equal, uint32_t a, uint32_t b) {
    a = root_of(equal, a);
    b = root_of(equal, b);
    if (a > b) {
        equal[a] = b;
        return b;
    }
    equal[b] = a;
    return a;
}

/* The label of what lies before a cell, in reading order, and within reach of it; 0: nothing. */
static uint32_t label_before(const struct blob_grid *grid, uint32_t reach, uint32_t column, uint32_t row) {
    const uint32_t left = column > reach ? column - reach : 0, top = row > reach ? row - reach : 0;
    const uint32_t right = column + reach < grid->columns ? column + reach : grid->columns - 1;
    uint32_t label = 0;
    for (uint32_t y = top; y <= row; y++) {
        const uint32_t *labels = grid->labels + (size_t)y * grid->columns;
        for (uint32_t x = left; y < row ? x <= right : x < column; x++) {
            if (labels[x] != 0 && labels[x] != label) {
                label = label == 0 ? labels[x] : unite(grid->equal, label, labels[x]);
            }
        }
    }
    return label;
}

static uint32_t label_cells(const struct blob_grid *grid, uint32_t reach) {
    uint32_t count = 0;
    for (uint32_t row = 0; row < grid->rows; row++) {
        for (uint32_t column = 0; column < grid->columns; column++) {
            const size_t cell = (size_t)row * grid->columns + column;
            if (grid->strengths[cell] == 0) {
                continue;
            }
            uint32_t label = label_before(grid, reach, column, row);
            if (label == 0) {
                label = ++count;
                grid->equal[label] = label;
            }
            grid->labels[cell] = label;
        }
    }
    return count;
}

static void add_cell(const struct blob_grid *grid, struct blob *blob, uint32_t column, uint32_t row) {
    const size_t cell = (size_t)row * grid->columns + column;
    blob->box.left = column < blob->box.left ? column : blob->box.left;
    blob->box.right = column + 1 > blob->box.right ? column + 1 : blob->box.right;
    blob->box.top = row < blob->box.top ? row : blob->box.top;
    blob->box.bottom = row + 1;
    blob->cells++;
    for (size_t i = 0; i < grid->zone_count; i++) {
        if ((grid->zones[cell] >> i & 1) != 0) {
            blob->strength[i] += grid->strengths[cell];
            blob->total = blob->strength[i] > blob->total ? blob->strength[i] : blob->total;
        }
    }
}

/* The sums of strengths by root, so that only the strongest are looked at more closely. */
static size_t choose_roots(const struct blob_grid *grid, uint32_t *sums, struct blob blobs[BLOBS_MAX]) {
    const size_t cells = (size_t)grid->columns * grid->rows;
    for (size_t i = 0; i < cells; i++) {
        if (grid->labels[i] != 0) {
            grid->labels[i] = root_of(grid->equal, grid->labels[i]);
        }
    }
    /* From here on, `equal` is no longer needed for the labels, which are roots. */
    for (size_t i = 0; i < cells; i++) {
        sums[grid->labels[i]] = 0;
    }
    for (size_t i = 0; i < cells; i++) {
        sums[grid->labels[i]] += grid->strengths[i];
    }
    size_t count = 0;
    for (size_t i = 0; i < cells; i++) {
        const uint32_t root = grid->labels[i];
        if (root == 0 || sums[root] == 0) {
            continue;
        }
        size_t place = count < BLOBS_MAX ? count++ : BLOBS_MAX;
        const uint32_t sum = sums[root];
        sums[root] = 0;
        while (place > 0 && blobs[place - 1].total < sum) {
            if (place < BLOBS_MAX) {
                blobs[place] = blobs[place - 1];
            }
            place--;
        }
        if (place < BLOBS_MAX) {
            blobs[place] = (struct blob){.label = root, .total = sum};
        }
    }
    return count;
}

static bool is_empty(const uint8_t *strengths, size_t count) {
    uint8_t any = 0;
    for (size_t i = 0; i < count; i++) {
        any |= strengths[i];
    }
    return any == 0;
}

/* The rows from the first to the last that has something. */
static struct blob_grid crop(const struct blob_grid *grid, uint32_t *top) {
    uint32_t first = 0, end = grid->rows;
    while (first < end && is_empty(grid->strengths + (size_t)first * grid->columns, grid->columns)) {
        first++;
    }
    while (end > first && is_empty(grid->strengths + (size_t)(end - 1) * grid->columns, grid->columns)) {
        end--;
    }
    const size_t cells = (size_t)first * grid->columns;
    *top = first;
    return (struct blob_grid){.columns = grid->columns,
                              .rows = end - first,
                              .strengths = grid->strengths + cells,
                              .zones = grid->zones + cells,
                              .zone_count = grid->zone_count,
                              .labels = grid->labels + cells,
                              .equal = grid->equal};
}

size_t blobs_find(const struct blob_grid *grid, uint32_t reach, struct blob blobs[BLOBS_MAX]) {
    uint32_t top;
    const struct blob_grid part = crop(grid, &top);
    memset(grid->labels, 0, (size_t)grid->columns * grid->rows * sizeof *grid->labels);
    if (label_cells(&part, reach) == 0) {
        return 0;
    }
    const size_t count = choose_roots(&part, part.equal, blobs);
    for (size_t i = 0; i < count; i++) {
        blobs[i] = (struct blob){.label = blobs[i].label, .box = {.left = part.columns, .top = part.rows}};
        part.equal[blobs[i].label] = (uint32_t)i + 1;
    }
    for (uint32_t row = 0; row < part.rows; row++) {
        for (uint32_t column = 0; column < part.columns; column++) {
            const uint32_t label = part.labels[(size_t)row * part.columns + column];
            if (label != 0 && part.equal[label] != 0) {
                add_cell(&part, &blobs[part.equal[label] - 1], column, row);
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        blobs[i].box.top += top;
        blobs[i].box.bottom += top;
    }
    return count;
}
