/* The folder of the recordings: the mark that says that it is one, the lock of the program that records into it, and
 * the names of its files.
 *
 *     PATH/.framebroker-recordings          the mark, made by recording_folder_init(); locked while somebody records
 *     PATH/.reserve                         room for the catalogue on a disk that is full
 *     PATH/catalogue.sqlite                 catalogue.h
 *     PATH/CAMERA/YYYY/MM/DD/HHMMSS.mjpeg   a segment, by the time of its first frame, UTC; with "-sparse" behind the
 *                                           time where it has few of the frames, and "-2" and so on where the name is
 *                                           taken, as it is when the clock is set back
 *
 * A folder without the mark is refused: where a disk is not mounted, its mount point is such a folder.
 *
 * Lifecycle: open; ...; close. Blocks: as the disk does. Threads: one at a time. */
#ifndef BROKER_RECORDING_RECORDING_FOLDER_H
#define BROKER_RECORDING_RECORDING_FOLDER_H

#include "broker/recording/catalogue/catalogue.h"

#include <sys/types.h>

#define RECORDING_MARK_NAME ".framebroker-recordings"

/* Zeroed: not open. */
struct recording_folder {
    bool is_open;
    char *path;
    int fd;       /* of the folder: what is made below it is on its disk, even if that is no longer mounted here */
    int lock_fd;  /* of the mark */
    dev_t device; /* of the mark, as it was opened */
    ino_t inode;
};

/* Makes the folder where it is missing (its parent exists), and the mark. *was_marked: it was one already. ERR_IO and
 * others of errno, with a reason. */
CHECKED enum err recording_folder_init(const char *path, bool *was_marked, struct reason *reason);

/* ERR_NOT_FOUND: there is no such folder, or it has no mark; ERR_BUSY: another process records into it; ERR_IO,
 * ERR_MEMORY. Each with a reason that says what to do. */
CHECKED enum err recording_folder_open(const char *path, struct recording_folder *folder, struct reason *reason);
void recording_folder_close(struct recording_folder *folder);
/* Whether it is still there, on the same disk, e.g. not unmounted. ERR_GONE with a reason. */
CHECKED enum err recording_folder_check(const struct recording_folder *folder, struct reason *reason);
/* Bytes that are free on the disk for this process. ERR_IO. */
CHECKED enum err recording_folder_free_bytes(const char *path, uint64_t *bytes);

/* Keeps some room of the disk for later, in a file that is made where it is missing; false: there is none to keep. */
bool recording_folder_make_reserve(const struct recording_folder *folder);
/* Frees it, for a catalogue that has to be opened, and to delete, on a full disk. */
void recording_folder_free_reserve(const char *path);

/* The name of a segment by the time of its first frame; attempt: from 1. */
void recording_folder_name(int64_t start_ns, bool is_full, unsigned attempt, char name[SEGMENT_NAME_BYTES]);
/* Whether it is one, and whether of a sparse segment. */
bool recording_folder_is_name(const char *name, bool *is_full);
/* False: the path is too long. */
CHECKED bool recording_folder_file(const char *path, const char *camera_id, const char *name, char *file,
                                   size_t capacity);
/* Makes the folders above a segment. ERR_BUSY: the disk is full; ERR_IO; with a reason. */
CHECKED enum err recording_folder_make(const struct recording_folder *folder, const char *camera_id, const char *name,
                                       struct reason *reason);
/* fsync() of the folders above a segment, from its own to PATH. ERR_IO with a reason. */
CHECKED enum err recording_folder_sync(const struct recording_folder *folder, const char *camera_id, const char *name,
                                       struct reason *reason);
/* Deletes a segment's file and the folders that become empty by it. A file that is gone is no error. ERR_IO with a
 * reason. */
CHECKED enum err recording_folder_delete(const struct recording_folder *folder, const char *camera_id, const char *name,
                                         struct reason *reason);
/* The path of a segment below folder->fd. */
#define SEGMENT_PATH_BYTES (TOPIC_ID_MAX_BYTES + 1 + SEGMENT_NAME_BYTES)
void recording_folder_path(const char *camera_id, const char *name, char path[SEGMENT_PATH_BYTES]);

#endif
