#include "broker/recording/recovery.h"

#include "broker/base/clock.h"
#include "broker/recording/recording_days.h"
#include "broker/recording/segment/segment_scan.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLICE 64
/* A camera's newest folders, in which a crash can have left files without a row. */
#define NEWEST_DAYS 2
/* Segments that are nearer belong together, as far as their files say. */
#define GAP_NS (3 * NS_PER_S)

static struct segment_row row_of(const struct segment_scan *scan, const char *name, bool is_full) {
    return (struct segment_row){.start_ns = scan->start_ns,
                                .end_ns = scan->end_ns,
                                .bytes = scan->bytes,
                                .frames = scan->frames,
                                .is_finished = true,
                                .is_full = is_full,
                                .name = name,
                                .index = scan->index.packed,
                                .index_bytes = scan->index.bytes};
}

/* Scans a file and cuts its torn end. */
static enum err scan_and_cut(const char *file, struct segment_scan *scan) {
    enum err error = segment_scan_file(scan, file);
    if (error == ERR_OK && scan->file_bytes > scan->bytes && truncate(file, (off_t)scan->bytes) != 0) {
        error = err_from_errno(errno);
    }
    return error;
}

static bool is_useless(enum err error) { return error == ERR_INVALID || error == ERR_NOT_FOUND; }

static enum err fail(enum err error, const char *what, struct reason *reason) {
    reason_set(reason, "%s cannot be read: %s", what, err_text(error));
    return error == ERR_MEMORY ? ERR_MEMORY : ERR_IO;
}

/* ---- Rows ---- */

static enum err end_deletions(struct recording_disk *disk, struct recovery_report *report, struct reason *reason) {
    struct segment_place places[SLICE];
    size_t count = SLICE;
    enum err error = ERR_OK;
    while (count == SLICE && error == ERR_OK) {
        error = recording_disk_error(disk, catalogue_writer_unfinished(disk->catalogue, true, places, SLICE, &count),
                                     reason);
        for (size_t i = 0; i < count && error == ERR_OK; i++) {
            error = recording_folder_delete(&disk->folder, places[i].camera_id, places[i].name, reason);
            if (error == ERR_OK) {
                error = recording_disk_begin(disk, reason);
            }
            if (error == ERR_OK) {
                error = recording_disk_error(disk, catalogue_writer_forget(disk->catalogue, places[i].key), reason);
                report->deleted++;
            }
        }
    }
    return error;
}

static enum err repair(struct recording_disk *disk, const struct segment_place *place, struct segment_scan *scan,
                       struct recovery_report *report, struct reason *reason) {
    char file[PATH_MAX];
    enum err error = ERR_NOT_FOUND;
    if (recording_folder_file(disk->folder.path, place->camera_id, place->name, file, sizeof file)) {
        error = scan_and_cut(file, scan);
    }
    if (is_useless(error)) {
        report->deleted++;
        return recording_disk_delete(disk, place, 1, reason);
    }
    if (error != ERR_OK) {
        return fail(error, place->name, reason);
    }
    const struct segment_row row = row_of(scan, place->name, place->is_full);
    error = recording_disk_begin(disk, reason);
    if (error == ERR_OK) {
        error = recording_disk_error(disk, catalogue_writer_update(disk->catalogue, place->camera, place->key, &row),
                                     reason);
        report->repaired++;
    }
    return error;
}

static enum err repair_unfinished(struct recording_disk *disk, struct segment_scan *scan,
                                  struct recovery_report *report, struct reason *reason) {
    struct segment_place places[SLICE];
    size_t count = SLICE;
    enum err error = ERR_OK;
    while (count == SLICE && error == ERR_OK) {
        error = recording_disk_error(disk, catalogue_writer_unfinished(disk->catalogue, false, places, SLICE, &count),
                                     reason);
        for (size_t i = 0; i < count && error == ERR_OK; i++) {
            error = repair(disk, &places[i], scan, report, reason);
        }
    }
    return error;
}

/* ---- Files ---- */

/* adopts_old: the file may be older than what the catalogue has. *adopted: it had no row. */
static enum err adopt(struct recording_disk *disk, const struct recorded_file *file, bool adopts_old,
                      struct segment_scan *scan, bool *adopted, struct reason *reason) {
    char path[PATH_MAX];
    int64_t camera = 0, key;
    bool has = true;
    *adopted = false;
    enum err error = recording_disk_begin(disk, reason);
    if (error == ERR_OK) {
        error = recording_disk_error(disk, catalogue_writer_camera(disk->catalogue, file->camera, &camera), reason);
    }
    if (error == ERR_OK) {
        error = recording_disk_error(disk, catalogue_writer_has(disk->catalogue, camera, file->name, &has), reason);
    }
    if (error != ERR_OK || has ||
        !recording_folder_file(disk->folder.path, file->camera, file->name, path, sizeof path)) {
        return error;
    }
    error = scan_and_cut(path, scan);
    if (error == ERR_INVALID) { /* it holds no frame: a crash has left it */
        return recording_folder_delete(&disk->folder, file->camera, file->name, reason);
    }
    if (error != ERR_OK) {
        return error == ERR_NOT_FOUND ? ERR_OK : fail(error, file->name, reason);
    }
    const struct segment_row row = row_of(scan, file->name, file->is_full);
    *adopted = true;
    return recording_disk_error(disk,
                                adopts_old ? catalogue_writer_adopt(disk->catalogue, camera, &row, GAP_NS)
                                           : catalogue_writer_insert(disk->catalogue, camera, &row, &key),
                                reason);
}

