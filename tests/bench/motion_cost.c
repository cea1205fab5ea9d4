/* What watching a camera for motion costs: the luma of a frame and the detector, over pictures from files.
 *
 *     motion_cost ROUNDS WIDTH HEIGHT YUYV NV12 YU12 JPEG...
 *
 * prints JSON: for each kind of frame, the milliseconds of CPU a frame in each round, of the luma and of the detector.
 * Raw files hold one picture each. */
#include "cameras/motion/detector.h"
#include "cameras/picture/jpeg.h"

#include "broker/base/clock.h"

#include <stdio.h>
#include <stdlib.h>

#define FILE_MAX_BYTES ((size_t)16 << 20)
#define FRAMES 10 /* in a round */
#define PICTURES_MAX 32

static struct frame_pool *pool;

static void must(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "motion_cost: %s\n", what);
        exit(1);
    }
}

static struct frame *read_picture(const char *path, const struct frame_info *info) {
    struct frame *frame;
    must(frame_create(pool, FILE_MAX_BYTES, &frame) == ERR_OK, "out of memory");
    FILE *file = fopen(path, "rb");
    must(file != NULL, path);
    frame_set_size(frame, fread(frame_data(frame), 1, FILE_MAX_BYTES, file));
    fclose(file);
    *frame_edit_info(frame) = *info;
    must(info->format != FRAME_JPEG || jpeg_admit(frame, true, NULL, NULL) == ERR_OK, path);
    return frame;
}

static double cpu_ms(void) { return (double)clock_thread_cpu_ns() / 1e6; }

struct watch {
    struct luma_reader *reader;
    struct detector *detector;
    int64_t now_ns;
};

/* One round; the milliseconds a frame that each half takes. */
static void measure(struct watch *watch, struct frame *const *pictures, size_t count, double *luma_ms,
                    double *detector_ms) {
    *luma_ms = *detector_ms = 0;
    for (size_t i = 0; i < FRAMES; i++) {
        struct luma luma;
        struct detector_result result;
        const double begin = cpu_ms();
        must(luma_reader_read(watch->reader, pictures[i % count], NULL, &luma, NULL) == ERR_OK, "luma");
        const double middle = cpu_ms();
        watch->now_ns += NS_PER_S / 5;
        const struct motion_time time = {.monotonic_ns = watch->now_ns, .realtime_ns = watch->now_ns};
        must(detector_feed(watch->detector, &luma, time, &result) == ERR_OK, "detector");
        *luma_ms += (middle - begin) / FRAMES;
        *detector_ms += (cpu_ms() - middle) / FRAMES;
    }
}

static void print_list(const char *name, const double *values, long count) {
    printf("\"%s\": [", name);
    for (long i = 0; i < count; i++) {
        printf("%s%.5f", i > 0 ? ", " : "", values[i]);
    }
    printf("]");
}

static void run(const char *name, struct frame *const *pictures, size_t count, long rounds) {
    struct motion_settings settings;
    motion_settings_init(&settings);
    struct watch watch = {.now_ns = NS_PER_S};
    must(luma_reader_create(&watch.reader) == ERR_OK && detector_create(&settings, &watch.detector) == ERR_OK,
         "out of memory");
    double *figures = calloc(2 * (size_t)rounds, sizeof *figures), unused[2];
    must(figures != NULL, "out of memory");
    for (int i = 0; i < 3; i++) { /* it learns the picture */
        measure(&watch, pictures, count, &unused[0], &unused[1]);
    }
    for (long i = 0; i < rounds; i++) {
        measure(&watch, pictures, count, &figures[i], &figures[rounds + i]);
    }
    printf("\"%s\": {", name);
    print_list("luma", figures, rounds);
    printf(", ");
    print_list("detector", figures + rounds, rounds);
    printf("}");
    free(figures);
    detector_destroy(&watch.detector);
    luma_reader_destroy(&watch.reader);
}

int main(int argc, char **argv) {
    must(argc > 7 && argc - 7 <= PICTURES_MAX, "usage: motion_cost ROUNDS WIDTH HEIGHT YUYV NV12 YU12 JPEG...");
    const long rounds = strtol(argv[1], NULL, 10);
    must(rounds > 0 && frame_pool_create(&pool) == ERR_OK, "out of memory");
    const enum frame_format formats[] = {FRAME_YUYV, FRAME_NV12, FRAME_I420};
    const char *const names[] = {"yuyv", "nv12", "yu12"};
    struct frame_info info = {.width_px = (uint32_t)strtoul(argv[2], NULL, 10),
                              .height_px = (uint32_t)strtoul(argv[3], NULL, 10)};
    struct frame *pictures[PICTURES_MAX];
    printf("{");
    for (int i = 0; i < 3; i++) {
        info.format = formats[i];
        pictures[0] = read_picture(argv[4 + i], &info);
        run(names[i], pictures, 1, rounds);
        printf(", ");
        frame_unref(&pictures[0]);
    }
    const size_t count = (size_t)argc - 7;
    info.format = FRAME_JPEG;
    for (size_t i = 0; i < count; i++) {
        pictures[i] = read_picture(argv[7 + i], &info);
    }
    run("jpeg", pictures, count, rounds);
    printf("}\n");
    for (size_t i = 0; i < count; i++) {
        frame_unref(&pictures[i]);
    }
    frame_pool_destroy(&pool);
    return 0;
}
