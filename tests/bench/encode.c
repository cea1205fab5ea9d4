/* What pictures cost on their way from the device to the topic; see encode.py.
 *
 *     encode WIDTH HEIGHT ROUNDS YUYV NV12 YU12 JPEG
 *
 * The last four are files of one picture each. Prints JSON: milliseconds of this thread's CPU for each picture and kind
 * of work, by rounds, in which the kinds take turns; and the milliseconds that a camera adds to its driver's start. */
#define _DEFAULT_SOURCE
#include "broker/base/clock.h"
#include "broker/broker.h"
#include "broker/subscriber.h"
#include "cameras/filter/picture_filter.h"
#include "cameras/picture/encoder.h"
#include "cameras/supervisor/camera.h"
#include "cameras/supervisor/ingest.h"
#include "tests/topics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jpeglib.h>

#define QUALITY 80
#define DRIVER_START_NS (100 * NS_PER_MS)
#define STARTS 20

struct picture {
    uint8_t *bytes;
    size_t count;
};

struct bench {
    uint32_t width, height;
    struct picture yuyv, nv12, yu12, jpeg;
    struct broker *broker;
    struct topic *topic;
    struct frame *raw_yuyv, *raw_limited, *raw_nv12, *raw_yu12;
    struct encoder *encoder, *encoder_422;
    struct picture_filter *stamp, *turn;
    struct event cancel;
    struct motion_watch *motion;
    struct ingest *ingest;
    struct jpeg_compress_struct peer;
    struct jpeg_error_mgr peer_errors;
    uint8_t *peer_row, *peer_output;
    unsigned long peer_room;
    uint64_t sequence;
};

static void require(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "encode: %s failed\n", what);
        exit(EXIT_FAILURE);
    }
}

static struct picture read_picture(const char *path) {
    FILE *file = fopen(path, "rb");
    require(file != NULL, path);
    require(fseek(file, 0, SEEK_END) == 0, path);
    struct picture picture = {.count = (size_t)ftell(file)};
    rewind(file);
    picture.bytes = malloc(picture.count);
    require(picture.bytes != NULL && fread(picture.bytes, 1, picture.count, file) == picture.count, path);
    fclose(file);
    return picture;
}

/* ---- What peers do: each row expanded to three samples a pixel ---- */

static void prepare_peer(struct bench *bench) {
    bench->peer.err = jpeg_std_error(&bench->peer_errors);
    jpeg_create_compress(&bench->peer);
    bench->peer_row = malloc((size_t)bench->width * 3);
    bench->peer_room = (unsigned long)bench->width * bench->height;
    bench->peer_output = malloc(bench->peer_room);
    require(bench->peer_row != NULL && bench->peer_output != NULL, "memory");
}

static void expand_row(const uint8_t *yuyv, uint8_t *row, uint32_t width) {
    for (uint32_t x = 0; x + 1 < width; x += 2, yuyv += 4, row += 6) {
        row[0] = yuyv[0];
        row[1] = row[4] = yuyv[1];
        row[2] = row[5] = yuyv[3];
        row[3] = yuyv[2];
    }
}

static void encode_as_peers(struct bench *bench) {
    struct jpeg_compress_struct *peer = &bench->peer;
    unsigned char *output = bench->peer_output;
    unsigned long size = bench->peer_room;
    jpeg_mem_dest(peer, &output, &size);
    peer->image_width = bench->width;
    peer->image_height = bench->height;
    peer->input_components = 3;
    peer->in_color_space = JCS_YCbCr;
    jpeg_set_defaults(peer);
    jpeg_set_quality(peer, QUALITY, TRUE);
    jpeg_start_compress(peer, TRUE);
    while (peer->next_scanline < peer->image_height) {
        expand_row(bench->yuyv.bytes + (size_t)peer->next_scanline * bench->width * 2, bench->peer_row, bench->width);
        JSAMPROW rows[] = {bench->peer_row};
        jpeg_write_scanlines(peer, rows, 1);
    }
    jpeg_finish_compress(peer);
    require(output == bench->peer_output, "the peers' buffer");
}

/* ---- What is done here ---- */

static struct frame *make_frame(struct bench *bench, struct picture picture, enum frame_format format) {
    struct frame *frame;
    require(frame_create(broker_frame_pool(bench->broker), picture.count, &frame) == ERR_OK, "frame");
    memcpy(frame_data(frame), picture.bytes, picture.count);
    frame_set_size(frame, picture.count);
    *frame_edit_info(frame) = (struct frame_info){.width_px = bench->width,
                                                  .height_px = bench->height,
                                                  .format = format,
                                                  .sequence = ++bench->sequence,
                                                  .captured_monotonic_ns = clock_monotonic_ns(),
                                                  .captured_realtime_ns = clock_realtime_ns()};
    return frame;
}

static void encode(struct encoder *encoder, struct frame *raw) {
    struct frame *jpeg;
    require(encoder_encode(encoder, raw, NULL, &jpeg, NULL) == ERR_OK, "encoding");
    frame_unref(&jpeg);
}

static void encode_yuyv(struct bench *bench) { encode(bench->encoder, bench->raw_yuyv); }

