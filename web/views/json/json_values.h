/* Values that several of our JSON answers have. Each function returns a new reference, NULL when memory ran out; so
 * does json_pack() of such a NULL. Threads: any. */
#ifndef WEB_VIEWS_JSON_JSON_VALUES_H
#define WEB_VIEWS_JSON_JSON_VALUES_H

#include <jansson.h>
#include <stdint.h>

/* The text of a value, which is taken over; the caller's to free(). NULL of NULL. */
char *json_render(json_t *value);

/* What is not UTF-8 becomes question marks. Cut at 255 bytes. */
json_t *text_json(const char *text);
json_t *text_or_null(const char *text); /* null where it is empty */
/* RFC 3339, UTC; decimals is 0, 3 or 6. */
json_t *time_json(int64_t realtime_ns, int decimals);
json_t *count_json(uint64_t count);

#endif
