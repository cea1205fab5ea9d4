#include "broker/recording/verification.h"

#include "broker/recording/catalogue/catalogue.h"
#include "broker/recording/recording_days.h"
#include "broker/recording/recording_folder.h"
#include "broker/recording/segment/segment_scan.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#define SLICE 256
/* A file that was written to so lately may have no row yet. */
#define FRESH_S 5

struct check {
    const char *path;
    struct catalogue *catalogue;
    struct segment_scan scan;
    verification_problem *visit;
    void *user;
    struct verification *result;
    struct recorded_files files; /* of one camera, by name, the greatest first */
    bool *has_row;               /* for each of them */
};

static void report(struct check *check, const char *camera, const char *name, const char *what) {
    check->result->problems++;
    check->visit(check->user, camera, name, what);
}

static void note_row(struct check *check, const char *name) {
    size_t low = 0, high = check->files.count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const int order = strcmp(check->files.files[middle].name, name);
        if (order == 0) {
            check->has_row[middle] = true;
            return;
        }
        if (order > 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
}

static const char *compare(const struct catalogue_segment *segment, const struct segment_scan *scan) {
    if (scan->bytes < segment->bytes || scan->frames < segment->frames) {
        return "the file holds less than the catalogue says";
    }
    if (segment->is_finished && (scan->bytes > segment->bytes || scan->frames > segment->frames)) {
        return "the file holds more than the catalogue says";
    }
    return segment->is_finished && scan->file_bytes > scan->bytes ? "the end of the file is torn" : NULL;
}

static enum err check_segment(struct check *check, const char *camera, const struct catalogue_segment *segment) {
    char file[PATH_MAX];
    enum err error = ERR_NOT_FOUND;
    note_row(check, segment->name);
    if (recording_folder_file(check->path, camera, segment->name, file, sizeof file)) {
        error = segment_scan_file(&check->scan, file);
    }
    if (error == ERR_MEMORY) {
        return error;
    }
    const char *what = error == ERR_OK          ? compare(segment, &check->scan)
                       : error == ERR_NOT_FOUND ? "there is no such file"
                       : error == ERR_INVALID   ? "the file holds no frame"
                                                : "the file cannot be read";
    if (what != NULL) {
        report(check, camera, segment->name, what);
        return ERR_OK;
    }
    check->result->segments++;
    check->result->frames += check->scan.frames;
    check->result->bytes += check->scan.bytes;
    return ERR_OK;
}

static enum err check_rows(struct check *check, const char *camera) {
    struct catalogue_segment segments[SLICE];
    struct catalogue_place place = {.start_ns = INT64_MIN};
    size_t count = SLICE;
    enum err error = ERR_OK;
    while (count == SLICE && error == ERR_OK) {
        error = catalogue_read_segments(check->catalogue, camera, INT64_MIN, INT64_MAX,
                                        place.start_ns != INT64_MIN ? &place : NULL, segments, SLICE, &count);
        for (size_t i = 0; i < count && error == ERR_OK; i++) {
            error = check_segment(check, camera, &segments[i]);
            place = (struct catalogue_place){segments[i].start_ns, segments[i].key};
        }
    }
    return error;
}

static bool is_fresh(const struct check *check, const struct recorded_file *recorded) {
    char file[PATH_MAX];
    struct stat status;
    return recording_folder_file(check->path, recorded->camera, recorded->name, file, sizeof file) &&
           stat(file, &status) == 0 && time(NULL) - status.st_mtime < FRESH_S;
}

static enum err check_camera(struct check *check, const char *camera) {
    struct recorded_files days = {0};
    check->files.count = 0;
    enum err error = recording_list_days(check->path, camera, &days);
    for (size_t i = 0; i < days.count && error == ERR_OK; i++) {
        error = recording_list_day(check->path, camera, days.files[i].name, &check->files);
    }
    recorded_files_finish(&days);
    recorded_files_sort(&check->files);
    check->has_row = calloc(check->files.count + 1, sizeof *check->has_row);
    if (error == ERR_OK) {
        error = check->has_row != NULL ? check_rows(check, camera) : ERR_MEMORY;
    }
    for (size_t i = 0; i < check->files.count && error == ERR_OK; i++) {
        if (!check->has_row[i] && !is_fresh(check, &check->files.files[i])) {
            report(check, camera, check->files.files[i].name, "the catalogue does not know the file");
        }
    }
    free(check->has_row);
    return error;
}

/* Cameras that have rows, and no folder any more. */
static enum err check_missing(struct check *check, const struct recorded_files *folders) {
    struct catalogue_camera cameras[SLICE];
    char after[TOPIC_ID_MAX_BYTES + 1] = "";
    size_t count = SLICE;
    enum err error = ERR_OK;
    while (count == SLICE && error == ERR_OK) {
        error = catalogue_read_cameras(check->catalogue, after, cameras, SLICE, &count);
        for (size_t i = 0; i < count && error == ERR_OK; i++) {
            bool has_folder = false;
            for (size_t j = 0; j < folders->count; j++) {
                has_folder = has_folder || strcmp(folders->files[j].camera, cameras[i].id) == 0;
            }
            error = has_folder ? ERR_OK : check_camera(check, cameras[i].id);
            memcpy(after, cameras[i].id, sizeof after);
        }
    }
    return error;
}

enum err verification_run(const char *path, verification_problem *visit, void *user, struct verification *result,
                          struct reason *reason) {
    struct check check = {.path = path, .visit = visit, .user = user, .result = result};
    struct recorded_files folders = {0};
    *result = (struct verification){0};
    enum err error = catalogue_open(path, &check.catalogue, reason);
    if (error != ERR_OK) {
        return error;
    }
    error = recording_list_cameras(path, &folders);
    for (size_t i = 0; i < folders.count && error == ERR_OK; i++) {
        error = check_camera(&check, folders.files[i].camera);
    }
    if (error == ERR_OK) {
        error = check_missing(&check, &folders);
    }
    if (error != ERR_OK) {
        reason_set(reason, "the recordings cannot be read: %s",
                   error == ERR_INVALID ? catalogue_error(check.catalogue) : err_text(error));
    }
    recorded_files_finish(&folders);
    recorded_files_finish(&check.files);
    segment_scan_finish(&check.scan);
    catalogue_close(&check.catalogue);
    return error;
}