static void encode_limited(struct bench *bench) { encode(bench->encoder, bench->raw_limited); }

static void encode_422(struct bench *bench) { encode(bench->encoder_422, bench->raw_yuyv); }

static void encode_nv12(struct bench *bench) { encode(bench->encoder, bench->raw_nv12); }

static void encode_yu12(struct bench *bench) { encode(bench->encoder, bench->raw_yu12); }

static void turn(struct bench *bench) {
    struct frame *raw = make_frame(bench, bench->yuyv, FRAME_YUYV);
    require(picture_filter_apply(bench->turn, &raw) == ERR_OK, "turning");
    frame_unref(&raw);
}

static void write_timestamp(struct bench *bench) {
    struct frame *raw = make_frame(bench, bench->yuyv, FRAME_YUYV);
    require(picture_filter_apply(bench->stamp, &raw) == ERR_OK, "writing");
    frame_unref(&raw);
}

static void copy_only(struct bench *bench) {
    struct frame *raw = make_frame(bench, bench->yuyv, FRAME_YUYV);
    frame_unref(&raw);
}

static void pass_on(struct bench *bench) {
    struct frame *frame = make_frame(bench, bench->jpeg, FRAME_JPEG);
    require(ingest_take(bench->ingest, &frame, false, NULL) == ERR_OK, "taking a JPEG");
}

static const struct work {
    const char *name;
    void (*run)(struct bench *bench);
} works[] = {
    {"peers_yuyv", encode_as_peers},
    {"yuyv", encode_yuyv},
    {"yuyv_limited", encode_limited},
    {"yuyv_422", encode_422},
    {"nv12", encode_nv12},
    {"yu12", encode_yu12},
    {"copy", copy_only},
    {"copy_turn", turn},
    {"copy_timestamp", write_timestamp},
    {"mjpeg_passed_on", pass_on},
};
#define WORKS (sizeof works / sizeof works[0])
#define TIMES 5 /* each in a round */

static double thread_cpu_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* One round: the first one, which warms up, counts for nothing. */
static double measure(struct bench *bench, const struct work *work) {
    double before = thread_cpu_ms();
    for (int i = 0; i < TIMES; i++) {
        work->run(bench);
    }
    return (thread_cpu_ms() - before) / TIMES;
}

/* ---- How soon the first viewer sees the first frame ---- */

static struct picture start_picture;

static enum err slow_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                          struct reason *reason) {
    (void)deadline_ns;
    (void)reason;
    static struct driver_context opened;
    opened = *context;
    *state = &opened;
    return driver_sleep_until(context, clock_monotonic_ns() + DRIVER_START_NS);
}

static enum err slow_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                          struct reason *reason) {
    (void)lost;
    (void)reason;
    const struct driver_context *context = state;
    if (sequence % 2 == 0) { /* one frame for each opening */
        enum err error = driver_sleep_until(context, deadline_ns);
        return error == ERR_OK ? ERR_TIMEOUT : error;
    }
    require(frame_create(context->pool, start_picture.count, frame) == ERR_OK, "frame");
    memcpy(frame_data(*frame), start_picture.bytes, start_picture.count);
    frame_set_size(*frame, start_picture.count);
    frame_edit_info(*frame)->captured_monotonic_ns = clock_monotonic_ns();
    return ERR_OK;
}

static void slow_describe(void *state, struct driver_description *description) {
    (void)state;
    *description = (struct driver_description){.format = "MJPEG"};
}

static void slow_close(void *state) { (void)state; }

/* Each camera starts once: a fresh one for each measurement. */
static double measure_start_ms(struct watchdog *watchdog, unsigned number) {
    static const struct driver_ops slow = {
        .open = slow_open, .read = slow_read, .describe = slow_describe, .close = slow_close};
    struct broker *broker;
    struct camera *camera;
    struct camera_settings settings = {.topic = {.source = "slow", .ring_frames = 8, .on_demand = true},
                                       .topic.stale_after_ns = NS_PER_S,
                                       .source = {.quality = QUALITY}};
    snprintf(settings.topic.id, sizeof settings.topic.id, "%u", number);
    require(broker_create(&(struct broker_settings){.workers = 1}, &broker) == ERR_OK, "broker");
    struct topic *topic = NULL;
    require(add_topic(broker, &settings.topic, &topic) == ERR_OK, "topic");
    const struct camera_shared shared = {.broker = broker, .watchdog = watchdog, .timing = &camera_default_timing};
    require(camera_create(&shared, &slow, &settings, topic, &camera) == ERR_OK, "camera");
    struct camera *none = NULL;
    camera_begin(camera, &none);
    struct subscriber *viewer;
    struct frame *frame;
    int64_t came_ns = clock_monotonic_ns();
    require(subscriber_create(topic, NULL, &(struct subscriber_settings){.remote = "", .route = ""}, &viewer) == ERR_OK,
            "viewer");
    require(subscriber_wait(viewer, came_ns, false, came_ns + 10 * NS_PER_S, &frame) == ERR_OK, "first frame");
    double ms = (double)(clock_monotonic_ns() - came_ns - DRIVER_START_NS) / NS_PER_MS;
    frame_unref(&frame);
    subscriber_destroy(&viewer);
    topic_unref(&topic);
    camera_destroy(&camera);
    broker_destroy(&broker);
    return ms;
}

