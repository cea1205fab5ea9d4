/* The catalogue of the recordings: reading. A SQLite database in WAL mode, PATH/catalogue.sqlite, which one thread
 * writes (catalogue_writer.h) and any number of connections read.
 *
 * What it knows: cameras, with what each has in all; segments, with an index of their seconds; stretches, which are
 * segments without a gap between them; protected stretches; and the history, a row for each event.
 * A row of a segment appears once its file and its folder are on the disk, and is brought up to date at each sync. Of
 * a segment that is being written (`is_finished` is false) the file may hold more than the row says: segment_reader.h
 * walks on. A row may outlive its file: a reader passes over a segment whose file is not there.
 *
 * Lifecycle: open; any number of queries; close. Blocks: as the disk does.
 * Threads: one at a time for each connection. Queries are slices: none holds a transaction when it has returned, so
 * that no reader keeps the writer's log from being emptied. Ownership: rows are plain data, but for the texts of a
 * history row, which are lent to a visitor for the call. Times are nanoseconds since the epoch, of capture. */
#ifndef BROKER_RECORDING_CATALOGUE_CATALOGUE_H
#define BROKER_RECORDING_CATALOGUE_CATALOGUE_H

#include "broker/base/err.h"
#include "broker/topic_settings.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "2026/11/29/193807-12.mjpeg", below the camera's folder. */
#define SEGMENT_NAME_BYTES 40

struct catalogue;

/* path: the folder of the recordings. ERR_NOT_FOUND: there is no catalogue; ERR_INVALID: it is broken, or of a newer
 * version; ERR_BUSY, ERR_IO, ERR_MEMORY. Each with a reason. */
CHECKED enum err catalogue_open(const char *path, struct catalogue **catalogue, struct reason *reason);
void catalogue_close(struct catalogue **catalogue);
/* Why the last query failed, for the log. Borrowed until the next. */
const char *catalogue_error(const struct catalogue *catalogue);

/* Every query below: ERR_INVALID: the catalogue is broken; ERR_BUSY: it was locked for too long; ERR_IO; ERR_MEMORY. */

struct catalogue_camera {
    char id[TOPIC_ID_MAX_BYTES + 1];
    uint64_t segments, bytes, frames;
    int64_t oldest_ns, newest_ns; /* of its first and last frame; 0: none */
};

/* Up to `max` cameras in the order of their ids, from the first behind `after` ("": from the beginning). */
CHECKED enum err catalogue_read_cameras(struct catalogue *catalogue, const char *after,
                                        struct catalogue_camera *cameras, size_t max, size_t *count);
/* ERR_NOT_FOUND: nothing was ever recorded of it. */
CHECKED enum err catalogue_find_camera(struct catalogue *catalogue, const char *camera_id,
                                       struct catalogue_camera *camera);

struct catalogue_segment {
    int64_t key;                   /* grows with each segment, in the order of recording */
    int64_t start_ns, end_ns;      /* of its first and newest frame */
    uint64_t bytes, frames;        /* as of the last sync */
    bool is_finished;              /* no more frames come */
    bool is_full;                  /* every frame of the camera; false: sparse */
    bool is_protected;             /* kept by retention */
    char name[SEGMENT_NAME_BYTES]; /* PATH/CAMERA/name is the file */
};

/* A place among a camera's segments, which are ordered by start, then key. Zeroed: before the first. */
struct catalogue_place {
    int64_t start_ns, key;
};

/* Segments of a camera that have frames between two times (from_ns <= to_ns), behind `after` (NULL: from the
 * beginning), up to `max` of them. Continue behind the last one while *count is max. */
CHECKED enum err catalogue_read_segments(struct catalogue *catalogue, const char *camera_id, int64_t from_ns,
                                         int64_t to_ns, const struct catalogue_place *after,
                                         struct catalogue_segment *segments, size_t max, size_t *count);

/* The segment whose frames a player shows at a time: that which began last at or before it, even if it has ended since.
 * *offset: of the part from which segment_reader_find() walks to the frame. ERR_NOT_FOUND: none began before. */
CHECKED enum err catalogue_find_segment(struct catalogue *catalogue, const char *camera_id, int64_t realtime_ns,
                                        struct catalogue_segment *segment, uint64_t *offset);
/* The segment that begins next behind a place. ERR_NOT_FOUND: none does, so far. */
CHECKED enum err catalogue_next_segment(struct catalogue *catalogue, const char *camera_id,
                                        const struct catalogue_place *after, struct catalogue_segment *segment);

/* Time without a gap: segments of one kind that follow each other. */
struct catalogue_stretch {
    int64_t start_ns, end_ns;
    uint64_t bytes;
    bool is_full;
};

/* Stretches that have frames between two times, in the order of their starts, whole: they may begin before and end
 * after. From the first that begins behind after_ns (INT64_MIN: from the beginning), up to `max`. */
CHECKED enum err catalogue_read_stretches(struct catalogue *catalogue, const char *camera_id, int64_t from_ns,
                                          int64_t to_ns, int64_t after_ns, struct catalogue_stretch *stretches,
                                          size_t max, size_t *count);

/* Of those of a kind that begin behind one time and not behind another: the first, and the last. ERR_NOT_FOUND. */
CHECKED enum err catalogue_first_stretch(struct catalogue *catalogue, const char *camera_id, bool is_full,
                                         int64_t behind_ns, int64_t until_ns, struct catalogue_stretch *stretch);
CHECKED enum err catalogue_last_stretch(struct catalogue *catalogue, const char *camera_id, bool is_full,
                                        int64_t behind_ns, int64_t until_ns, struct catalogue_stretch *stretch);

/* What retention keeps, until it is released. */
struct catalogue_protection {
    int64_t key;
    char camera[TOPIC_ID_MAX_BYTES + 1];
    int64_t from_ns, to_ns;
};

/* Up to `max` in the order of keys, from the first above after_key. camera_id: NULL for every camera. */
CHECKED enum err catalogue_read_protections(struct catalogue *catalogue, const char *camera_id, int64_t after_key,
                                            struct catalogue_protection *protections, size_t max, size_t *count);

/* ---- History ---- */

#define HISTORY_KIND_MAX_BYTES 31
#define HISTORY_DETAILS_MAX_BYTES 4000

/* An event. camera: "" for none. details: of the event's kind, as its recorder made them, e.g. a JSON object. */
struct history_row {
    int64_t key; /* grows; the catalogue's */
    int64_t at_ns;
    const char *camera, *kind, *details;
};

struct history_query {
    const char *camera_id;  /* NULL: of every camera and of none */
    const char *kind;       /* NULL: any */
    int64_t from_ns, to_ns; /* both included */
    bool newest_first;
    /* The slice begins behind this row, which need not exist any more; key 0: at the beginning. */
    int64_t after_at_ns, after_key;
    size_t limit; /* rows of this slice */
};

/* The time of a row. ERR_NOT_FOUND: there is none with that key, or it is not kept any more. */
CHECKED enum err catalogue_find_event(struct catalogue *catalogue, int64_t key, int64_t *at_ns);

/* False ends the slice behind this row. */
typedef bool history_visit(void *user, const struct history_row *row);
/* Visits a slice in the order of time, then key. *count: rows visited; below the limit, unless a visit has ended it,
 * there are no more. A slice of some hundred rows takes a millisecond. */
CHECKED enum err catalogue_read_history(struct catalogue *catalogue, const struct history_query *query,
                                        history_visit *visit, void *user, size_t *count);

#endif
