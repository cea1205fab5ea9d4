/* The motion detector: masks and zones of any polygons that the configuration accepts, pictures of any size and
 * contents, and clocks of any kind. Boxes, scores and cells stay within their bounds, masked cells never move, and
 * every event that ends has begun. */
#include "cameras/motion/motion_events.h"
#include "cameras/motion/zone_map.h"
#include "tests/fuzz/fuzz.h"

#include "broker/base/clock.h"

#define FRAMES_MAX 24u
#define POLYGONS_MAX 4u

struct input {
    const uint8_t *bytes;
    size_t count;
};

static unsigned take(struct input *input) {
    if (input->count == 0) {
        return 0;
    }
    input->count--;
    return *input->bytes++;
}

static struct polygon_point points[2 * POLYGONS_MAX][8];

/* False: the configuration would refuse it. */
static bool take_polygon(struct input *input, size_t place, struct polygon *polygon) {
    const size_t count = 3 + take(input) % 6;
    for (size_t i = 0; i < count; i++) {
        points[place][i] = (struct polygon_point){.x = take(input) / 255.0, .y = take(input) / 255.0};
    }
    *polygon = (struct polygon){.points = points[place], .count = count};
    return polygon_check(polygon, NULL) == ERR_OK;
}

static struct polygon masks[POLYGONS_MAX];
static struct motion_zone zones[POLYGONS_MAX];

static void take_settings(struct input *input, struct motion_settings *settings) {
    motion_settings_init(settings);
    settings->sensitivity = 1 + take(input) % 100;
    settings->confirm_window = 1 + take(input) % MOTION_CONFIRM_MAX;
    settings->confirm_frames = 1 + take(input) % MOTION_CONFIRM_MAX;
    settings->contrast_levels = 1 + take(input) % 128;
    settings->light_change_percent = 5 + take(input) % 96;
    settings->light_steady_percent = 1 + take(input) % 100;
    settings->absorb_ns = (int64_t)(1 + take(input)) * NS_PER_S;
    settings->min_duration_ns = take(input) * 10 * NS_PER_MS;
    settings->cooldown_ns = take(input) * 100 * NS_PER_MS;
    settings->max_duration_ns = (int64_t)(1 + take(input)) * NS_PER_S;
    settings->masks = masks;
    settings->zones = zones;
    const size_t mask_count = take(input) % (POLYGONS_MAX + 1), zone_count = take(input) % (POLYGONS_MAX + 1);
    for (size_t i = 0; i < mask_count; i++) {
        settings->mask_count += take_polygon(input, i, &masks[settings->mask_count]);
    }
    for (size_t i = 0; i < zone_count; i++) {
        struct motion_zone *zone = &zones[settings->zone_count];
        *zone = (struct motion_zone){.name = "zone", .sensitivity = take(input) % 101};
        settings->zone_count += take_polygon(input, POLYGONS_MAX + i, &zone->polygon);
    }
}

/* Pixel by pixel, by the rule that the header of polygons has. */
static void check_map(const struct motion_settings *settings, uint32_t columns, uint32_t rows) {
    zone_set *map = malloc((size_t)columns * rows * sizeof *map);
    REQUIRE(map != NULL);
    size_t watched = 0;
    const size_t result = zone_map_draw(settings, columns, rows, map);
    for (uint32_t row = 0; row < rows; row++) {
        for (uint32_t column = 0; column < columns; column++) {
            const zone_set cell = map[(size_t)row * columns + column];
            const double x = (column + 0.5) / columns, y = (row + 0.5) / rows;
            REQUIRE(cell >> zone_map_count(settings) == 0);
            watched += cell != 0;
            for (size_t i = 0; i < settings->mask_count && cell != 0; i++) {
                REQUIRE(!polygon_has(&settings->masks[i], x, y));
            }
            for (size_t i = 0; i < settings->zone_count; i++) {
                REQUIRE((cell >> i & 1) == 0 || polygon_has(&settings->zones[i].polygon, x, y));
            }
        }
    }
    REQUIRE(watched == result);
    free(map);
}

