#include "web/views/json/json_values.h"

#include "broker/base/clock.h"
#include "web/views/escape.h"

/* Enough for every text of a snapshot. */
#define TEXT_BYTES 256

/* Prints each rounded number as people write it: 29.97, not 29.969999999999999. */
#define DUMP_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

char *json_render(json_t *value) {
    char *text = value == NULL ? NULL : json_dumps(value, DUMP_FLAGS);
    json_decref(value);
    return text;
}

json_t *text_json(const char *text) {
    char clean[TEXT_BYTES];
    escape_utf8(text, clean, sizeof clean);
    return json_string(clean);
}

json_t *text_or_null(const char *text) { return text[0] == '\0' ? json_null() : text_json(text); }

json_t *time_json(int64_t realtime_ns, int decimals) {
    char text[CLOCK_TEXT_BYTES];
    clock_format_utc(realtime_ns, decimals, text);
    return json_string(text);
}

json_t *count_json(uint64_t count) { return json_integer((json_int_t)count); }
