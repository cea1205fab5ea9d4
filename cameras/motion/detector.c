#include "cameras/motion/detector.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "cameras/motion/blobs.h"
#include "cameras/motion/cell_compare.h"
#include "cameras/motion/score.h"
#include "cameras/motion/tracks.h"

#include <stdlib.h>
#include <string.h>

/* How long a picture is learnt: after the start, and after the light has changed, once it is steady. */
#define CALIBRATE_NS (2 * NS_PER_S)
#define CALIBRATE_MAX_NS (5 * NS_PER_S) /* of a camera that is slower than the frames that are analysed */
#define CALIBRATE_FRAMES 4
#define RECALIBRATE_FRAMES 2
#define IGNORE_MAX_NS (10 * NS_PER_S)
/* A longer time without a frame: the picture is another one. */
#define GAP_NS (10 * NS_PER_S)
#define ADAPT_NS (300 * NS_PER_MS)
/* Cells so far apart are of one blob: what moves has parts that look like its background. */
#define REACH_CELLS 2
/* From so many blobs on they are clutter, whose strength is that of the first in so many. */
#define CLUTTER_BLOBS 16
#define CLUTTER_RANK 16
/* When so much more or less of the picture than in the last frame is lit unevenly, clutter has this score. */
#define UNEVEN_LIGHT_PERCENT 2
#define UNEVEN_LIGHT_SCORE 48
/* While the camera shakes, clutter has this one. */
#define SHAKE_SCORE 34

struct detector {
    const struct motion_settings *settings;
    struct cell_model *model; /* NULL: no picture yet */
    enum detector_state state;
    const char *why;
    bool is_new; /* the next picture is the first */
    struct motion_time last;
    int64_t state_ns;     /* since when it calibrates or ignores */
    unsigned learnt;      /* pictures, since then */
    int64_t behind_ns;    /* what has passed since the background followed */
    uint32_t percents[2]; /* of the cells that had changed in the last two pictures */
    struct tracks tracks;
    uint32_t lit_percent; /* of the cells in the last picture, see cell_counts */
    uint32_t clutter;     /* the strength of blobs that rain, or a camera that shakes, makes everywhere; 0: none */
    size_t zone_count;
    uint32_t thresholds[MOTION_ZONES_MAX]; /* of strength, for this size of picture */
    uint8_t *cells, *strengths;
    uint32_t *labels, *equal;
    struct blob blobs[BLOBS_MAX];
};

/* ---- Lifecycle ---- */

enum err detector_create(const struct motion_settings *settings, struct detector **detector) {
    struct detector *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    created->settings = settings;
    created->zone_count = zone_map_count(settings);
    detector_forget(created);
    *detector = created;
    return ERR_OK;
}

static void free_cells(struct detector *detector) {
    cell_model_destroy(&detector->model);
    free(detector->labels);
    detector->labels = NULL;
}

void detector_destroy(struct detector **detector) {
    if (*detector != NULL) {
        free_cells(*detector);
        free(*detector);
        *detector = NULL;
    }
}

void detector_forget(struct detector *detector) { detector->is_new = true; }

static unsigned zone_sensitivity(const struct detector *detector, size_t zone) {
    const struct motion_settings *settings = detector->settings;
    const unsigned own = zone < settings->zone_count ? settings->zones[zone].sensitivity : 0;
    return own != 0 ? own : settings->sensitivity;
}

static enum err make_cells(struct detector *detector, uint32_t columns, uint32_t rows) {
    free_cells(detector);
    const size_t count = (size_t)columns * rows;
    detector->labels = malloc((2 * count + 1) * sizeof *detector->labels + 2 * count);
    if (detector->labels == NULL) {
        return ERR_MEMORY;
    }
    detector->equal = detector->labels + count;
    detector->cells = (uint8_t *)(detector->equal + count + 1);
    detector->strengths = detector->cells + count;
    for (size_t i = 0; i < detector->zone_count; i++) {
        detector->thresholds[i] = score_strength(score_threshold(zone_sensitivity(detector, i)), count);
    }
    return cell_model_create(detector->settings, columns, rows, &detector->model);
}

