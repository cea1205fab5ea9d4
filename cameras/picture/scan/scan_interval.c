#include "cameras/picture/scan/scan_interval.h"

#include <stdlib.h>
#include <string.h>

enum err scan_interval_begin(struct scan_interval *interval, struct span scan) {
    interval->rest = scan;
    if (scan.count + SCAN_INTERVAL_SLACK_BYTES > interval->capacity) {
        scan_interval_finish(interval);
        const size_t capacity = scan.count + scan.count / 4 + SCAN_INTERVAL_SLACK_BYTES;
        uint8_t *bytes = calloc(capacity, 1);
        if (bytes == NULL) {
            return ERR_MEMORY;
        }
        *interval = (struct scan_interval){.rest = scan, .bytes = bytes, .capacity = capacity};
    }
    return ERR_OK;
}

void scan_interval_finish(struct scan_interval *interval) {
    free(interval->bytes);
    *interval = (struct scan_interval){.bytes = NULL};
}

bool scan_interval_load(struct scan_interval *interval, unsigned *marker) {
    const uint8_t *at = interval->rest.bytes, *const end = at + interval->rest.count;
    uint8_t *to = interval->bytes;
    bool is_data = true;
    while (is_data) {
        const uint8_t *found = memchr(at, 0xFF, (size_t)(end - at));
        if (found == NULL || end - found < 2) {
            return false;
        }
        is_data = found[1] == 0x00;
        const size_t count = (size_t)(found - at) + is_data;
        memcpy(to, at, count);
        to += count;
        at = found + 2;
    }
    while (at < end && at[-1] == 0xFF) { /* fill bytes: T.81, B.1.1.2 */
        at++;
    }
    *marker = at[-1];
    interval->bit_count = 8 * (size_t)(to - interval->bytes);
    interval->rest = (struct span){at, (size_t)(end - at)};
    return *marker != 0x00 && *marker != 0xFF;
}
