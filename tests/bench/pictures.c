/* What it costs to rotate, mask and write into JPEG pictures, beside libturbojpeg's own lossless transformation and
 * beside decoding, painting and encoding. Prints JSON: the CPU milliseconds a picture of every round. */
#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "broker/broker.h"
#include "cameras/filter/jpeg_filter.h"
#include "cameras/filter/picture_filter.h"
#include "cameras/picture/encoder.h"
#include "cameras/picture/jpeg.h"
#include "cameras/picture/plane_decoder.h"
#include "cameras/supervisor/ingest.h"
#include "cameras/supervisor/motion_watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <turbojpeg.h>

#define QUALITY 80
#define TIMES 5 /* each in a round */

static const struct polygon_point corner[] = {{0.6, 0}, {1, 0}, {1, 0.4}, {0.6, 0.4}};
static const struct polygon masks[] = {{corner, 4}};

enum kind { MASK, ROTATE_180, ROTATE_90, FAST_90, CAPTION, ALL, KINDS };

static const struct picture_filter_settings kinds[KINDS] = {
    [MASK] = {.masks = masks, .mask_count = 1},
    [ROTATE_180] = {.turn_degrees = 180},
    [ROTATE_90] = {.turn_degrees = 90},
    [FAST_90] = {.turn_degrees = 90, .rotate_mode = ROTATE_FAST},
    [CAPTION] = {.caption.is_shown = true},
    [ALL] = {.turn_degrees = 90, .masks = masks, .mask_count = 1, .caption.is_shown = true},
};

struct bench {
    struct broker *broker;
    struct topic *topic;
    struct frame_pool *pool;
    struct frame *jpeg;
    struct jpeg_filter *filters[KINDS];
    struct plane_decoder *decoder;
    struct picture_filter *painter;
    struct encoder *encoder;
    struct event cancel;
    struct motion_watch *motion;
    struct ingest *plain;
    tjhandle peer;
    unsigned char *peer_output;
    unsigned long peer_room;
    uint64_t sequence;
};

