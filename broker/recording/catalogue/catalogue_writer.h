/* The catalogue of the recordings: writing (catalogue.h reads).
 *
 * Changes are collected in a transaction, from begin to commit. The order that survives a crash is the caller's:
 * - a segment: write, fdatasync the file, fsync its folder, insert; later write, fdatasync, update;
 * - deletion: mark, commit, unlink, forget, commit. A mark that is found at the start is unlinked again.
 *
 * Lifecycle: open; begin, changes, commit, any number of times; close. Blocks: as the disk does.
 * Threads: one, the only writer of a catalogue in all processes (recording_folder.h has its lock).
 * Every function: ERR_INVALID: the catalogue is broken; ERR_GONE: the disk is full; ERR_BUSY: locked; ERR_IO;
 * ERR_MEMORY. After an error roll back. */
#ifndef BROKER_RECORDING_CATALOGUE_CATALOGUE_WRITER_H
#define BROKER_RECORDING_CATALOGUE_CATALOGUE_WRITER_H

#include "broker/recording/catalogue/catalogue.h"

struct catalogue_writer;

/* Makes the catalogue where there is none. reason says what is wrong. */
CHECKED enum err catalogue_writer_open(const char *path, struct catalogue_writer **writer, struct reason *reason);
void catalogue_writer_close(struct catalogue_writer **writer);
/* Why the last call failed. Borrowed until the next. */
const char *catalogue_writer_error(const struct catalogue_writer *writer);

CHECKED enum err catalogue_writer_begin(struct catalogue_writer *writer);
CHECKED enum err catalogue_writer_commit(struct catalogue_writer *writer);
void catalogue_writer_rollback(struct catalogue_writer *writer);

/* The camera's key, made at its first use. "" has one too, for events of no camera. */
CHECKED enum err catalogue_writer_camera(struct catalogue_writer *writer, const char *id, int64_t *camera);

/* What is to be written of a segment. */
struct segment_row {
    int64_t start_ns, end_ns;
    uint64_t bytes, frames;
    bool is_finished, is_full;
    bool continues; /* the camera's segment before, without a gap */
    const char *name;
    const void *index; /* segment_index.h, packed */
    size_t index_bytes;
};

/* *key is the new segment's. Its stretch grows, or a new one begins. */
CHECKED enum err catalogue_writer_insert(struct catalogue_writer *writer, int64_t camera, const struct segment_row *row,
                                         int64_t *key);
/* Brings it up to date: all but start, kind, name and continuation. */
CHECKED enum err catalogue_writer_update(struct catalogue_writer *writer, int64_t camera, int64_t key,
                                         const struct segment_row *row);

/* A segment to be deleted, or to be recovered. */
struct segment_place {
    int64_t key, camera;
    uint64_t bytes;
    int64_t start_ns, end_ns;
    bool is_full;
    char camera_id[TOPIC_ID_MAX_BYTES + 1];
    char name[SEGMENT_NAME_BYTES];
};

/* The oldest finished segments without protection, up to `max`, oldest first. camera: 0 for every camera. */
CHECKED enum err catalogue_writer_oldest(struct catalogue_writer *writer, int64_t camera, struct segment_place *places,
                                         size_t max, size_t *count);
/* Those of a camera that lie wholly or partly between two times. */
CHECKED enum err catalogue_writer_between(struct catalogue_writer *writer, int64_t camera, int64_t from_ns,
                                          int64_t to_ns, struct segment_place *places, size_t max, size_t *count);
/* Those that are marked, or (is_marked false) that were being written, e.g. when the program crashed. */
CHECKED enum err catalogue_writer_unfinished(struct catalogue_writer *writer, bool is_marked,
                                             struct segment_place *places, size_t max, size_t *count);
/* Whether there is a segment of that name. */
CHECKED enum err catalogue_writer_has(struct catalogue_writer *writer, int64_t camera, const char *name, bool *has);
/* The greatest name of a camera; "" where there is none. */
CHECKED enum err catalogue_writer_newest_name(struct catalogue_writer *writer, const char *camera_id, char *name,
                                              size_t capacity);
/* Inserts a finished segment that may be older than all others, and counts as recorded before them. It belongs to the
 * stretch of the segment that follows it within gap_ns. */
CHECKED enum err catalogue_writer_adopt(struct catalogue_writer *writer, int64_t camera, const struct segment_row *row,
                                        int64_t gap_ns);
/* To be deleted: readers do not see it any more, and it no longer counts in the camera's sums. */
CHECKED enum err catalogue_writer_mark(struct catalogue_writer *writer, const struct segment_place *place);
/* Its file is gone. */
CHECKED enum err catalogue_writer_forget(struct catalogue_writer *writer, int64_t key);

/* Keeps what has frames between two times, from now on and until catalogue_writer_release() of the same times or more.
 */
CHECKED enum err catalogue_writer_protect(struct catalogue_writer *writer, int64_t camera, int64_t from_ns,
                                          int64_t to_ns);
/* Ends each protection that lies wholly between two times. */
CHECKED enum err catalogue_writer_release(struct catalogue_writer *writer, int64_t camera, int64_t from_ns,
                                          int64_t to_ns);

/* What a camera has. */
struct camera_sums {
    int64_t key; /* 0: nothing, ever */
    uint64_t bytes;
    int64_t oldest_ns, newest_ns; /* of its first and last frame; 0: none */
};
CHECKED enum err catalogue_writer_camera_sums(struct catalogue_writer *writer, const char *id,
                                              struct camera_sums *sums);
/* The sum of all cameras. */
CHECKED enum err catalogue_writer_bytes(struct catalogue_writer *writer, uint64_t *bytes);

/* Takes over protections and history of another catalogue, as far as that can be read. Not within a transaction. */
void catalogue_writer_import(struct catalogue_writer *writer, const char *file);

/* camera: its id, "" for none. Texts longer than HISTORY_..._MAX_BYTES are cut. */
CHECKED enum err catalogue_writer_add_event(struct catalogue_writer *writer, int64_t at_ns, const char *camera,
                                            const char *kind, const char *details);
/* Removes rows older than a time, up to `max`. */
CHECKED enum err catalogue_writer_trim_events(struct catalogue_writer *writer, int64_t before_ns, size_t max);

#endif
