/* What the stress programs share. They run for a bounded time with threads that do their worst, and abort with a line
 * that names what did not hold.
 *
 *     PROGRAM [SECONDS [SEED]]      5 s, and a seed from the clock, which is printed
 *
 * Threads: any. */
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

#include "broker/frame/frame.h"
#include "tests/asserts.h"

#include <stdbool.h>

#define REQUIRE(condition) stress_require((condition), #condition, __FILE__, __LINE__)
void stress_require(bool holds, const char *condition, const char *file, int line);

/* Reads the arguments and starts the clock. */
void stress_begin(int argc, char **argv);
/* The time is up. */
bool stress_over(void);
/* Blocks: until this share (0 to 1) of the time has passed. */
void stress_wait_for(double share);

/* Random numbers of one thread; start one with stress_random(). */
struct dice {
    unsigned state;
};
struct dice stress_random(void);
/* 0 to sides - 1. */
unsigned dice_roll(struct dice *dice, unsigned sides);

/* A frame of random size, filled with bytes of its sequence number. All are of one size class of the pool. */
struct frame *stress_frame(struct frame_pool *pool, uint64_t sequence, struct dice *dice);
/* Nobody has written into it since. */
void stress_check_frame(const struct frame *frame);

/* How many of the pool's frames somebody still has. Only while nobody else uses the pool. */
size_t stress_frames_in_use(struct frame_pool *pool);

#endif