/* ---- All ---- */

static void prepare(struct bench *bench, const struct camera_settings *settings) {
    static const struct picture_filter_settings stamp = {.caption.is_shown = true}, turn = {.turn_degrees = 90};
    const struct topic_settings topic = {.id = "1", .name = "Camera", .source = "bench", .ring_frames = 4};
    require(broker_create(&(struct broker_settings){.workers = 1}, &bench->broker) == ERR_OK, "broker");
    require(add_topic(bench->broker, &topic, &bench->topic) == ERR_OK, "topic");
    struct frame_pool *pool = broker_frame_pool(bench->broker);
    require(encoder_create(pool, QUALITY, SUBSAMPLING_420, &bench->encoder) == ERR_OK, "encoder");
    require(encoder_create(pool, QUALITY, SUBSAMPLING_422, &bench->encoder_422) == ERR_OK, "encoder");
    require(picture_filter_create(pool, &stamp, "Front door", &bench->stamp) == ERR_OK, "retouching");
    require(picture_filter_create(pool, &turn, "Front door", &bench->turn) == ERR_OK, "retouching");
    require(event_init(&bench->cancel) == ERR_OK, "event");
    require(motion_watch_create(bench->broker, bench->topic, &bench->motion) == ERR_OK, "motion");
    require(ingest_create(bench->broker, bench->topic, settings, 0, bench->motion, &bench->cancel, &bench->ingest) ==
                ERR_OK,
            "intake");
    bench->raw_yuyv = make_frame(bench, bench->yuyv, FRAME_YUYV);
    bench->raw_limited = make_frame(bench, bench->yuyv, FRAME_YUYV);
    frame_edit_info(bench->raw_limited)->limited_range = true;
    bench->raw_nv12 = make_frame(bench, bench->nv12, FRAME_NV12);
    bench->raw_yu12 = make_frame(bench, bench->yu12, FRAME_I420);
    prepare_peer(bench);
}

static void finish(struct bench *bench) {
    frame_unref(&bench->raw_yuyv);
    frame_unref(&bench->raw_limited);
    frame_unref(&bench->raw_nv12);
    frame_unref(&bench->raw_yu12);
    ingest_destroy(&bench->ingest);
    motion_watch_destroy(&bench->motion);
    event_finish(&bench->cancel);
    picture_filter_destroy(&bench->turn);
    picture_filter_destroy(&bench->stamp);
    encoder_destroy(&bench->encoder_422);
    encoder_destroy(&bench->encoder);
    topic_unref(&bench->topic);
    broker_destroy(&bench->broker);
    jpeg_destroy_compress(&bench->peer);
    free(bench->peer_row);
    free(bench->peer_output);
    free(bench->yuyv.bytes);
    free(bench->nv12.bytes);
    free(bench->yu12.bytes);
    free(bench->jpeg.bytes);
}

static void print_list(const char *name, const double *values, int count) {
    printf("\"%s\": [", name);
    for (int i = 0; i < count; i++) {
        printf("%s%.5f", i > 0 ? ", " : "", values[i]);
    }
    printf("]");
}

int main(int argc, char *argv[]) {
    require(argc == 8, "usage: encode WIDTH HEIGHT ROUNDS YUYV NV12 YU12 JPEG");
    struct bench bench = {.width = (uint32_t)strtoul(argv[1], NULL, 10),
                          .height = (uint32_t)strtoul(argv[2], NULL, 10),
                          .yuyv = read_picture(argv[4]),
                          .nv12 = read_picture(argv[5]),
                          .yu12 = read_picture(argv[6]),
                          .jpeg = read_picture(argv[7])};
    const int rounds = (int)strtol(argv[3], NULL, 10);
    const struct camera_settings settings = {.source.quality = QUALITY};
    prepare(&bench, &settings);
    double *ms = calloc(WORKS * (size_t)rounds, sizeof *ms);
    require(rounds > 0 && ms != NULL, "memory");
    for (int round = -1; round < rounds; round++) {
        for (size_t i = 0; i < WORKS; i++) {
            double once = measure(&bench, &works[i]);
            ms[i * (size_t)rounds + (size_t)(round < 0 ? 0 : round)] = once;
        }
    }
    printf("{");
    for (size_t i = 0; i < WORKS; i++) {
        print_list(works[i].name, ms + i * (size_t)rounds, rounds);
        printf(", ");
    }
    double starts[STARTS];
    struct watchdog *watchdog;
    require(watchdog_create(&watchdog) == ERR_OK, "watchdog");
    start_picture = bench.jpeg;
    for (unsigned i = 0; i < STARTS; i++) {
        starts[i] = measure_start_ms(watchdog, i + 1);
    }
    watchdog_destroy(&watchdog);
    print_list("added_to_start", starts, STARTS);
    printf("}\n");
    free(ms);
    finish(&bench);
    return EXIT_SUCCESS;
}
