/* Multipart streams as cameras send them: a line with the content type, then the stream, which comes in pieces whose
 * sizes its own bytes choose. */
#include "broker/multipart/multipart_reader.h"
#include "tests/fuzz/fuzz.h"

static void check_frame(struct frame *frame) {
    struct span payload = frame_payload(frame);
    REQUIRE(payload.count > 0 && payload.count <= MULTIPART_PART_MAX_BYTES);
    volatile uint8_t last = payload.bytes[payload.count - 1]; /* what it says it has is there */
    (void)last;
    frame_unref(&frame);
}

static void read_stream(struct multipart_reader *reader, const uint8_t *bytes, size_t count) {
    struct reason reason = {""};
    for (;;) {
        struct frame *frame = NULL;
        enum err error = multipart_reader_next(reader, &frame, &reason);
        if (error == ERR_OK) {
            check_frame(frame);
            continue;
        }
        REQUIRE(frame == NULL);
        if (error != ERR_BUSY) {
            REQUIRE(error == ERR_CLOSED || reason.text[0] != '\0');
            return;
        }
        struct multipart_buffer buffer = multipart_reader_buffer(reader);
        REQUIRE(buffer.count > 0);
        if (count == 0) {
            return;
        }
        size_t view = 1 + bytes[0] % 64u;
        view = view < count ? view : count;
        view = view < buffer.count ? view : buffer.count;
        memcpy(buffer.bytes, bytes, view);
        multipart_reader_fill(reader, view);
        bytes += view;
        count -= view;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    char *content_type = take_line(&bytes, &count);
    struct frame_pool *pool = NULL;
    struct multipart_reader *reader = NULL;
    REQUIRE(frame_pool_create(&pool) == ERR_OK);
    if (multipart_reader_create(pool, content_type[0] != '\0' ? content_type : NULL, &reader) == ERR_OK) {
        read_stream(reader, bytes, count);
    }
    multipart_reader_destroy(&reader);
    frame_pool_destroy(&pool);
    free(content_type);
    return 0;
}
