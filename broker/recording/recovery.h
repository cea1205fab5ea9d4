/* Puts catalogue and files in step again after a crash: what each lacks of the other.
 *
 * recovery_run(), whenever the disk is opened, is quick however much is recorded: it ends deletions that had begun,
 * cuts torn ends of segments that were being written, and adopts the newest files that have no row. An adoption goes
 * through all files, newest first, and gives a row to each that has none: for a catalogue that is made anew, from a
 * command or while recording goes on.
 *
 * Threads: one, that which writes the catalogue. Blocks: as the disk does. Errors: recording_disk.h. */
#ifndef BROKER_RECORDING_RECOVERY_H
#define BROKER_RECORDING_RECOVERY_H

#include "broker/recording/recording_disk.h"

struct recovery_report {
    uint64_t deleted;  /* segments whose deletion had begun, and rows without a file */
    uint64_t repaired; /* segments that were being written */
    uint64_t adopted;  /* files without a row */
};

CHECKED enum err recovery_run(struct recording_disk *disk, struct recovery_report *report, struct reason *reason);

struct adoption;

/* Lists the days that there are. ERR_MEMORY, ERR_IO. */
CHECKED enum err adoption_create(const char *path, struct adoption **adoption, struct reason *reason);
/* Adopts until deadline_ns (monotonic), in the round's transaction. *is_done: nothing is left. */
CHECKED enum err adoption_step(struct adoption *adoption, struct recording_disk *disk, int64_t deadline_ns,
                               bool *is_done, struct reason *reason);
uint64_t adoption_count(const struct adoption *adoption); /* files adopted so far */
/* *adoption may be NULL. */
void adoption_destroy(struct adoption **adoption);

#endif
