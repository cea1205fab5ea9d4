#include "cameras/simple/pattern.h"

#include "broker/base/clock.h"
#include "cameras/picture/font.h"
#include "cameras/source_rows.h"
#include "cameras/ticker.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct colour black = {0, 128, 128};
static const struct colour white = {255, 128, 128};

/* The layout in pixels, derived from the picture's size. */
struct layout {
    int margin, strip, bars_top, bars_height, disc;
    int name_top, facts_top, clock_top, date_top;
};

struct pattern {
    const struct driver_context *context;
    struct ticker ticker;
    uint16_t tag;
    struct layout layout;
    struct font *name_font, *clock_font, *small_font;
    struct mask disc;
    struct colour soft, accent;
    struct frame *background; /* the static part */
};

static uint16_t crc16(const uint8_t *bytes, size_t count) {
    uint32_t crc = 0xffff;
    for (size_t i = 0; i < count; i++) {
        crc ^= (uint32_t)bytes[i] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000) != 0 ? crc << 1 ^ 0x1021 : crc << 1;
        }
    }
    return (uint16_t)crc;
}

uint16_t pattern_tag(const char *id) { return crc16((const uint8_t *)id, strlen(id)); }

static void draw_strip(const struct canvas *canvas, uint16_t tag, uint32_t sequence) {
    uint8_t fields[8] = {(uint8_t)(tag >> 8),       (uint8_t)tag,
                         (uint8_t)(sequence >> 24), (uint8_t)(sequence >> 16),
                         (uint8_t)(sequence >> 8),  (uint8_t)sequence};
    uint16_t crc = crc16(fields, 6);
    fields[6] = (uint8_t)(crc >> 8);
    fields[7] = (uint8_t)crc;
    int width = (int)canvas->width_px;
    int height = PATTERN_STRIP_HEIGHT((int)canvas->height_px);
    for (int cell = 0; cell < PATTERN_STRIP_CELLS; cell++) {
        int left = cell * width / PATTERN_STRIP_CELLS;
        int right = (cell + 1) * width / PATTERN_STRIP_CELLS;
        bool set = (fields[cell / 8] >> (7 - cell % 8) & 1) != 0;
        draw_box(canvas, left, (int)canvas->height_px - height, right - left, height, set ? white : black);
    }
}

static int part(int pixels, double share) { return (int)lround(pixels * share); }

static enum err make_layout(struct pattern *pattern) {
    int width = (int)pattern->context->settings->width_px;
    int height = (int)pattern->context->settings->height_px;
    int unit = height < width * 9 / 16 ? height : width * 9 / 16;
    int small = unit < 150 ? 8 : part(unit, 0.055);
    enum err error = font_create((uint32_t)part(unit, 0.11) + 2, &pattern->name_font);
    if (error == ERR_OK) {
        error = font_create((uint32_t)part(unit, 0.17) + 2, &pattern->clock_font);
    }
    if (error == ERR_OK) {
        error = font_create((uint32_t)small, &pattern->small_font);
    }
    if (error == ERR_OK) {
        error = mask_create_disc(part(unit, 0.3), &pattern->disc);
    }
    if (error != ERR_OK) {
        return error;
    }
    struct layout *layout = &pattern->layout;
    layout->margin = part(unit, 0.06);
    layout->strip = PATTERN_STRIP_HEIGHT(height);
    layout->bars_height = part(unit, 0.05);
    layout->bars_top = height - layout->strip - layout->bars_height;
    layout->name_top = part(unit, 0.045);
    layout->facts_top = layout->name_top + font_line_height(pattern->name_font);
    layout->date_top = layout->bars_top - part(unit, 0.03) - font_line_height(pattern->small_font);
    layout->clock_top = layout->date_top - font_line_height(pattern->clock_font);
    return ERR_OK;
}

/* The colour bars of SMPTE EG 1, at 75 %. */
static void draw_bars(const struct canvas *canvas, const struct layout *layout) {
    static const uint8_t bars[][3] = {{191, 191, 191}, {191, 191, 0}, {0, 191, 191}, {0, 191, 0},
                                      {191, 0, 191},   {191, 0, 0},   {0, 0, 191}};
    const int count = sizeof bars / sizeof bars[0];
    int width = (int)canvas->width_px;
    for (int i = 0; i < count; i++) {
        int left = i * width / count;
        draw_box(canvas, left, layout->bars_top, (i + 1) * width / count - left, layout->bars_height,
                 colour_from_rgb(bars[i][0], bars[i][1], bars[i][2]));
    }
}

static enum err draw_background(struct pattern *pattern) {
    const struct driver_context *context = pattern->context;
    const struct layout *layout = &pattern->layout;
    struct canvas canvas;
    enum err error = canvas_create(context->pool, context->settings->width_px, context->settings->height_px,
                                   &pattern->background, &canvas);
    if (error != ERR_OK) {
        return error;
    }
    double hue = pattern->tag % 360;
    int width = (int)canvas.width_px;
    int height = (int)canvas.height_px;
    for (int row = 0; row < height; row++) {
        double depth = (double)row / height;
        draw_box(&canvas, 0, row, width, 1, colour_from_hsv(hue, 0.55 + 0.25 * depth, 0.52 - 0.40 * depth));
    }
    draw_bars(&canvas, layout);
    return ERR_OK;
}