/* The files of a camera's newest days that are not older than its newest row. */
static enum err adopt_newest(struct recording_disk *disk, const char *camera, struct segment_scan *scan,
                             struct recovery_report *report, struct reason *reason) {
    struct recorded_files days = {0}, files = {0};
    char newest[SEGMENT_NAME_BYTES] = "";
    enum err error = recording_list_days(disk->folder.path, camera, &days);
    recorded_files_sort(&days);
    for (size_t i = 0; i < days.count && i < NEWEST_DAYS && error == ERR_OK; i++) {
        error = recording_list_day(disk->folder.path, camera, days.files[i].name, &files);
    }
    recorded_files_sort(&files);
    error = error != ERR_OK ? fail(error, camera, reason) : ERR_OK;
    if (error == ERR_OK) {
        error = recording_disk_error(disk, catalogue_writer_newest_name(disk->catalogue, camera, newest, sizeof newest),
                                     reason);
    }
    const size_t time_bytes = sizeof "2026/11/29/193807" - 1;
    size_t newer = 0;
    while (newer < files.count && strncmp(files.files[newer].name, newest, time_bytes) >= 0) {
        newer++;
    }
    for (size_t i = newer; i-- > 0 && error == ERR_OK;) { /* the oldest first, as they were recorded */
        bool adopted;
        error = adopt(disk, &files.files[i], false, scan, &adopted, reason);
        report->adopted += error == ERR_OK && adopted;
    }
    recorded_files_finish(&days);
    recorded_files_finish(&files);
    return error;
}

enum err recovery_run(struct recording_disk *disk, struct recovery_report *report, struct reason *reason) {
    struct recorded_files cameras = {0};
    struct segment_scan scan = {0};
    *report = (struct recovery_report){0};
    enum err error = end_deletions(disk, report, reason);
    if (error == ERR_OK) {
        error = repair_unfinished(disk, &scan, report, reason);
    }
    if (error == ERR_OK) {
        error = recording_list_cameras(disk->folder.path, &cameras);
        error = error != ERR_OK ? fail(error, "the folder", reason) : ERR_OK;
    }
    for (size_t i = 0; i < cameras.count && error == ERR_OK; i++) {
        error = adopt_newest(disk, cameras.files[i].camera, &scan, report, reason);
    }
    recorded_files_finish(&cameras);
    segment_scan_finish(&scan);
    return error == ERR_OK ? recording_disk_commit(disk, reason) : error;
}

/* ---- All files ---- */

struct adoption {
    struct recorded_files cameras, days, files; /* days and files: those that are left, from the end */
    size_t day, file;                           /* the next of each */
    struct segment_scan scan;
    uint64_t count;
};

enum err adoption_create(const char *path, struct adoption **out, struct reason *reason) {
    struct adoption *adoption = calloc(1, sizeof *adoption);
    enum err error = adoption != NULL ? recording_list_cameras(path, &adoption->cameras) : ERR_MEMORY;
    for (size_t i = 0; error == ERR_OK && i < adoption->cameras.count; i++) {
        error = recording_list_days(path, adoption->cameras.files[i].camera, &adoption->days);
    }
    if (error != ERR_OK) {
        adoption_destroy(&adoption);
        return fail(error, "the folder", reason);
    }
    recorded_files_sort(&adoption->days);
    *out = adoption;
    return ERR_OK;
}

void adoption_destroy(struct adoption **adoption_pointer) {
    struct adoption *adoption = *adoption_pointer;
    *adoption_pointer = NULL;
    if (adoption == NULL) {
        return;
    }
    recorded_files_finish(&adoption->cameras);
    recorded_files_finish(&adoption->days);
    recorded_files_finish(&adoption->files);
    segment_scan_finish(&adoption->scan);
    free(adoption);
}

uint64_t adoption_count(const struct adoption *adoption) { return adoption->count; }

/* Lists the files of the next day, of all cameras. */
static enum err next_day(struct adoption *adoption, const char *path) {
    enum err error = ERR_OK;
    adoption->files.count = adoption->file = 0;
    const struct recorded_file *first = &adoption->days.files[adoption->day];
    while (adoption->day < adoption->days.count && error == ERR_OK) {
        const struct recorded_file *day = &adoption->days.files[adoption->day];
        if (strcmp(day->name, first->name) != 0) {
            break;
        }
        error = recording_list_day(path, day->camera, day->name, &adoption->files);
        adoption->day++;
    }
    recorded_files_sort(&adoption->files);
    return error;
}

enum err adoption_step(struct adoption *adoption, struct recording_disk *disk, int64_t deadline_ns, bool *is_done,
                       struct reason *reason) {
    enum err error = ERR_OK;
    *is_done = false;
    while (error == ERR_OK && clock_monotonic_ns() < deadline_ns) {
        if (adoption->file < adoption->files.count) {
            bool adopted = false;
            error = adopt(disk, &adoption->files.files[adoption->file++], true, &adoption->scan, &adopted, reason);
            adoption->count += error == ERR_OK && adopted;
        } else if (adoption->day < adoption->days.count) {
            error = next_day(adoption, disk->folder.path);
            error = error != ERR_OK ? fail(error, "a folder", reason) : ERR_OK;
        } else {
            *is_done = true;
            break;
        }
    }
    return error;
}
