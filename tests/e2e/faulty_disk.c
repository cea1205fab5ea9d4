/* Put before the C library (LD_PRELOAD), lets a test spoil the disk of one program below the folder FAULTY_DISK_PATH.
 * The file that FAULTY_DISK names says how: "eio", "erofs" or "enospc" fail every write, "slow 3000" makes each take so
 * many milliseconds; an empty file, or none, spoils nothing. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static int is_below(int file) {
    const char *path = getenv("FAULTY_DISK_PATH");
    char link[64], target[PATH_MAX];
    struct stat status;
    if (path == NULL || fstat(file, &status) != 0 || !S_ISREG(status.st_mode)) {
        return 0;
    }
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    const ssize_t length = readlink(link, target, sizeof target - 1);
    return length > 0 && strncmp(target, path, strlen(path)) == 0;
}

/* 0, or the number of the error that the call is to fail with. */
static int spoil(int file) {
    const char *control = getenv("FAULTY_DISK");
    char text[32] = "";
    const int fd = control != NULL ? (int)syscall(SYS_openat, AT_FDCWD, control, O_RDONLY | O_CLOEXEC) : -1;
    if (fd >= 0) {
        const ssize_t count = read(fd, text, sizeof text - 1);
        text[count > 0 ? count : 0] = '\0';
        close(fd);
    }
    if (text[0] == '\0' || !is_below(file)) {
        return 0;
    }
    if (strncmp(text, "slow ", 5) == 0) {
        const long ms = strtol(text + 5, NULL, 10);
        nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000}, NULL);
        return 0;
    }
    return strcmp(text, "erofs") == 0 ? EROFS : strcmp(text, "enospc") == 0 ? ENOSPC : EIO;
}

#define SPOIL(file)                                                                                                    \
    do {                                                                                                               \
        errno = spoil(file);                                                                                           \
        if (errno != 0) {                                                                                              \
            return -1;                                                                                                 \
        }                                                                                                              \
    } while (0)

/* Finds the function that stands behind this library's: the C library's, or a sanitizer's. */
static void find_next(const char *name, void *function) {
    void *found = dlsym(RTLD_NEXT, name);
    memcpy(function, &found, sizeof found);
}

ssize_t writev(int file, const struct iovec *parts, int count) {
    SPOIL(file);
    ssize_t (*function)(int, const struct iovec *, int);
    find_next("writev", &function);
    return function(file, parts, count);
}

ssize_t write(int file, const void *bytes, size_t count) {
    SPOIL(file);
    ssize_t (*function)(int, const void *, size_t);
    find_next("write", &function);
    return function(file, bytes, count);
}

ssize_t pwrite64(int file, const void *bytes, size_t count, off64_t offset) {
    SPOIL(file);
    ssize_t (*function)(int, const void *, size_t, off64_t);
    find_next("pwrite64", &function);
    return function(file, bytes, count, offset);
}

int fdatasync(int file) {
    SPOIL(file);
    int (*function)(int);
    find_next("fdatasync", &function);
    return function(file);
}
