#include "broker/recording/catalogue/timeline.h"

#include "broker/base/saturating.h"

#include <assert.h>
#include <stdlib.h>

#define SLICE 64

static struct timeline_stretch stretch_of(const struct catalogue_stretch *found) {
    return (struct timeline_stretch){
        .start_ns = found->start_ns, .end_ns = found->end_ns, .bytes = found->bytes, .is_full = found->is_full};
}

/* Up to max, one after the other. *fits: there are no more. */
static enum err read_all(struct catalogue *catalogue, const char *camera_id, int64_t from_ns, int64_t to_ns,
                         struct timeline_stretch *stretches, size_t max, size_t *count, bool *fits) {
    struct catalogue_stretch slice[SLICE];
    size_t read = SLICE;
    int64_t after_ns = INT64_MIN;
    enum err error = ERR_OK;
    *count = 0;
    *fits = true;
    while (error == ERR_OK && read == SLICE && *fits) {
        error = catalogue_read_stretches(catalogue, camera_id, from_ns, to_ns, after_ns, slice, SLICE, &read);
        for (size_t i = 0; error == ERR_OK && *fits && i < read; i++) {
            if (*count == max) {
                *fits = false;
                break;
            }
            stretches[(*count)++] = stretch_of(&slice[i]);
            after_ns = slice[i].start_ns;
        }
    }
    return error;
}

/* Extends it by those that begin within gap_ns of its end; *newest_ns: where the last of them begins. */
static enum err extend(struct catalogue *catalogue, const char *camera_id, int64_t to_ns, int64_t gap_ns,
                       struct timeline_stretch *stretch, int64_t *newest_ns) {
    struct catalogue_stretch next;
    enum err error;
    *newest_ns = stretch->start_ns;
    while ((error = catalogue_last_stretch(catalogue, camera_id, stretch->is_full, *newest_ns,
                                           min_i64(add_i64(stretch->end_ns, gap_ns), to_ns), &next)) == ERR_OK) {
        *newest_ns = next.start_ns;
        stretch->end_ns = max_i64(stretch->end_ns, next.end_ns);
        stretch->gaps_ns = gap_ns;
        stretch->bytes = 0;
    }
    return error == ERR_NOT_FOUND ? ERR_OK : error;
}

/* Those of a kind that begin at first_ns or later; adds them. Between two of them there are more than gap_ns. */
static enum err read_merged(struct catalogue *catalogue, const char *camera_id, bool is_full, int64_t first_ns,
                            int64_t to_ns, int64_t gap_ns, struct timeline_stretch *stretches, size_t max,
                            size_t *count) {
    struct catalogue_stretch next;
    int64_t newest_ns = subtract_i64(first_ns, 1);
    enum err error = ERR_OK;
    while (*count < max && error == ERR_OK &&
           (error = catalogue_first_stretch(catalogue, camera_id, is_full, newest_ns, to_ns, &next)) == ERR_OK) {
        struct timeline_stretch *stretch = &stretches[(*count)++];
        *stretch = stretch_of(&next);
        error = extend(catalogue, camera_id, to_ns, gap_ns, stretch, &newest_ns);
    }
    return error == ERR_NOT_FOUND ? ERR_OK : error;
}

static int compare_starts(const void *one, const void *other) {
    const struct timeline_stretch *left = one, *right = other;
    return (left->start_ns > right->start_ns) - (left->start_ns < right->start_ns);
}

/* *fits: there are no more than max. */
static enum err read_both(struct catalogue *catalogue, const char *camera_id, int64_t first_ns, int64_t last_ns,
                          int64_t gap_ns, struct timeline_stretch *stretches, size_t max, size_t *count, bool *fits) {
    *count = 0;
    enum err error = read_merged(catalogue, camera_id, false, first_ns, last_ns, gap_ns, stretches, max, count);
    if (error == ERR_OK) {
        error = read_merged(catalogue, camera_id, true, first_ns, last_ns, gap_ns, stretches, max, count);
    }
    *fits = *count < max;
    qsort(stretches, *count, sizeof *stretches, compare_starts);
    return error;
}

/* With gaps as short as fit: at the latest where half of the room has space for either kind. */
static enum err read_shortest(struct catalogue *catalogue, const char *camera_id, int64_t first_ns, int64_t last_ns,
                              struct timeline_stretch *stretches, size_t max, size_t *count) {
    const int64_t span_ns = max_i64(subtract_i64(last_ns, first_ns), 0);
    enum err error = ERR_OK;
    bool fits = false;
    for (size_t gaps = max; gaps >= max / 2 && !fits && error == ERR_OK; gaps /= 2) {
        error = read_both(catalogue, camera_id, first_ns, last_ns, span_ns / (int64_t)gaps + 1, stretches, max, count,
                          &fits);
    }
    return error;
}

enum err timeline_read(struct catalogue *catalogue, const char *camera_id, int64_t from_ns, int64_t to_ns,
                       struct timeline_stretch *stretches, size_t max, size_t *count) {
    struct catalogue_camera camera;
    bool fits = false;
    assert(max >= 2);
    enum err error = read_all(catalogue, camera_id, from_ns, to_ns, stretches, max, count, &fits);
    if (error != ERR_OK || fits) {
        return error;
    }
    error = catalogue_find_camera(catalogue, camera_id, &camera);
    return error == ERR_OK ? read_shortest(catalogue, camera_id, stretches[0].start_ns,
                                           min_i64(to_ns, camera.newest_ns), stretches, max, count)
                           : error;
}
