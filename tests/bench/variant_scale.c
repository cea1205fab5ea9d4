/* What making one picture of a variant costs: the server's own converter over pictures from files, again and again.
 *
 *     variant_scale WIDTH PICTURES FILE...
 *
 * prints the milliseconds of CPU a picture, and the size that came out: "3.21 480x270". */
#include "cameras/picture/jpeg.h"
#include "cameras/picture/scaler.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define FILE_MAX_BYTES ((size_t)16 << 20)

static struct frame_pool *pool;

static void must(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "variant_scale: %s\n", what);
        exit(1);
    }
}

static struct frame *read_picture(const char *path) {
    struct frame *frame;
    must(frame_create(pool, FILE_MAX_BYTES, &frame) == ERR_OK, "out of memory");
    FILE *file = fopen(path, "rb");
    must(file != NULL, path);
    frame_set_size(frame, fread(frame_data(frame), 1, FILE_MAX_BYTES, file));
    fclose(file);
    must(jpeg_admit(frame, true, NULL, NULL) == ERR_OK, path);
    return frame;
}

static double cpu_ms(void) {
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    return (double)used.tv_sec * 1e3 + (double)used.tv_nsec / 1e6;
}

int main(int argc, char **argv) {
    must(argc > 3, "usage: variant_scale WIDTH PICTURES FILE...");
    struct variant_request request = {.width_px = (uint32_t)strtoul(argv[1], NULL, 10)};
    long count = strtol(argv[2], NULL, 10);
    int file_count = argc - 3;
    must(frame_pool_create(&pool) == ERR_OK, "out of memory");
    struct frame **pictures = calloc((size_t)file_count, sizeof(struct frame *));
    must(pictures != NULL, "out of memory");
    for (int i = 0; i < file_count; i++) {
        pictures[i] = read_picture(argv[3 + i]);
    }
    void *converter;
    must(scaler_ops.create(pool, &request, &converter) == ERR_OK, "out of memory");
    struct frame *derived = NULL;
    double began_ms = cpu_ms();
    for (long i = 0; i < count; i++) {
        frame_unref(&derived);
        must(scaler_ops.convert(converter, pictures[i % file_count], NULL, &derived) == ERR_OK, "cannot convert");
    }
    must(derived != NULL, "nothing was converted");
    printf("%.3f %ux%u\n", (cpu_ms() - began_ms) / (double)count, frame_info(derived)->width_px,
           frame_info(derived)->height_px);
    frame_unref(&derived);
    scaler_ops.destroy(converter);
    for (int i = 0; i < file_count; i++) {
        frame_unref(&pictures[i]);
    }
    free(pictures);
    frame_pool_destroy(&pool);
    return 0;
}