/* ---- Learning ---- */

static void begin(struct detector *detector, enum detector_state state, const char *why, int64_t now_ns) {
    detector->state = state;
    detector->why = why;
    detector->state_ns = now_ns;
    detector->learnt = 0;
    detector->behind_ns = 0;
    detector->tracks.count = 0;
    detector->percents[0] = detector->percents[1] = 0;
}

static uint32_t percent_of(const struct detector *detector, uint32_t cells) {
    const size_t watched = detector->model->watched;
    return watched > 0 ? (uint32_t)((uint64_t)cells * 100 / watched) : 0;
}

/* A picture while nothing is looked for. After a change of the light, the picture is the background again and again
 * until it is steady. */
static void learn(struct detector *detector, const struct luma *picture, int64_t now_ns) {
    cell_model_take(detector->model, picture);
    if (detector->state == DETECTOR_IGNORING && detector->learnt > 0) {
        struct cell_counts counts;
        cell_compare(detector->model, &counts);
        if (percent_of(detector, counts.stepped) >= detector->settings->light_steady_percent &&
            subtract_i64(now_ns, detector->state_ns) < IGNORE_MAX_NS) {
            detector->learnt = 0;
        }
    }
    cell_model_learn(detector->model, now_ns, ++detector->learnt);
    const int64_t passed_ns = subtract_i64(now_ns, detector->state_ns);
    const double wanted = detector->settings->fps * clock_seconds(CALIBRATE_NS);
    const bool is_known = detector->learnt >= wanted || passed_ns >= CALIBRATE_MAX_NS;
    const bool is_long_enough = detector->state == DETECTOR_IGNORING
                                    ? detector->learnt >= RECALIBRATE_FRAMES
                                    : detector->learnt >= CALIBRATE_FRAMES && passed_ns >= CALIBRATE_NS && is_known;
    if (is_long_enough) {
        begin(detector, DETECTOR_WATCHING, "", now_ns);
    }
}

/* ---- Watching ---- */

/* Whether so much has changed within two pictures that nothing that moves can have done it. */
static bool is_light_change(struct detector *detector, const struct cell_counts *counts) {
    const uint32_t most = detector->settings->light_change_percent;
    const uint32_t percent = percent_of(detector, counts->changed);
    const uint32_t before =
        detector->percents[0] < detector->percents[1] ? detector->percents[0] : detector->percents[1];
    detector->percents[1] = detector->percents[0];
    detector->percents[0] = percent;
    return most < 100 && (percent >= before + most || percent_of(detector, counts->stepped) >= most);
}

/* Changed cells that are fresh, or near to one that is. */
static void find_strengths(struct detector *detector) {
    const struct cell_model *model = detector->model;
    const uint32_t columns = model->columns, rows = model->rows;
    memset(detector->strengths, 0, model->count);
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t column = 0; column < columns; column++) {
            if ((model->state[(size_t)row * columns + column] & CELL_FRESH) == 0) {
                continue;
            }
            const uint32_t left = column > REACH_CELLS ? column - REACH_CELLS : 0;
            const uint32_t right = column + REACH_CELLS < columns ? column + REACH_CELLS : columns - 1;
            const uint32_t top = row > REACH_CELLS ? row - REACH_CELLS : 0;
            const uint32_t bottom = row + REACH_CELLS < rows ? row + REACH_CELLS : rows - 1;
            for (uint32_t y = top; y <= bottom; y++) {
                memcpy(detector->strengths + (size_t)y * columns + left, model->excess + (size_t)y * columns + left,
                       right - left + 1);
            }
        }
    }
}