static void require(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "pictures: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

/* ---- The works ---- */

static void filter(struct bench *bench, enum kind kind) {
    struct frame *frame = frame_ref(bench->jpeg);
    require(jpeg_filter_apply(bench->filters[kind], &frame, NULL, NULL) == ERR_OK, "filtering");
    frame_unref(&frame);
}

static void mask(struct bench *bench) { filter(bench, MASK); }
static void rotate_180(struct bench *bench) { filter(bench, ROTATE_180); }
static void rotate_90(struct bench *bench) { filter(bench, ROTATE_90); }
static void rotate_90_fast(struct bench *bench) { filter(bench, FAST_90); }
static void caption(struct bench *bench) { filter(bench, CAPTION); }
static void all(struct bench *bench) { filter(bench, ALL); }

static void decode_paint_encode(struct bench *bench) {
    struct frame *raw, *jpeg;
    require(plane_decoder_decode(bench->decoder, bench->jpeg, 8, NULL, &raw) == ERR_OK, "decoding");
    require(picture_filter_apply(bench->painter, &raw) == ERR_OK, "painting");
    require(encoder_encode(bench->encoder, raw, NULL, &jpeg, NULL) == ERR_OK, "encoding");
    frame_unref(&raw);
    frame_unref(&jpeg);
}

static void transform(struct bench *bench, int operation) {
    const struct span jpeg = frame_payload(bench->jpeg);
    tjtransform wanted = {.op = operation, .options = TJXOPT_TRIM | TJXOPT_COPYNONE};
    require(tjTransform(bench->peer, jpeg.bytes, jpeg.count, 1, &bench->peer_output, &bench->peer_room, &wanted,
                        TJFLAG_NOREALLOC) == 0,
            "libturbojpeg");
    bench->peer_room = 16 << 20;
}

static void peer_180(struct bench *bench) { transform(bench, TJXOP_ROT180); }
static void peer_90(struct bench *bench) { transform(bench, TJXOP_ROT90); }

/* As a driver gives it; without an option nothing is done. */
static void pass_on(struct bench *bench) {
    const struct span jpeg = frame_payload(bench->jpeg);
    struct frame *frame;
    require(frame_create(bench->pool, jpeg.count, &frame) == ERR_OK, "frame");
    memcpy(frame_data(frame), jpeg.bytes, jpeg.count);
    frame_set_size(frame, jpeg.count);
    *frame_edit_info(frame) =
        (struct frame_info){.sequence = ++bench->sequence, .captured_monotonic_ns = clock_monotonic_ns()};
    const uint8_t *memory = frame_data(frame);
    require(ingest_take(bench->plain, &frame, false, NULL) == ERR_OK, "taking a frame");
    frame = topic_newest(bench->topic);
    require(frame_payload(frame).bytes == memory, "passing on the camera's memory");
    frame_unref(&frame);
}

static const struct work {
    const char *name;
    void (*run)(struct bench *bench);
} works[] = {
    {"mask", mask},
    {"decode_paint_encode", decode_paint_encode},
    {"rotate_180", rotate_180},
    {"libturbojpeg_180", peer_180},
    {"rotate_90", rotate_90},
    {"libturbojpeg_90", peer_90},
    {"rotate_90_fast", rotate_90_fast},
    {"caption", caption},
    {"all", all},
    {"no_option", pass_on},
};
#define WORKS (sizeof works / sizeof works[0])

/* ---- All ---- */

static void read_picture(struct bench *bench, const char *path) {
    FILE *file = fopen(path, "rb");
    require(file != NULL && fseek(file, 0, SEEK_END) == 0, path);
    const size_t count = (size_t)ftell(file);
    rewind(file);
    require(frame_create(bench->pool, count, &bench->jpeg) == ERR_OK, "frame");
    require(fread(frame_data(bench->jpeg), 1, count, file) == count, path);
    fclose(file);
    frame_set_size(bench->jpeg, count);
    require(jpeg_admit(bench->jpeg, true, NULL, NULL) == ERR_OK, path);
}

static void prepare(struct bench *bench, const char *path) {
    static const struct topic_settings topic = {.id = "1", .name = "Front door", .source = "bench", .ring_frames = 4};
    static const struct camera_settings plain = {.source.quality = QUALITY};
    require(broker_create(&(struct broker_settings){.workers = 1}, &bench->broker) == ERR_OK, "broker");
    require(broker_create_topic(bench->broker, &topic, &bench->topic) == ERR_OK, "topic");
    bench->pool = broker_frame_pool(bench->broker);
    read_picture(bench, path);
    for (size_t i = 0; i < KINDS; i++) {
        require(jpeg_filter_create(bench->pool, &kinds[i], QUALITY, "Front door", &bench->filters[i]) == ERR_OK,
                "filter");
    }
    require(plane_decoder_create(bench->pool, &bench->decoder) == ERR_OK, "decoder");
    require(picture_filter_create(bench->pool, &kinds[MASK], "Front door", &bench->painter) == ERR_OK, "painter");
    require(encoder_create(bench->pool, QUALITY, SUBSAMPLING_420, &bench->encoder) == ERR_OK, "encoder");
    require(event_init(&bench->cancel) == ERR_OK, "event");
    require(motion_watch_create(bench->broker, bench->topic, &bench->motion) == ERR_OK, "motion");
    require(ingest_create(bench->broker, bench->topic, &plain, 0, bench->motion, &bench->cancel, &bench->plain) ==
                ERR_OK,
            "intake");
    bench->peer = tjInitTransform();
    bench->peer_room = 16 << 20;
    bench->peer_output = malloc(bench->peer_room);
    require(bench->peer != NULL && bench->peer_output != NULL, "libturbojpeg");
}

static void finish(struct bench *bench) {
    free(bench->peer_output);
    tjDestroy(bench->peer);
    ingest_destroy(&bench->plain);
    motion_watch_destroy(&bench->motion);
    event_finish(&bench->cancel);
    encoder_destroy(&bench->encoder);
    picture_filter_destroy(&bench->painter);
    plane_decoder_destroy(&bench->decoder);
    for (size_t i = 0; i < KINDS; i++) {
        jpeg_filter_destroy(&bench->filters[i]);
    }
    frame_unref(&bench->jpeg);
    topic_unref(&bench->topic);
    broker_destroy(&bench->broker);
}

/* One round: the first one, which warms up, counts for nothing. */
static double measure_ms(struct bench *bench, const struct work *work) {
    const int64_t before_ns = clock_thread_cpu_ns();
    for (int i = 0; i < TIMES; i++) {
        work->run(bench);
    }
    return (double)(clock_thread_cpu_ns() - before_ns) / NS_PER_MS / TIMES;
}

int main(int argc, char *argv[]) {
    require(argc == 3, "usage: pictures ROUNDS JPEG");
    const int rounds = (int)strtol(argv[1], NULL, 10);
    struct bench bench = {.broker = NULL};
    prepare(&bench, argv[2]);
    double *ms = calloc(WORKS * (size_t)rounds, sizeof *ms);
    require(rounds > 0 && ms != NULL, "memory");
    for (int round = -1; round < rounds; round++) {
        for (size_t i = 0; i < WORKS; i++) {
            ms[i * (size_t)rounds + (size_t)(round < 0 ? 0 : round)] = measure_ms(&bench, &works[i]);
        }
    }
    for (size_t i = 0; i < WORKS; i++) {
        printf("%s\"%s\": [", i == 0 ? "{" : ", ", works[i].name);
        for (int round = 0; round < rounds; round++) {
            printf("%s%.5f", round > 0 ? ", " : "", ms[i * (size_t)rounds + (size_t)round]);
        }
        printf("]");
    }
    printf("}\n");
    free(ms);
    finish(&bench);
    return EXIT_SUCCESS;
}
