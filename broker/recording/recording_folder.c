#define _DEFAULT_SOURCE /* flock */
#include "broker/recording/recording_folder.h"

#include "broker/base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static const char mark_text[] = "framebroker records into this folder, and deletes its oldest recordings.\n";

static enum err fail(const char *what, struct reason *reason) {
    const int number = errno;
    reason_set(reason, "%s: %s", what, strerror(number));
    return number == ENOSPC || number == EDQUOT ? ERR_BUSY : number == ENOENT ? ERR_NOT_FOUND : ERR_IO;
}

static bool mark_path(const char *path, char *file, size_t capacity) {
    return snprintf(file, capacity, "%s/" RECORDING_MARK_NAME, path) < (int)capacity;
}

static enum err sync_folder(int folder, const char *path) {
    int fd = openat(folder, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return ERR_IO;
    }
    const bool synced = fsync(fd) == 0 || errno == EINVAL; /* some file systems have no such thing */
    const int number = errno;
    close(fd);
    errno = number;
    return synced ? ERR_OK : ERR_IO;
}

enum err recording_folder_init(const char *path, bool *was_marked, struct reason *reason) {
    char file[PATH_MAX];
    if (!mark_path(path, file, sizeof file)) {
        reason_set(reason, "the path is too long");
        return ERR_INVALID;
    }
    if (mkdir(path, 0750) != 0 && errno != EEXIST) {
        return fail("the folder cannot be created", reason);
    }
    *was_marked = access(file, F_OK) == 0;
    if (*was_marked) {
        return ERR_OK;
    }
    int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
    if (fd < 0) {
        return fail("the folder cannot be marked", reason);
    }
    const bool written = write(fd, mark_text, sizeof mark_text - 1) == sizeof mark_text - 1 && fsync(fd) == 0;
    enum err error = written ? ERR_OK : fail("the folder cannot be marked", reason);
    close(fd);
    return error == ERR_OK ? sync_folder(AT_FDCWD, path) : error;
}

/* The folder and the mark in it. */
static enum err open_mark(const char *path, int *folder, int *fd, struct reason *reason) {
    *folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *fd = *folder >= 0 ? openat(*folder, RECORDING_MARK_NAME, O_RDWR | O_CLOEXEC | O_NOFOLLOW) : -1;
    if (*fd >= 0) {
        return ERR_OK;
    }
    const int number = errno;
    if (*folder >= 0) {
        close(*folder);
    }
    errno = number;
    if (errno == ENOENT || errno == ENOTDIR) {
        reason_set(
            reason,
            "%.90s is not marked for recordings: mount its disk, or mark it with framebroker --recordings --init",
            path);
        return ERR_NOT_FOUND;
    }
    return fail("the folder cannot be written to", reason);
}

enum err recording_folder_open(const char *path, struct recording_folder *folder, struct reason *reason) {
    int fd = -1, folder_fd = -1;
    struct stat status;
    enum err error = open_mark(path, &folder_fd, &fd, reason);
    if (error != ERR_OK) {
        return error;
    }
    char *copy = strdup(path);
    if (copy == NULL) {
        error = ERR_MEMORY;
        reason_set(reason, "out of memory");
    } else if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        error = errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
        reason_set(reason, error == ERR_BUSY ? "another process records into the folder" : "the mark cannot be locked");
    } else if (fstat(fd, &status) != 0) {
        error = fail("the mark cannot be read", reason);
    }
    if (error != ERR_OK) {
        close(fd);
        close(folder_fd);
        free(copy);
        return error;
    }
    *folder = (struct recording_folder){
        .is_open = true, .path = copy, .fd = folder_fd, .lock_fd = fd, .device = status.st_dev, .inode = status.st_ino};
    return ERR_OK;
}

void recording_folder_close(struct recording_folder *folder) {
    if (folder->is_open) {
        close(folder->lock_fd);
        close(folder->fd);
        free(folder->path);
    }
    *folder = (struct recording_folder){0};
}

enum err recording_folder_check(const struct recording_folder *folder, struct reason *reason) {
    char file[PATH_MAX];
    struct stat status;
    if (!mark_path(folder->path, file, sizeof file) || stat(file, &status) != 0 || status.st_dev != folder->device ||
        status.st_ino != folder->inode) {
        reason_set(reason, "the folder is gone: its disk was unmounted, or its mark was deleted");
        return ERR_GONE;
    }
    return ERR_OK;
}

enum err recording_folder_free_bytes(const char *path, uint64_t *bytes) {
    struct statvfs status;
    if (statvfs(path, &status) != 0) {
        return ERR_IO;
    }
    *bytes = (uint64_t)status.f_bavail * status.f_frsize;
    return ERR_OK;
}

/* ---- The reserve ---- */

#define RESERVE_NAME ".reserve"
#define RESERVE_BYTES ((off_t)2 << 20)