static struct motion_box box_of(const struct detector *detector, const struct cell_box *box, zone_set zones) {
    const float columns = (float)detector->model->columns, rows = (float)detector->model->rows;
    return (struct motion_box){.x = (float)box->left / columns,
                               .y = (float)box->top / rows,
                               .width = (float)(box->right - box->left) / columns,
                               .height = (float)(box->bottom - box->top) / rows,
                               .zones = zones};
}

static void note_blob(const struct detector *detector, const struct blob *blob, zone_set confirmed,
                      const struct track *track, struct detector_result *result) {
    for (size_t i = 0; i < detector->zone_count; i++) {
        struct zone_result *zone = &result->zones[i];
        const unsigned score = score_of(blob->strength[i], detector->model->count);
        zone->score = score > zone->score ? score : zone->score;
        if ((confirmed >> i & 1) != 0) {
            if (!zone->moving || track->since[i].monotonic_ns < zone->since.monotonic_ns) {
                zone->since = track->since[i];
            }
            zone->moving = true;
        }
    }
    if (confirmed != 0 && result->box_count < MOTION_BOXES_MAX) {
        result->boxes[result->box_count++] = box_of(detector, &blob->box, confirmed);
    }
}

static void show_blob(struct detector *detector, const struct blob *blob) {
    for (uint32_t row = blob->box.top; row < blob->box.bottom; row++) {
        for (uint32_t column = blob->box.left; column < blob->box.right; column++) {
            const size_t cell = (size_t)row * detector->model->columns + column;
            detector->cells[cell] |= detector->labels[cell] == blob->label ? CELL_MOVES : 0;
        }
    }
}

/* More blobs than people and animals make come from something else; where the light changes unevenly, what it shines on
 * changes more than the rest; and where the camera shakes, edges do. Then only what is much stronger is looked at. It
 * passes in the frames after the last that was so. */
static void find_clutter(struct detector *detector, const struct cell_counts *counts, size_t blob_count) {
    const uint32_t lit_percent = percent_of(detector, counts->lit);
    const int brighter = (int)lit_percent - (int)detector->lit_percent;
    const unsigned score = abs(brighter) >= UNEVEN_LIGHT_PERCENT ? UNEVEN_LIGHT_SCORE
                           : counts->is_shifted                  ? SHAKE_SCORE
                                                                 : 0;
    const uint32_t shared = score > 0 ? score_strength(score, detector->model->count) : 0;
    const uint32_t blobs = blob_count >= CLUTTER_BLOBS ? detector->blobs[blob_count / CLUTTER_RANK].total : 0;
    const uint32_t now = shared > blobs ? shared : blobs;
    const uint32_t before = detector->clutter / 4 * 3;
    detector->clutter = now > before ? now : before;
    detector->lit_percent = lit_percent;
}

static size_t find_blobs(struct detector *detector) {
    const struct cell_model *model = detector->model;
    find_strengths(detector);
    const struct blob_grid grid = {.columns = model->columns,
                                   .rows = model->rows,
                                   .strengths = detector->strengths,
                                   .zones = model->zones,
                                   .zone_count = detector->zone_count,
                                   .labels = detector->labels,
                                   .equal = detector->equal};
    return blobs_find(&grid, REACH_CELLS, detector->blobs);
}

static void watch(struct detector *detector, const struct cell_counts *counts, struct motion_time time,
                  struct detector_result *result) {
    const size_t count = counts->changed > 0 ? find_blobs(detector) : 0;
    find_clutter(detector, counts, count);
    zone_set confirmed[BLOBS_MAX];
    const struct track *tracks[BLOBS_MAX];
    const struct track_rules rules = {.settings = detector->settings,
                                      .zone_count = detector->zone_count,
                                      .thresholds = detector->thresholds,
                                      .clutter = detector->clutter};
    tracks_follow(&detector->tracks, &rules, detector->blobs, count, time, confirmed, tracks);
    for (size_t i = 0; i < count; i++) {
        note_blob(detector, &detector->blobs[i], confirmed[i], tracks[i], result);
        if (confirmed[i] != 0) {
            show_blob(detector, &detector->blobs[i]);
        }
    }
}

