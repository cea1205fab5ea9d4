#define _GNU_SOURCE /* getrandom */
#include "broker/multipart/multipart_writer.h"

#include "broker/base/clock.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static char content_type[96];
static char first_delimiter[64];
static char tail[72];

size_t multipart_write_frame_headers(char *out, size_t capacity, const char *topic_id, const struct frame_info *info) {
    char state[64] = "";
    if (info->state != STATE_LIVE) {
        snprintf(state, sizeof state, "X-Camera-State: %s\r\n", state_name(info->state));
    }
    int length = snprintf(out, capacity,
                          "X-Timestamp: %" PRId64 ".%06" PRId64 "\r\nX-Sequence: %" PRIu64
                          "\r\n" MULTIPART_CAMERA_HEADER "%s\r\n%s%s",
                          info->captured_realtime_ns / NS_PER_S, info->captured_realtime_ns % NS_PER_S / NS_PER_US,
                          info->sequence, topic_id, state, info->is_recorded ? MULTIPART_RECORDED_LINE : "");
    return (size_t)length;
}

static size_t write_head(char head[FRAME_HEAD_MAX_BYTES], const char *topic_id, const struct frame_info *info,
                         size_t payload_bytes) {
    int used =
        snprintf(head, FRAME_HEAD_MAX_BYTES, "Content-Type: image/jpeg\r\nContent-Length: %zu\r\n", payload_bytes);
    size_t length = (size_t)used;
    length += multipart_write_frame_headers(head + length, FRAME_HEAD_MAX_BYTES - length, topic_id, info);
    used = snprintf(head + length, FRAME_HEAD_MAX_BYTES - length, "\r\n");
    return length + (size_t)used;
}

static void choose_boundary(void) {
    uint64_t random[2] = {0};
    /* Sixteen bytes come at once and whole (random(7)); only a kernel that is just booting makes us wait. */
    ssize_t got = getrandom(random, sizeof random, 0);
    (void)got;
    char boundary[48];
    snprintf(boundary, sizeof boundary, "framebroker-%016" PRIx64 "%016" PRIx64, random[0], random[1]);
    snprintf(content_type, sizeof content_type, MULTIPART_CONTENT_TYPE "%s", boundary);
    snprintf(first_delimiter, sizeof first_delimiter, "--%s\r\n", boundary);
    snprintf(tail, sizeof tail, "\r\n--%s\r\n", boundary);
}

void multipart_init(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, choose_boundary);
}

const char *multipart_content_type(void) { return content_type; }

const char *multipart_boundary(void) { return content_type + strlen(MULTIPART_CONTENT_TYPE); }

const char *multipart_first_delimiter(void) { return first_delimiter; }

const struct frame_envelope *multipart_envelope(void) {
    static const struct frame_envelope envelope = {.write_head = write_head, .tail = tail};
    return &envelope;
}
