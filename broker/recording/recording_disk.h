/* The disk that recordings go to: its folder, its catalogue, and the transaction that the changes of one round share.
 *
 * Errors of everything here, and of what works on it: ERR_BUSY: the disk is full; ERR_INVALID: the catalogue is broken;
 * ERR_NOT_FOUND, ERR_GONE: the folder is not there, or not marked; ERR_IO, ERR_MEMORY. Each with a reason. After an
 * error close it, which loses what was not committed, and open it again.
 *
 * Lifecycle: open; rounds, each of which ends with recording_disk_commit(); close. Blocks: as the disk does.
 * Threads: one at a time. */
#ifndef BROKER_RECORDING_RECORDING_DISK_H
#define BROKER_RECORDING_RECORDING_DISK_H

#include "broker/recording/catalogue/catalogue_writer.h"
#include "broker/recording/recording_folder.h"

/* Zeroed: not open. */
struct recording_disk {
    struct recording_folder folder;
    struct catalogue_writer *catalogue;
    bool in_transaction;
};

/* A catalogue that is broken is put aside, as catalogue.sqlite.broken, and *is_new says so: it has to be made anew from
 * the files. */
CHECKED enum err recording_disk_open(const char *path, struct recording_disk *disk, bool *is_new,
                                     struct reason *reason);
/* The same with a new catalogue, whatever there is of one: it is put aside, and its protections and its history are
 * taken over as far as they can be read. */
CHECKED enum err recording_disk_open_new(const char *path, struct recording_disk *disk, struct reason *reason);
void recording_disk_close(struct recording_disk *disk);
static inline bool recording_disk_is_open(const struct recording_disk *disk) { return disk->catalogue != NULL; }

/* Begins the round's transaction unless it has begun. */
CHECKED enum err recording_disk_begin(struct recording_disk *disk, struct reason *reason);
CHECKED enum err recording_disk_commit(struct recording_disk *disk, struct reason *reason);
/* What an error of catalogue_writer.h means here; writes the reason. */
CHECKED enum err recording_disk_error(const struct recording_disk *disk, enum err error, struct reason *reason);

/* Deletes segments: marks them, commits, unlinks, forgets them, commits. */
CHECKED enum err recording_disk_delete(struct recording_disk *disk, const struct segment_place *places, size_t count,
                                       struct reason *reason);

#endif
