#include "cameras/picture/font.h"

#include <ft2build.h>
#include FT_FREETYPE_H
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

extern const unsigned char asset_DejaVuSansMono_Bold_ttf_begin[], asset_DejaVuSansMono_Bold_ttf_end[];

struct glyph {
    bool drawn;
    uint32_t character;
    int advance_px;
    int left_px, top_px; /* of the mask, from the pen and up from the base line */
    struct mask mask;
};

/* A character's place in the cache is fixed, so that ASCII never competes with itself and the cache never grows. */
#define CACHED_GLYPHS 512

struct font {
    FT_Library library;
    FT_Face face;
    struct glyph glyphs[CACHED_GLYPHS];
};

/* 26.6 fixed point, rounded up. */
static int whole_pixels(FT_Pos position) { return (int)((position + 63) / 64); }

enum err font_create(uint32_t height_px, struct font **font) {
    struct font *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    const unsigned char *file = asset_DejaVuSansMono_Bold_ttf_begin;
    FT_Long file_bytes = (FT_Long)((uintptr_t)asset_DejaVuSansMono_Bold_ttf_end - (uintptr_t)file);
    if (FT_Init_FreeType(&created->library) != 0 ||
        FT_New_Memory_Face(created->library, file, file_bytes, 0, &created->face) != 0 ||
        FT_Set_Pixel_Sizes(created->face, 0, height_px) != 0) {
        font_destroy(&created);
        return ERR_MEMORY;
    }
    *font = created;
    return ERR_OK;
}

void font_destroy(struct font **font) {
    if (*font == NULL) {
        return;
    }
    for (size_t i = 0; i < CACHED_GLYPHS; i++) {
        mask_finish(&(*font)->glyphs[i].mask);
    }
    FT_Done_FreeType((*font)->library); /* and its face */
    free(*font);
    *font = NULL;
}

/* The character at *text, which moves behind it; U+FFFD for a sequence that is not UTF-8 (Unicode 15, table 3-7). */
static uint32_t next_character(const char **text) {
    static const uint32_t smallest[] = {0, 0x80, 0x800, 0x10000};
    const unsigned char *bytes = (const unsigned char *)*text;
    uint32_t first = bytes[0];
    size_t more = first < 0xc2 ? 0 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : first < 0xf5 ? 3 : 0;
    uint32_t character = more == 0 ? first : first & (0x3fU >> more);
    size_t length = 1;
    while (length <= more && (bytes[length] & 0xc0) == 0x80) {
        character = character << 6 | (bytes[length++] & 0x3fU);
    }
    *text += length;
    bool whole = length == more + 1 && (more > 0 || first < 0x80);
    bool surrogate = character >= 0xd800 && character <= 0xdfff;
    return whole && character >= smallest[more] && character <= 0x10ffff && !surrogate ? character : 0xfffd;
}

/* Where memory runs out, the glyph is blank. */
static void draw_glyph(struct font *font, struct glyph *glyph, uint32_t character) {
    mask_finish(&glyph->mask);
    *glyph = (struct glyph){.drawn = true, .character = character};
    if (FT_Load_Char(font->face, character, FT_LOAD_RENDER) != 0) {
        return;
    }
    FT_GlyphSlot slot = font->face->glyph;
    glyph->advance_px = whole_pixels(slot->advance.x);
    glyph->left_px = slot->bitmap_left;
    glyph->top_px = slot->bitmap_top;
    size_t width = slot->bitmap.width;
    size_t height = slot->bitmap.rows;
    uint8_t *coverage = malloc(width * height + 1);
    if (coverage == NULL) {
        return;
    }
    for (size_t row = 0; row < height; row++) {
        memcpy(coverage + row * width, slot->bitmap.buffer + row * (size_t)slot->bitmap.pitch, width);
    }
    glyph->mask = (struct mask){(int)width, (int)height, coverage};
}

/* The glyph of the character at *text, which moves behind it; valid until the next call. */
static const struct glyph *next_glyph(struct font *font, const char **text) {
    uint32_t character = next_character(text);
    struct glyph *glyph = &font->glyphs[character % CACHED_GLYPHS];
    if (!glyph->drawn || glyph->character != character) {
        draw_glyph(font, glyph, character);
    }
    return glyph;
}

int font_line_height(const struct font *font) { return whole_pixels(font->face->size->metrics.height); }

int font_text_width(struct font *font, const char *text, size_t count) {
    const char *at = text;
    int width_px = 0;
    while (*at != '\0' && (size_t)(at - text) < count) {
        width_px += next_glyph(font, &at)->advance_px;
    }
    return width_px;
}

size_t font_fit(struct font *font, const char *text, int width_px) {
    const char *at = text;
    while (*at != '\0') {
        const char *next = at;
        width_px -= next_glyph(font, &next)->advance_px;
        if (width_px < 0) {
            break;
        }
        at = next;
    }
    return (size_t)(at - text);
}

void draw_text(const struct canvas *canvas, struct font *font, int x, int y, const char *text, size_t count,
               struct colour colour) {
    int base = y + whole_pixels(font->face->size->metrics.ascender);
    const char *at = text;
    while (*at != '\0' && (size_t)(at - text) < count) {
        const struct glyph *glyph = next_glyph(font, &at);
        draw_mask(canvas, &glyph->mask, x + glyph->left_px, base - glyph->top_px, colour);
        x += glyph->advance_px;
    }
}

void draw_text_within(const struct canvas *canvas, struct font *font, int x, int y, int width_px, const char *text,
                      struct colour colour) {
    static const char ellipsis[] = "\u2026";
    if (font_text_width(font, text, SIZE_MAX) <= width_px) {
        draw_text(canvas, font, x, y, text, SIZE_MAX, colour);
        return;
    }
    size_t count = font_fit(font, text, width_px - font_text_width(font, ellipsis, SIZE_MAX));
    while (count > 0 && text[count - 1] == ' ') {
        count--;
    }
    draw_text(canvas, font, x, y, text, count, colour);
    draw_text(canvas, font, x + font_text_width(font, text, count), y, ellipsis, SIZE_MAX, colour);
}