/* The background changes slowly: it need not follow every picture. */
static void adapt(struct detector *detector, int64_t now_ns, int64_t period_ns) {
    detector->behind_ns += period_ns;
    if (detector->behind_ns >= ADAPT_NS) {
        cell_model_adapt(detector->model, detector->settings->absorb_ns, detector->behind_ns);
        detector->behind_ns = 0;
    }
    cell_model_keep(detector->model, now_ns);
}

/* ---- The result ---- */

static void begin_result(const struct detector *detector, struct detector_result *result) {
    *result = (struct detector_result){.why = "", .zone_count = detector->zone_count};
    for (size_t i = 0; i < detector->zone_count; i++) {
        result->zones[i].threshold = score_threshold(zone_sensitivity(detector, i));
    }
    result->threshold = result->zones[0].threshold;
}

static void finish_result(const struct detector *detector, struct detector_result *result) {
    result->state = detector->state;
    result->why = detector->why;
    for (size_t i = 0; i < result->zone_count; i++) {
        const struct zone_result *zone = &result->zones[i];
        result->moving |= zone->moving;
        if (zone->score > result->score) {
            result->score = zone->score;
            result->threshold = zone->threshold;
        }
    }
    result->columns = detector->model->columns;
    result->rows = detector->model->rows;
    result->cells = detector->cells;
}

static void show_cells(struct detector *detector) {
    const uint8_t *restrict state = detector->model->state;
    const zone_set *restrict zones = detector->model->zones;
    uint8_t *restrict cells = detector->cells;
    const size_t count = detector->model->count;
    for (size_t i = 0; i < count; i++) {
        cells[i] = (uint8_t)((state[i] != CELL_STILL ? CELL_DIFFERS : 0) | (zones[i] == 0 ? CELL_MASKED : 0));
    }
}

/* The time since the last picture; a clock that does not advance counts as a period. */
static int64_t period_since(const struct detector *detector, struct motion_time time) {
    const int64_t passed_ns = subtract_i64(time.monotonic_ns, detector->last.monotonic_ns);
    return passed_ns > 0 ? passed_ns : (int64_t)((double)NS_PER_S / detector->settings->fps);
}

enum err detector_feed(struct detector *detector, const struct luma *picture, struct motion_time time,
                       struct detector_result *result) {
    begin_result(detector, result);
    const uint32_t columns = picture->width_px, rows = picture->height_px;
    if (columns < DETECTOR_SIDE_MIN || columns > DETECTOR_SIDE_MAX || rows < DETECTOR_SIDE_MIN ||
        rows > DETECTOR_SIDE_MAX) {
        detector->is_new = true;
        return ERR_INVALID;
    }
    int64_t period_ns = period_since(detector, time);
    if (detector->model == NULL || detector->model->columns != columns || detector->model->rows != rows) {
        detector->is_new = true;
        const enum err error = make_cells(detector, columns, rows);
        if (error != ERR_OK) {
            free_cells(detector);
            return error;
        }
    }
    if (detector->is_new || period_ns > GAP_NS) {
        begin(detector, DETECTOR_CALIBRATING, "learns the picture", time.monotonic_ns);
        detector->is_new = false;
    }
    detector->last = time;
    if (detector->state == DETECTOR_WATCHING) {
        struct cell_counts counts;
        cell_model_take(detector->model, picture);
        cell_compare(detector->model, &counts);
        result->differing_percent = percent_of(detector, counts.changed);
        show_cells(detector);
        if (is_light_change(detector, &counts)) {
            begin(detector, DETECTOR_IGNORING, "most of the picture changed at once", time.monotonic_ns);
            learn(detector, picture, time.monotonic_ns);
        } else {
            watch(detector, &counts, time, result);
            adapt(detector, time.monotonic_ns, period_ns);
        }
    } else {
        learn(detector, picture, time.monotonic_ns);
        show_cells(detector);
    }
    finish_result(detector, result);
    return ERR_OK;
}
