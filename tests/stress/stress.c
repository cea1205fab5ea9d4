#include "tests/stress/stress.h"

#include "broker/base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PAYLOAD_MAX_BYTES 12000

static unsigned seed;
static int64_t begin_ns, end_ns;
static atomic_uint dice_count;

void stress_require(bool holds, const char *condition, const char *file, int line) {
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold: %s (seed %u)\n", file, line, condition, seed);
        abort();
    }
}

void stress_begin(int argc, char **argv) {
    double seconds = argc > 1 ? atof(argv[1]) : 5;
    begin_ns = clock_monotonic_ns();
    end_ns = begin_ns + (int64_t)(seconds * NS_PER_S);
    seed = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : (unsigned)(clock_realtime_ns() / NS_PER_MS);
    printf("%g s, seed %u\n", seconds, seed);
    fflush(stdout);
}

bool stress_over(void) { return clock_monotonic_ns() >= end_ns; }

void stress_wait_for(double share) {
    int64_t wait_ns = begin_ns + (int64_t)((double)(end_ns - begin_ns) * share) - clock_monotonic_ns();
    if (wait_ns > 0) {
        struct timespec wait = clock_timespec(wait_ns);
        nanosleep(&wait, NULL);
    }
}

struct dice stress_random(void) {
    return (struct dice){.state = seed + atomic_fetch_add_explicit(&dice_count, 1, memory_order_relaxed) * 7919};
}

unsigned dice_roll(struct dice *dice, unsigned sides) { return (unsigned)rand_r(&dice->state) % sides; }

struct frame *stress_frame(struct frame_pool *pool, uint64_t sequence, struct dice *dice) {
    uint32_t fill = (uint32_t)(sequence % 251);
    uint32_t size = 1 + dice_roll(dice, PAYLOAD_MAX_BYTES);
    struct frame *frame;
    REQUIRE(frame_create(pool, PAYLOAD_MAX_BYTES, &frame) == ERR_OK);
    memset(frame_data(frame), (int)fill, size);
    frame_set_size(frame, size);
    *frame_edit_info(frame) = (struct frame_info){
        .sequence = sequence,
        .captured_realtime_ns = clock_realtime_ns(),
        .captured_monotonic_ns = clock_monotonic_ns(),
        .width_px = size,
        .height_px = fill,
        .format = FRAME_GREY,
    };
    return frame;
}

void stress_check_frame(const struct frame *frame) {
    const struct frame_info *info = frame_info(frame);
    struct span payload = frame_payload(frame);
    size_t intact = 0;
    while (intact < payload.count && payload.bytes[intact] == info->height_px) {
        intact++;
    }
    REQUIRE(intact == info->width_px && intact == payload.count);
}

size_t stress_frames_in_use(struct frame_pool *pool) {
    struct frame_pool_usage before = frame_pool_usage(pool);
    struct frame **taken = calloc(before.frames + 1, sizeof(struct frame *));
    REQUIRE(taken != NULL);
    size_t kept = 0;
    for (;;) {
        REQUIRE(frame_create(pool, PAYLOAD_MAX_BYTES, &taken[kept]) == ERR_OK);
        if (frame_pool_usage(pool).allocations > before.allocations) {
            break;
        }
        kept++;
    }
    for (size_t i = 0; i <= kept; i++) {
        frame_unref(&taken[i]);
    }
    free(taken);
    return before.frames - kept;
}
