/* Numbers that a peer claims, as they go from the multipart reader to a topic: each line of the input is the X-Sequence
 * and the X-Timestamp of one frame. */
#include "broker/frame/sequence.h"
#include "broker/multipart/multipart_reader.h"
#include "broker/topic.h"
#include "broker/topic_snapshot.h"
#include "tests/fuzz/fuzz.h"

static void feed(struct multipart_reader *reader, const char *bytes, size_t count) {
    while (count > 0) {
        struct multipart_buffer buffer = multipart_reader_buffer(reader);
        size_t taken = count < buffer.count ? count : buffer.count;
        memcpy(buffer.bytes, bytes, taken);
        multipart_reader_fill(reader, taken);
        bytes += taken;
        count -= taken;
        struct frame *none = NULL;
        struct reason reason = {""};
        if (count > 0) {
            REQUIRE(multipart_reader_next(reader, &none, &reason) == ERR_BUSY);
        }
    }
}

/* As the supervisor does with a frame. */
static void publish(struct topic *topic, struct frame *frame, uint64_t *sequence, uint64_t *claimed) {
    struct frame_info *info = frame_edit_info(frame);
    REQUIRE(info->sequence <= SEQUENCE_CLAIM_MAX && info->captured_realtime_ns >= 0);
    uint64_t lost = sequence_missing(*claimed, info->sequence);
    REQUIRE(lost <= SEQUENCE_GAP_MAX);
    uint64_t before = *sequence;
    *sequence = sequence_follow(before, lost, info->sequence, *claimed == 0);
    REQUIRE(*sequence > before && *sequence <= INT64_MAX);
    *claimed = info->sequence;
    info->sequence = *sequence;
    topic_count_dropped(topic, lost);
    topic_publish(topic, &frame);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
    const struct topic_settings settings = {.id = "door", .source = "fuzz", .ring_frames = 1};
    struct frame_pool *pool = NULL;
    struct multipart_reader *reader = NULL;
    struct topic *topic = NULL;
    REQUIRE(frame_pool_create(&pool) == ERR_OK && topic_create(&settings, NULL, &topic) == ERR_OK);
    REQUIRE(multipart_reader_create(pool, "multipart/x-mixed-replace;boundary=b", &reader) == ERR_OK);
    uint64_t sequence = 0, claimed = 0;
    while (count > 0) {
        char *line = take_line(&bytes, &count);
        char part[256];
        int length = snprintf(part, sizeof part,
                              "--b\r\nContent-Type: image/jpeg\r\nX-Sequence: %.40s\r\nX-Timestamp: %.40s\r\n"
                              "Content-Length: 1\r\n\r\nx\r\n",
                              line, line);
        free(line);
        struct frame *frame = NULL;
        struct reason reason = {""};
        if (multipart_reader_next(reader, &frame, &reason) != ERR_BUSY) {
            frame_unref(&frame);
            break;
        }
        feed(reader, part, (size_t)length);
        if (multipart_reader_next(reader, &frame, &reason) == ERR_OK) {
            publish(topic, frame, &sequence, &claimed);
        }
    }
    struct topic_snapshot snapshot;
    topic_snapshot_brief(topic, &snapshot);
    REQUIRE(snapshot.dropped <= INT64_MAX && snapshot.last_sequence == sequence);
    topic_snapshot_finish(&snapshot);
    topic_unref(&topic);
    multipart_reader_destroy(&reader);
    frame_pool_destroy(&pool);
    return 0;
}