static void pattern_close(void *state) {
    struct pattern *pattern = state;
    frame_unref(&pattern->background);
    mask_finish(&pattern->disc);
    font_destroy(&pattern->name_font);
    font_destroy(&pattern->clock_font);
    font_destroy(&pattern->small_font);
    free(pattern);
}

static enum err pattern_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                             struct reason *reason) {
    (void)deadline_ns; /* opening waits for nothing */
    struct pattern *pattern = calloc(1, sizeof *pattern);
    if (pattern == NULL) {
        return ERR_MEMORY;
    }
    pattern->context = context;
    pattern->tag = pattern_tag(context->id);
    double hue = pattern->tag % 360;
    pattern->soft = colour_from_hsv(hue, 0.15, 0.9);
    pattern->accent = colour_from_hsv(hue + 40, 0.6, 0.68);
    enum err error = make_layout(pattern);
    if (error == ERR_OK) {
        error = draw_background(pattern);
    }
    if (error != ERR_OK) {
        reason_set(reason, "the test picture cannot be drawn: %s", err_text(error));
        pattern_close(pattern);
        return error;
    }
    ticker_init(&pattern->ticker, context->settings->fps);
    *state = pattern;
    return ERR_OK;
}

/* Back and forth between 0 and range, once in period_s of the sequence. */
static int bounce(uint64_t sequence, double fps, double period_s, int range) {
    double phase = fmod((double)sequence / fps / period_s, 1);
    return part(range, phase < 0.5 ? 2 * phase : 2 - 2 * phase);
}

static void draw_moving(const struct pattern *pattern, const struct canvas *canvas, uint64_t sequence,
                        int64_t realtime_ns) {
    const struct layout *layout = &pattern->layout;
    double fps = pattern->context->settings->fps;
    int width = (int)canvas->width_px;
    draw_mask(canvas, &pattern->disc, bounce(sequence, fps, 7, width - pattern->disc.width_px),
              bounce(sequence, fps, 4, layout->bars_top - pattern->disc.height_px), pattern->accent);

    int text_width = width - 2 * layout->margin;
    draw_text_within(canvas, pattern->name_font, layout->margin, layout->name_top, text_width, pattern->context->name,
                     white);
    char facts[64];
    snprintf(facts, sizeof facts, "%dx%d  %g fps", width, (int)canvas->height_px, fps);
    draw_text_within(canvas, pattern->small_font, layout->margin, layout->facts_top, text_width, facts, pattern->soft);

    char utc[CLOCK_TEXT_BYTES];
    clock_format_utc(realtime_ns, 3, utc);
    char date[16];
    char time[16];
    snprintf(date, sizeof date, "%.10s UTC", utc);
    snprintf(time, sizeof time, "%.12s", utc + sizeof "2026-01-01T" - 1);
    draw_text(canvas, pattern->clock_font, layout->margin, layout->clock_top, time, SIZE_MAX, white);
    draw_text(canvas, pattern->small_font, layout->margin, layout->date_top, date, SIZE_MAX, pattern->soft);
    char number[24];
    snprintf(number, sizeof number, "#%" PRIu64, sequence);
    draw_text(canvas, pattern->small_font,
              width - layout->margin - font_text_width(pattern->small_font, number, SIZE_MAX), layout->date_top, number,
              SIZE_MAX, pattern->soft);
    if (width >= PATTERN_STRIP_MIN_WIDTH) {
        draw_strip(canvas, pattern->tag, (uint32_t)sequence);
    }
}

static enum err pattern_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                             struct reason *reason) {
    struct pattern *pattern = state;
    const struct driver_context *context = pattern->context;
    enum err error = ticker_wait(&pattern->ticker, context, deadline_ns, lost);
    if (error != ERR_OK) {
        return error;
    }
    struct canvas canvas;
    error = canvas_create(context->pool, context->settings->width_px, context->settings->height_px, frame, &canvas);
    if (error != ERR_OK) {
        reason_set(reason, "the test picture cannot be drawn: %s", err_text(error));
        return error;
    }
    struct frame_info *info = frame_edit_info(*frame);
    info->captured_monotonic_ns = clock_monotonic_ns();
    info->captured_realtime_ns = clock_realtime_ns();
    struct span background = frame_payload(pattern->background);
    memcpy(frame_data(*frame), background.bytes, background.count);
    draw_moving(pattern, &canvas, sequence + *lost, info->captured_realtime_ns);
    return ERR_OK;
}

static void pattern_describe(void *state, struct driver_description *description) {
    const struct pattern *pattern = state;
    description->width_px = pattern->context->settings->width_px;
    description->height_px = pattern->context->settings->height_px;
    description->format = frame_format_name(FRAME_I420);
}

static const struct setting rows[] = {
    {SOURCE_WIDTH, .fallback = 1280, .help = SOURCE_WIDTH_HELP},
    {SOURCE_HEIGHT, .fallback = 720, .help = SOURCE_HEIGHT_HELP},
    {SOURCE_FPS, .fallback = 30, .help = SOURCE_FPS_HELP},
    SOURCE_QUALITY,
    SOURCE_FAULTS,
};

const struct setting_table pattern_settings_table = {
    .name = "pattern",
    .help = "Draws a moving test picture.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

const struct driver_ops pattern_driver = {
    .open = pattern_open,
    .read = pattern_read,
    .describe = pattern_describe,
    .close = pattern_close,
};
