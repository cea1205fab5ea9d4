#include "cameras/filter/caption.h"

#include "broker/base/clock.h"
#include "cameras/picture/font.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TEXT_HEIGHT_MIN_PX 10
#define TEXT_SHARE 32 /* of the picture's shorter side: one line of text */
#define TEXT_MAX_BYTES 512
#define NAME_MARK "{name}"

struct caption {
    const struct caption_settings *settings;
    char name[TOPIC_NAME_MAX_BYTES + 1];
    struct font *font;
    uint32_t font_height_px; /* of what is there; 0: none */
    char text[TEXT_MAX_BYTES];
    struct caption_size size;
};

enum err caption_create(const struct caption_settings *settings, const char *name, struct caption **out) {
    struct caption *caption = calloc(1, sizeof *caption);
    if (caption == NULL) {
        return ERR_MEMORY;
    }
    caption->settings = settings;
    snprintf(caption->name, sizeof caption->name, "%s", name);
    *out = caption;
    return ERR_OK;
}

void caption_destroy(struct caption **caption) {
    if (*caption != NULL) {
        font_destroy(&(*caption)->font);
        free(*caption);
        *caption = NULL;
    }
}

static enum err choose_font(struct caption *caption, uint32_t side_px) {
    uint32_t wanted_px = side_px / TEXT_SHARE;
    if (wanted_px < TEXT_HEIGHT_MIN_PX) {
        wanted_px = TEXT_HEIGHT_MIN_PX;
    }
    if (caption->font_height_px == wanted_px) {
        return ERR_OK;
    }
    font_destroy(&caption->font);
    caption->font_height_px = 0;
    enum err error = font_create(wanted_px, &caption->font);
    if (error == ERR_OK) {
        caption->font_height_px = wanted_px;
    }
    return error;
}

/* ---- The text ---- */

static void write_utc(struct caption *caption, int64_t realtime_ns) {
    char utc[CLOCK_TEXT_BYTES];
    clock_format_utc(realtime_ns, 3, utc);
    snprintf(caption->text, sizeof caption->text, "%s  %.10s %.12s UTC", caption->name, utc,
             utc + sizeof "2026-01-01T" - 1);
}

static void put_names(struct caption *caption, const char *from) {
    size_t used = 0;
    while (*from != '\0' && used + 1 < sizeof caption->text) {
        const bool is_mark = strncmp(from, NAME_MARK, sizeof NAME_MARK - 1) == 0;
        const char *bytes = is_mark ? caption->name : from;
        const size_t room = sizeof caption->text - 1 - used, count = is_mark ? strlen(caption->name) : 1;
        const size_t copied = count < room ? count : room;
        memcpy(caption->text + used, bytes, copied);
        used += copied;
        from += is_mark ? sizeof NAME_MARK - 1 : 1;
    }
    caption->text[used] = '\0';
}

/* A text whose conversions come to nothing, or to more than there is room for, is replaced by the usual one. */
static void write_text(struct caption *caption, int64_t realtime_ns) {
    const char *format = caption->settings->format;
    char expanded[TEXT_MAX_BYTES];
    const time_t seconds = (time_t)(realtime_ns / NS_PER_S);
    struct tm local;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral" /* it is the user's own */
    if (format != NULL && localtime_r(&seconds, &local) != NULL &&
        strftime(expanded, sizeof expanded, format, &local) > 0) {
        put_names(caption, expanded);
    } else {
        write_utc(caption, realtime_ns);
    }
#pragma GCC diagnostic pop
}

/* ---- The picture ---- */

static int margin_px(const struct caption *caption) { return (int)caption->font_height_px / 4; }

enum err caption_prepare(struct caption *caption, int64_t captured_realtime_ns, uint32_t picture_width_px,
                         uint32_t picture_height_px, struct caption_size *size) {
    enum err error = choose_font(caption, picture_width_px < picture_height_px ? picture_width_px : picture_height_px);
    if (error == ERR_OK) {
        write_text(caption, captured_realtime_ns);
        caption->size.width_px = font_text_width(caption->font, caption->text, SIZE_MAX) + 2 * margin_px(caption);
        caption->size.height_px = font_line_height(caption->font);
        *size = caption->size;
    }
    return error;
}

void caption_draw(struct caption *caption, const struct canvas *canvas) {
    static const struct colour black = {0, 128, 128}, white = {255, 128, 128};
    const int margin = margin_px(caption);
    draw_box(canvas, 0, 0, caption->size.width_px, caption->size.height_px, black);
    draw_text_within(canvas, caption->font, margin, 0, (int)canvas->width_px - 2 * margin, caption->text, white);
}
