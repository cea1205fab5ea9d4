/* Compares the files of the recordings with the catalogue: each way, and inside of each file.
 * Threads: one. Blocks: as the disk does; every file is walked, a minute of frames in some milliseconds. */
#ifndef BROKER_RECORDING_VERIFICATION_H
#define BROKER_RECORDING_VERIFICATION_H

#include "broker/base/err.h"

#include <stdint.h>

struct verification {
    uint64_t segments, frames, bytes; /* that were found in order */
    uint64_t problems;
};

/* name: of a segment, below the camera's folder. what: a sentence. */
typedef void verification_problem(void *user, const char *camera_id, const char *name, const char *what);

/* Visits each problem. It may run while something is being recorded. ERR_NOT_FOUND: there is no catalogue; ERR_INVALID:
 * it is broken; others: catalogue.h; each with a reason. */
CHECKED enum err verification_run(const char *path, verification_problem *visit, void *user,
                                  struct verification *result, struct reason *reason);

#endif