static void check_result(const struct detector_result *result, const struct motion_settings *settings) {
    REQUIRE(result->zone_count == zone_map_count(settings) && result->box_count <= MOTION_BOXES_MAX);
    REQUIRE(result->score <= MOTION_SCORE_MAX && result->differing_percent <= 100 && result->why != NULL);
    bool moving = false;
    for (size_t i = 0; i < result->zone_count; i++) {
        REQUIRE(result->zones[i].score <= MOTION_SCORE_MAX && result->zones[i].threshold <= MOTION_SCORE_MAX);
        REQUIRE(!result->zones[i].moving || result->zones[i].score >= result->zones[i].threshold);
        moving |= result->zones[i].moving;
    }
    REQUIRE(moving == result->moving && (!moving || result->state == DETECTOR_WATCHING));
    for (size_t i = 0; i < result->box_count; i++) {
        const struct motion_box *box = &result->boxes[i];
        REQUIRE(box->zones != 0 && box->width > 0 && box->height > 0);
        REQUIRE(box->x >= 0 && box->y >= 0 && box->x + box->width <= 1.001f && box->y + box->height <= 1.001f);
    }
    for (size_t i = 0; i < (size_t)result->columns * result->rows; i++) {
        REQUIRE((result->cells[i] & CELL_MASKED) == 0 || result->cells[i] == CELL_MASKED);
    }
}

static unsigned open_events;

static void report(void *user, enum motion_change change, const struct motion_event *event) {
    const struct motion_settings *settings = user;
    REQUIRE(event->zone < zone_map_count(settings) && event->trace_count <= MOTION_TRACE_MAX);
    const unsigned bit = 1u << event->zone;
    REQUIRE(((open_events & bit) != 0) == (change != MOTION_BEGAN));
    open_events = change == MOTION_BEGAN   ? open_events | bit
                  : change == MOTION_ENDED ? open_events & ~bit
                                           : open_events;
    REQUIRE(event->score <= MOTION_SCORE_MAX && event->box_count <= MOTION_BOXES_MAX);
}

/* A picture: a gradient, and boxes on it. */
static void draw(struct input *input, uint8_t *samples, uint32_t width, uint32_t height) {
    const unsigned base = take(input), slope = take(input);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        samples[i] = (uint8_t)(base + (i % width) * slope / 64);
    }
    for (unsigned boxes = take(input) % 4; boxes > 0; boxes--) {
        const uint32_t x = take(input) % width, y = take(input) % height, w = take(input) % 32, h = take(input) % 32;
        const uint8_t level = (uint8_t)take(input);
        for (uint32_t row = y; row < y + h && row < height; row++) {
            for (uint32_t column = x; column < x + w && column < width; column++) {
                samples[(size_t)row * width + column] = level;
            }
        }
    }
}

static void watch(struct input *input, const struct motion_settings *settings) {
    struct detector *detector = NULL;
    struct motion_events *events = NULL;
    struct motion_settings *borrowed = malloc(sizeof *borrowed);
    REQUIRE(borrowed != NULL);
    *borrowed = *settings;
    open_events = 0;
    REQUIRE(detector_create(settings, &detector) == ERR_OK);
    REQUIRE(motion_events_create(settings, report, borrowed, &events) == ERR_OK);
    struct motion_time time = {.monotonic_ns = NS_PER_S, .realtime_ns = NS_PER_S};
    uint32_t width = 1 + take(input) % 96, height = 1 + take(input) % 64;
    for (unsigned i = 0; i < FRAMES_MAX && input->count > 0; i++) {
        if (take(input) % 16 == 0) {
            width = 1 + take(input) % 96;
            height = 1 + take(input) % 64;
        }
        const size_t stride = width + take(input) % 4;
        uint8_t *samples = malloc(stride * height);
        REQUIRE(samples != NULL);
        draw(input, samples, width, height);
        for (uint32_t row = height; stride != width && row-- > 1;) {
            memmove(samples + row * stride, samples + (size_t)row * width, width);
        }
        const struct luma luma = {.samples = samples, .stride_bytes = stride, .width_px = width, .height_px = height};
        struct detector_result result;
        const enum err error = detector_feed(detector, &luma, time, &result);
        const bool fits = width >= DETECTOR_SIDE_MIN && height >= DETECTOR_SIDE_MIN;
        REQUIRE(error == (fits ? ERR_OK : ERR_INVALID));
        if (error == ERR_OK) {
            check_result(&result, settings);
            motion_events_feed(events, &result, time);
        }
        free(samples);
        const int64_t passed_ns = (int64_t)take(input) * 50 * NS_PER_MS;
        time.monotonic_ns += passed_ns;
        time.realtime_ns += take(input) % 8 == 0 ? -passed_ns : passed_ns;
    }
    motion_events_stop(events);
    REQUIRE(open_events == 0);
    motion_events_destroy(&events);
    detector_destroy(&detector);
    free(borrowed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    struct input input = {.bytes = bytes, .count = count};
    struct motion_settings settings;
    take_settings(&input, &settings);
    check_map(&settings, 1 + take(&input) % 128, 1 + take(&input) % 48);
    watch(&input, &settings);
    return 0;
}
