#include "cameras/picture/placeholder.h"

#include "broker/base/clock.h"
#include "cameras/picture/font.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#define ERROR_LINES_MAX 3
#define SMALLEST_TEXT_PX 8

/* How a state looks: tiles are distinguished by colour from afar. */
struct look {
    const char *word;
    uint8_t red, green, blue;
};

static struct look look_of(enum camera_state state) {
    switch (state) {
    case STATE_IDLE: return (struct look){"Idle", 148, 158, 172};
    case STATE_STARTING: return (struct look){"Starting", 92, 164, 255};
    case STATE_LIVE: return (struct look){"Live", 88, 200, 120};
    case STATE_STALE: return (struct look){"Stale", 255, 180, 56};
    case STATE_OFFLINE: break;
    }
    return (struct look){"Offline", 255, 98, 92};
}

struct fonts {
    struct font *name, *state, *small;
};

static uint32_t text_px(int unit, double share) { return (uint32_t)fmax(SMALLEST_TEXT_PX, round(unit * share)); }

static enum err create_fonts(int unit, struct fonts *fonts) {
    enum err error = font_create(text_px(unit, 0.125), &fonts->name);
    if (error == ERR_OK) {
        error = font_create(text_px(unit, 0.08), &fonts->state);
    }
    if (error == ERR_OK) {
        error = font_create(text_px(unit, 0.058), &fonts->small);
    }
    return error;
}

static void destroy_fonts(struct fonts *fonts) {
    font_destroy(&fonts->name);
    font_destroy(&fonts->state);
    font_destroy(&fonts->small);
}

/* How many bytes of the text make the next line: up to a space unless that leaves half of it empty; at least one. */
static size_t line_bytes(struct font *font, const char *text, int width_px) {
    size_t fitting = font_fit(font, text, width_px);
    if (text[fitting] == '\0') {
        return fitting;
    }
    for (size_t count = fitting; count > fitting / 2; count--) {
        if (text[count] == ' ') {
            return count;
        }
    }
    return fitting > 0 ? fitting : 1;
}

/* Returns how many lines it takes; canvas NULL only counts them. The last one is shortened. */
static int draw_wrapped(const struct canvas *canvas, struct font *font, int x, int y, int width_px, const char *text,
                        struct colour colour) {
    int lines = 0;
    while (*text != '\0') {
        int top = y + lines++ * font_line_height(font);
        size_t count = lines == ERROR_LINES_MAX ? strlen(text) : line_bytes(font, text, width_px);
        if (canvas != NULL && lines == ERROR_LINES_MAX) {
            draw_text_within(canvas, font, x, top, width_px, text, colour);
        } else if (canvas != NULL) {
            draw_text(canvas, font, x, top, text, count, colour);
        }
        text += count;
        text += strspn(text, " ");
    }
    return lines;
}

/* A time of today has seconds; an older one has its date instead. */
static void format_since(int64_t since_ns, int64_t now_ns, char text[CLOCK_TEXT_BYTES + 16]) {
    char since[CLOCK_TEXT_BYTES];
    char now[CLOCK_TEXT_BYTES];
    clock_format_utc(since_ns, 0, since);
    clock_format_utc(now_ns, 0, now);
    const char *time = strchr(since, 'T') + 1;
    size_t date_bytes = (size_t)(time - since) - 1;
    if (strncmp(since, now, date_bytes) == 0) {
        snprintf(text, CLOCK_TEXT_BYTES + 16, "since %.8s UTC", time);
    } else {
        snprintf(text, CLOCK_TEXT_BYTES + 16, "since %.*s %.5s UTC", (int)date_bytes, since, time);
    }
}

static void draw_background(const struct canvas *canvas) {
    int height = (int)canvas->height_px;
    for (int row = 0; row < height; row++) {
        uint8_t depth = (uint8_t)(14 * row / height);
        draw_box(canvas, 0, row, (int)canvas->width_px, 1,
                 colour_from_rgb((uint8_t)(28 - depth), (uint8_t)(33 - depth), (uint8_t)(42 - depth)));
    }
}

static void draw_all(const struct canvas *canvas, const struct placeholder *placeholder, struct fonts *fonts, int unit,
                     int64_t now_ns) {
    const struct colour bright = colour_from_rgb(240, 243, 247);
    const struct colour plain = colour_from_rgb(208, 214, 223);
    const struct colour dim = colour_from_rgb(150, 160, 175);
    struct look look = look_of(placeholder->state);
    struct colour accent = colour_from_rgb(look.red, look.green, look.blue);
    const char *error = placeholder->error == NULL ? "" : placeholder->error;
    char since[CLOCK_TEXT_BYTES + 16];
    format_since(placeholder->since_realtime_ns, now_ns, since);

    int gap = unit / 20;
    int bar = unit < 100 ? 2 : unit / 50;
    int left = gap + bar + gap;
    int width = (int)canvas->width_px - left - gap;
    int small_line = font_line_height(fonts->small);
    int error_lines = draw_wrapped(NULL, fonts->small, 0, 0, width, error, dim);
    int height = font_line_height(fonts->name) + font_line_height(fonts->state) + small_line;
    height += error_lines > 0 ? gap / 2 + error_lines * small_line : 0;

    draw_background(canvas);
    int y = ((int)canvas->height_px - height) / 2;
    draw_box(canvas, gap, y, bar, height, accent);
    draw_text_within(canvas, fonts->name, left, y, width, placeholder->name, bright);
    y += font_line_height(fonts->name);
    draw_text_within(canvas, fonts->state, left, y, width, look.word, accent);
    y += font_line_height(fonts->state);
    draw_text_within(canvas, fonts->small, left, y, width, since, dim);
    y += small_line + gap / 2;
    draw_wrapped(canvas, fonts->small, left, y, width, error, plain);
}

enum err placeholder_draw(struct frame_pool *pool, const struct placeholder *placeholder, struct frame **raw) {
    int width = (int)placeholder->width_px;
    int height = (int)placeholder->height_px;
    int unit = height < width * 3 / 4 ? height : width * 3 / 4;
    struct fonts fonts = {0};
    struct frame *frame;
    struct canvas canvas;
    enum err error = create_fonts(unit, &fonts);
    if (error == ERR_OK) {
        error = canvas_create(pool, placeholder->width_px, placeholder->height_px, &frame, &canvas);
    }
    if (error == ERR_OK) {
        struct frame_info *info = frame_edit_info(frame);
        info->captured_monotonic_ns = clock_monotonic_ns();
        info->captured_realtime_ns = clock_realtime_ns();
        info->state = placeholder->state;
        draw_all(&canvas, placeholder, &fonts, unit, info->captured_realtime_ns);
        *raw = frame;
    }
    destroy_fonts(&fonts);
    return error;
}
