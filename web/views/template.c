#include "web/views/template.h"

#include "web/views/escape.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

#define MARKER_BYTES 2 /* "{{" and "}}" */

/* Where the text begins in the template, or its end. */
static const char *find(struct template template, const char *text) {
    size_t count = strlen(text);
    for (const char *at = template.begin; (size_t)(template.end - at) >= count; at++) {
        if (memcmp(at, text, count) == 0) {
            return at;
        }
    }
    return template.end;
}

static const char *value_of(const char *name, size_t count, const struct template_value *values, size_t value_count) {
    for (size_t i = 0; i < value_count; i++) {
        if (strlen(values[i].name) == count && memcmp(values[i].name, name, count) == 0) {
            return values[i].text;
        }
    }
    assert(false);
    return "";
}

void template_write(FILE *out, struct template template, const struct template_value *values, size_t value_count) {
    while (template.begin != template.end) {
        const char *marker = find(template, "{{");
        fwrite(template.begin, 1, (size_t)(marker - template.begin), out);
        if (marker == template.end) {
            return;
        }
        template.begin = marker + MARKER_BYTES;
        const char *name_end = find(template, "}}");
        assert(name_end != template.end);
        escape_html(out, value_of(template.begin, (size_t)(name_end - template.begin), values, value_count));
        template.begin = name_end + MARKER_BYTES;
    }
}

void template_split(struct template template, const char *block_name, struct template *before, struct template *block,
                    struct template *after) {
    char opening[32], closing[32];
    snprintf(opening, sizeof opening, "<!-- %s -->", block_name);
    snprintf(closing, sizeof closing, "<!-- /%s -->", block_name);
    const char *block_begin = find(template, opening);
    const char *block_end = find(template, closing);
    assert(block_begin < block_end && block_end != template.end);
    *before = (struct template){template.begin, block_begin};
    *block = (struct template){block_begin + strlen(opening), block_end};
    *after = (struct template){block_end + strlen(closing), template.end};
}