bool recording_folder_make_reserve(const struct recording_folder *folder) {
    struct stat status;
    if (fstatat(folder->fd, RESERVE_NAME, &status, AT_SYMLINK_NOFOLLOW) == 0 && status.st_size == RESERVE_BYTES) {
        return true;
    }
    int fd = openat(folder->fd, RESERVE_NAME, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0640);
    const bool made = fd >= 0 && posix_fallocate(fd, 0, RESERVE_BYTES) == 0;
    if (fd >= 0) {
        close(fd);
    }
    if (fd >= 0 && !made) {
        unlinkat(folder->fd, RESERVE_NAME, 0);
    }
    return made;
}

void recording_folder_free_reserve(const char *path) {
    char file[PATH_MAX];
    if (snprintf(file, sizeof file, "%s/" RESERVE_NAME, path) < (int)sizeof file) {
        unlink(file);
    }
}

/* ---- Segments ---- */

void recording_folder_name(int64_t start_ns, bool is_full, unsigned attempt, char name[SEGMENT_NAME_BYTES]) {
    const time_t seconds = (time_t)(start_ns / NS_PER_S);
    struct tm utc = {0};
    char time_text[24], again[12] = "";
    gmtime_r(&seconds, &utc);
    strftime(time_text, sizeof time_text, "%Y/%m/%d/%H%M%S", &utc);
    if (attempt > 1) {
        snprintf(again, sizeof again, "-%u", attempt);
    }
    int length = snprintf(name, SEGMENT_NAME_BYTES, "%s%s%s.mjpeg", time_text, is_full ? "" : "-sparse", again);
    (void)length; /* it fits: years have four digits */
}

bool recording_folder_is_name(const char *name, bool *is_full) {
    static const char shape[] = "dddd/dd/dd/dddddd";
    const size_t length = strlen(name);
    if (length < sizeof shape - 1 + 6 || length >= SEGMENT_NAME_BYTES || strcmp(name + length - 6, ".mjpeg") != 0) {
        return false;
    }
    for (size_t i = 0; i < sizeof shape - 1; i++) {
        if (shape[i] == 'd' ? name[i] < '0' || name[i] > '9' : name[i] != shape[i]) {
            return false;
        }
    }
    const char *rest = name + sizeof shape - 1;
    *is_full = strncmp(rest, "-sparse", 7) != 0;
    return strchr(rest, '/') == NULL;
}

bool recording_folder_file(const char *path, const char *camera_id, const char *name, char *file, size_t capacity) {
    return snprintf(file, capacity, "%s/%s/%s", path, camera_id, name) < (int)capacity;
}

void recording_folder_path(const char *camera_id, const char *name, char path[SEGMENT_PATH_BYTES]) {
    snprintf(path, SEGMENT_PATH_BYTES, "%s/%s", camera_id, name);
}

/* The folders above a segment: CAMERA, CAMERA/YYYY and so on. */
#define FOLDERS_MAX 5
struct folders {
    char paths[FOLDERS_MAX][SEGMENT_PATH_BYTES]; /* the outermost first */
    size_t count;
};

static struct folders list_folders(const char *camera_id, const char *name) {
    struct folders folders = {.count = 0};
    char path[SEGMENT_PATH_BYTES];
    recording_folder_path(camera_id, name, path);
    for (size_t i = 0; path[i] != '\0' && folders.count < FOLDERS_MAX; i++) {
        if (path[i] == '/') {
            memcpy(folders.paths[folders.count], path, i);
            folders.paths[folders.count++][i] = '\0';
        }
    }
    return folders;
}

enum err recording_folder_make(const struct recording_folder *folder, const char *camera_id, const char *name,
                               struct reason *reason) {
    const struct folders folders = list_folders(camera_id, name);
    for (size_t i = 0; i < folders.count; i++) {
        if (mkdirat(folder->fd, folders.paths[i], 0750) != 0 && errno != EEXIST) {
            return fail("a folder cannot be created", reason);
        }
    }
    return ERR_OK;
}

enum err recording_folder_sync(const struct recording_folder *folder, const char *camera_id, const char *name,
                               struct reason *reason) {
    const struct folders folders = list_folders(camera_id, name);
    enum err error = ERR_OK;
    for (size_t i = folders.count; i-- > 0 && error == ERR_OK;) {
        error = sync_folder(folder->fd, folders.paths[i]);
    }
    if (error == ERR_OK) {
        error = sync_folder(folder->fd, ".");
    }
    return error == ERR_OK ? ERR_OK : fail("writing to the disk failed", reason);
}

enum err recording_folder_delete(const struct recording_folder *folder, const char *camera_id, const char *name,
                                 struct reason *reason) {
    const struct folders folders = list_folders(camera_id, name);
    char path[SEGMENT_PATH_BYTES];
    recording_folder_path(camera_id, name, path);
    if (unlinkat(folder->fd, path, 0) != 0 && errno != ENOENT && errno != ENOTDIR) {
        return fail("a recording cannot be deleted", reason);
    }
    for (size_t i = folders.count; i-- > 0;) {
        if (unlinkat(folder->fd, folders.paths[i], AT_REMOVEDIR) != 0) {
            break; /* it holds others */
        }
    }
    return ERR_OK;
}
