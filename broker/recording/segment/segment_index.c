#define _DEFAULT_SOURCE /* htole32 */
#include "broker/recording/segment/segment_index.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

#define MS_MAX ((int64_t)UINT32_MAX)
#define FIRST_CAPACITY_BYTES (64 * SEGMENT_INDEX_ENTRY_BYTES)

void segment_index_clear(struct segment_index *index) { index->bytes = 0; }

void segment_index_finish(struct segment_index *index) {
    free(index->packed);
    *index = (struct segment_index){0};
}

static enum err make_room(struct segment_index *index) {
    if (index->bytes + SEGMENT_INDEX_ENTRY_BYTES <= index->capacity_bytes) {
        return ERR_OK;
    }
    size_t capacity = index->capacity_bytes != 0 ? index->capacity_bytes * 2 : FIRST_CAPACITY_BYTES;
    uint8_t *grown = realloc(index->packed, capacity);
    if (grown == NULL) {
        return ERR_MEMORY;
    }
    index->packed = grown;
    index->capacity_bytes = capacity;
    return ERR_OK;
}

enum err segment_index_add(struct segment_index *index, int64_t captured_realtime_ns, uint64_t offset) {
    if (index->bytes == 0) {
        index->start_ns = captured_realtime_ns;
        index->last_second = -1;
    }
    const int64_t since_ns = captured_realtime_ns - index->start_ns;
    if (since_ns / NS_PER_S <= index->last_second || since_ns / NS_PER_MS > MS_MAX || offset > UINT32_MAX) {
        return ERR_OK;
    }
    if (make_room(index) != ERR_OK) {
        return ERR_MEMORY;
    }
    const uint32_t entry[2] = {htole32((uint32_t)(since_ns / NS_PER_MS)), htole32((uint32_t)offset)};
    memcpy(index->packed + index->bytes, entry, sizeof entry);
    index->bytes += sizeof entry;
    index->last_second = since_ns / NS_PER_S;
    return ERR_OK;
}

uint64_t segment_index_find(const void *packed, size_t bytes, int64_t start_ns, int64_t realtime_ns) {
    const uint8_t *entries = packed;
    size_t low = 0, high = bytes / SEGMENT_INDEX_ENTRY_BYTES; /* entries before low are at or before the time */
    uint32_t entry[2] = {0, 0};
    /* An entry is up to a millisecond later than it says. */
    const int64_t wanted_ms = subtract_i64(realtime_ns, start_ns) / NS_PER_MS - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        memcpy(entry, entries + middle * SEGMENT_INDEX_ENTRY_BYTES, sizeof entry);
        if ((int64_t)le32toh(entry[0]) <= wanted_ms) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (bytes < SEGMENT_INDEX_ENTRY_BYTES) {
        return 0;
    }
    memcpy(entry, entries + (low > 0 ? low - 1 : 0) * SEGMENT_INDEX_ENTRY_BYTES, sizeof entry);
    return le32toh(entry[1]);
}
