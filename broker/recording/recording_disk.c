#include "broker/recording/recording_disk.h"

#include "broker/base/log.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define CATALOGUE_NAME "catalogue.sqlite"

/* Its log and its shared memory are of no use without it. */
static enum err put_aside(const char *path, struct reason *reason) {
    char file[PATH_MAX], other[PATH_MAX];
    if (snprintf(other, sizeof other, "%s/" CATALOGUE_NAME ".broken", path) >= (int)sizeof other) {
        return ERR_INVALID;
    }
    snprintf(file, sizeof file, "%s/" CATALOGUE_NAME, path);
    if (rename(file, other) != 0 && errno != ENOENT) {
        reason_set(reason, "the catalogue is broken, and cannot be moved aside");
        return ERR_IO;
    }
    static const char *const others[] = {"-wal", "-shm"};
    for (size_t i = 0; i < 2; i++) {
        if (snprintf(file, sizeof file, "%s/" CATALOGUE_NAME "%s", path, others[i]) < (int)sizeof file) {
            unlink(file);
        }
    }
    return ERR_OK;
}

enum err recording_disk_error(const struct recording_disk *disk, enum err error, struct reason *reason) {
    if (error == ERR_OK) {
        return ERR_OK;
    }
    reason_set(reason, "the catalogue cannot be written: %s",
               disk->catalogue != NULL ? catalogue_writer_error(disk->catalogue) : err_text(error));
    return error == ERR_GONE ? ERR_BUSY : error == ERR_BUSY ? ERR_IO : error;
}

static enum err open_new(const char *path, struct recording_disk *disk, struct reason *reason) {
    char file[PATH_MAX];
    enum err error = put_aside(path, reason);
    if (error == ERR_OK) {
        error = catalogue_writer_open(path, &disk->catalogue, reason);
    }
    if (error == ERR_OK && snprintf(file, sizeof file, "%s/" CATALOGUE_NAME ".broken", path) < (int)sizeof file) {
        catalogue_writer_import(disk->catalogue, file);
    }
    return error;
}

/* What is not a full disk has its own error. */
static enum err finish_opening(struct recording_disk *disk, enum err error) {
    if (error != ERR_OK) {
        catalogue_writer_close(&disk->catalogue);
        recording_folder_close(&disk->folder);
    }
    return error == ERR_GONE ? ERR_BUSY : error == ERR_BUSY ? ERR_IO : error;
}

static enum err open_folder(const char *path, struct recording_disk *disk, struct reason *reason) {
    enum err error = recording_folder_open(path, &disk->folder, reason);
    return error == ERR_BUSY ? ERR_IO : error;
}

enum err recording_disk_open_new(const char *path, struct recording_disk *disk, struct reason *reason) {
    enum err error = open_folder(path, disk, reason);
    return error == ERR_OK ? finish_opening(disk, open_new(path, disk, reason)) : error;
}

enum err recording_disk_open(const char *path, struct recording_disk *disk, bool *is_new, struct reason *reason) {
    *is_new = false;
    enum err error = open_folder(path, disk, reason);
    if (error != ERR_OK) {
        return error;
    }
    error = catalogue_writer_open(path, &disk->catalogue, reason);
    if (error == ERR_INVALID) {
        *is_new = true;
        log_event(LOG_LEVEL_ERROR, NULL,
                  "recording: %s; the catalogue is kept as " CATALOGUE_NAME
                  ".broken, and made anew from the recordings",
                  reason->text);
        error = open_new(path, disk, reason);
    }
    return finish_opening(disk, error);
}

void recording_disk_close(struct recording_disk *disk) {
    if (disk->in_transaction) {
        catalogue_writer_rollback(disk->catalogue);
    }
    catalogue_writer_close(&disk->catalogue);
    recording_folder_close(&disk->folder);
    disk->in_transaction = false;
}

enum err recording_disk_begin(struct recording_disk *disk, struct reason *reason) {
    if (disk->in_transaction) {
        return ERR_OK;
    }
    enum err error = catalogue_writer_begin(disk->catalogue);
    disk->in_transaction = error == ERR_OK;
    return recording_disk_error(disk, error, reason);
}

enum err recording_disk_commit(struct recording_disk *disk, struct reason *reason) {
    if (!disk->in_transaction) {
        return ERR_OK;
    }
    enum err error = catalogue_writer_commit(disk->catalogue);
    if (error == ERR_OK) {
        disk->in_transaction = false;
    }
    return recording_disk_error(disk, error, reason);
}

static enum err mark_all(struct recording_disk *disk, const struct segment_place *places, size_t count,
                         struct reason *reason) {
    enum err error = recording_disk_begin(disk, reason);
    for (size_t i = 0; i < count && error == ERR_OK; i++) {
        error = recording_disk_error(disk, catalogue_writer_mark(disk->catalogue, &places[i]), reason);
    }
    return error == ERR_OK ? recording_disk_commit(disk, reason) : error;
}

enum err recording_disk_delete(struct recording_disk *disk, const struct segment_place *places, size_t count,
                               struct reason *reason) {
    enum err error = count > 0 ? mark_all(disk, places, count, reason) : ERR_OK;
    for (size_t i = 0; i < count && error == ERR_OK; i++) {
        error = recording_folder_delete(&disk->folder, places[i].camera_id, places[i].name, reason);
    }
    if (error == ERR_OK && count > 0) {
        error = recording_disk_begin(disk, reason);
    }
    for (size_t i = 0; i < count && error == ERR_OK; i++) {
        error = recording_disk_error(disk, catalogue_writer_forget(disk->catalogue, places[i].key), reason);
    }
    return error == ERR_OK ? recording_disk_commit(disk, reason) : error;
}
