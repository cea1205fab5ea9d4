/* What we send, read again: payloads of any bytes (the input, cut at its newlines) come back as they were. The tail of
 * a part holds the next delimiter, so this is what every client relies on. Of a JPEG the reader drops line
 * ends before it and bytes after its end. */
#define _GNU_SOURCE /* memmem */
#include "broker/base/clock.h"
#include "broker/multipart/jpeg_walk.h"
#include "broker/multipart/multipart_reader.h"
#include "broker/multipart/multipart_writer.h"
#include "tests/fuzz/fuzz.h"

#include <stdbool.h>

/* Some time in 2020; the reader takes times within the first second of 1970 for a clock that was never set. */
#define FIRST_CAPTURE_NS (INT64_C(1600000000) * NS_PER_S)

static struct frame *make_frame(struct frame_pool *pool, const uint8_t *bytes, size_t count, uint64_t sequence) {
    struct frame *frame = NULL;
    REQUIRE(frame_create(pool, count, &frame) == ERR_OK);
    memcpy(frame_data(frame), bytes, count);
    frame_set_size(frame, count);
    struct frame_info *info = frame_edit_info(frame);
    info->sequence = sequence;
    info->captured_realtime_ns = FIRST_CAPTURE_NS + (int64_t)sequence * NS_PER_US;
    info->state = sequence % 2 == 0 ? STATE_LIVE : STATE_STALE;
    frame_seal(frame, multipart_envelope(), "front-door");
    return frame;
}

static void feed(struct multipart_reader *reader, const uint8_t *bytes, size_t count) {
    struct reason reason;
    struct frame *none = NULL;
    while (count > 0) {
        REQUIRE(multipart_reader_next(reader, &none, &reason) == ERR_BUSY);
        struct multipart_buffer buffer = multipart_reader_buffer(reader);
        size_t view = count < buffer.count ? count : buffer.count;
        memcpy(buffer.bytes, bytes, view);
        multipart_reader_fill(reader, view);
        bytes += view;
        count -= view;
    }
}

static bool is_same(struct span a, const uint8_t *bytes, size_t count) {
    return a.count == count && memcmp(a.bytes, bytes, count) == 0;
}

/* A whole JPEG is what comes from SOI to EOI. What is none comes as it was sent. Of the beginning of one, line ends
 * before it may be missing. */
static bool is_expected(struct span sent, struct span received) {
    struct jpeg_walk walk = {.state = JPEG_WALK_MORE};
    const enum jpeg_walk_state state = jpeg_walk_feed(&walk, sent.bytes, sent.count);
    const uint8_t *begin = sent.bytes + walk.leading_bytes;
    if (state == JPEG_WALK_ENDED) {
        return is_same(received, begin, walk.walked_bytes - walk.leading_bytes);
    }
    return is_same(received, sent.bytes, sent.count) ||
           (state != JPEG_WALK_ALIEN && is_same(received, begin, sent.count - walk.leading_bytes));
}

static void check(struct multipart_reader *reader, const struct frame *sent) {
    struct reason reason;
    struct frame *received = NULL;
    enum err error = multipart_reader_next(reader, &received, &reason);
    if (error == ERR_BUSY) {
        REQUIRE(is_expected(frame_payload(sent), (struct span){.bytes = (const uint8_t *)"", .count = 0}));
        return;
    }
    REQUIRE(error == ERR_OK);
    REQUIRE(is_expected(frame_payload(sent), frame_payload(received)));
    REQUIRE(frame_info(sent)->sequence == frame_info(received)->sequence);
    REQUIRE(frame_info(sent)->captured_realtime_ns == frame_info(received)->captured_realtime_ns);
    REQUIRE(frame_info(sent)->state == frame_info(received)->state);
    frame_unref(&received);
}

/* No picture that is whole holds the delimiter where a reader looks for it, and this input need not be one. */
static bool holds_delimiter(const uint8_t *bytes, size_t count) {
    const char *first = multipart_first_delimiter();
    return memmem(bytes, count, first, strcspn(first, "\r")) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    multipart_init();
    struct frame_pool *pool = NULL;
    struct multipart_reader *reader = NULL;
    REQUIRE(frame_pool_create(&pool) == ERR_OK);
    REQUIRE(multipart_reader_create(pool, multipart_content_type(), &reader) == ERR_OK);
    const char *first = multipart_first_delimiter();
    feed(reader, (const uint8_t *)first, strlen(first));
    for (uint64_t sequence = 1; count > 0; sequence++) {
        const uint8_t *end = memchr(bytes, '\n', count);
        size_t length = end != NULL ? (size_t)(end - bytes) : count;
        if (length > 0 && !holds_delimiter(bytes, length)) {
            struct frame *sent = make_frame(pool, bytes, length, sequence);
            struct span part = frame_part(sent);
            feed(reader, part.bytes, part.count);
            check(reader, sent);
            frame_unref(&sent);
        }
        size_t used = length + (end != NULL);
        bytes += used;
        count -= used;
    }
    multipart_reader_destroy(&reader);
    frame_pool_destroy(&pool);
    return 0;
}
