/* The floor of recording: one thread that writes the same pictures, as often, into as many files, and syncs them at the
 * same interval. Nothing is indexed, and nothing can be found again.
 *
 *     recording_floor FOLDER CAMERAS FPS SECONDS PICTURE...
 *
 * Prints the CPU time in seconds, the bytes, and the wall clock's seconds. */
#include "broker/base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SYNC_NS NS_PER_S
#define CAMERAS_MAX 1000
#define PICTURES_MAX 64

struct picture {
    char *bytes;
    size_t count;
};

static void fail(const char *what) {
    perror(what);
    exit(1);
}

static struct picture read_picture(const char *path) {
    struct picture picture = {0};
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &status) != 0) {
        fail(path);
    }
    picture.count = (size_t)status.st_size;
    picture.bytes = malloc(picture.count);
    if (picture.bytes == NULL || read(fd, picture.bytes, picture.count) != (ssize_t)picture.count) {
        fail(path);
    }
    close(fd);
    return picture;
}

static void sleep_until(int64_t deadline_ns) {
    const int64_t left_ns = deadline_ns - clock_monotonic_ns();
    if (left_ns > 0) {
        const struct timespec left = clock_timespec(left_ns);
        nanosleep(&left, NULL);
    }
}

int main(int argc, char *argv[]) {
    if (argc < 6 || argc - 5 > PICTURES_MAX || atoi(argv[2]) < 1 || atoi(argv[2]) > CAMERAS_MAX) {
        fprintf(stderr, "usage: recording_floor FOLDER CAMERAS FPS SECONDS PICTURE...\n");
        return 2;
    }
    const int cameras = atoi(argv[2]), pictures = argc - 5;
    const int64_t period_ns = (int64_t)((double)NS_PER_S / atof(argv[3]));
    struct picture list[PICTURES_MAX];
    int files[CAMERAS_MAX];
    for (int i = 0; i < pictures; i++) {
        list[i] = read_picture(argv[5 + i]);
    }
    for (int i = 0; i < cameras; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%d.mjpeg", argv[1], i);
        files[i] = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
        if (files[i] < 0) {
            fail(path);
        }
    }
    const int64_t start_ns = clock_monotonic_ns(), end_ns = start_ns + (int64_t)(atof(argv[4]) * (double)NS_PER_S);
    const int64_t cpu_ns = clock_thread_cpu_ns();
    int64_t sync_ns = start_ns + SYNC_NS, bytes = 0;
    for (int64_t tick = 0, now_ns = start_ns; now_ns < end_ns; now_ns = clock_monotonic_ns()) {
        const struct picture *picture = &list[tick++ % pictures];
        for (int i = 0; i < cameras; i++) {
            if (write(files[i], picture->bytes, picture->count) != (ssize_t)picture->count) {
                fail("write");
            }
            bytes += (int64_t)picture->count;
        }
        for (int i = 0; i < cameras && now_ns >= sync_ns; i++) {
            if (fdatasync(files[i]) != 0) {
                fail("fdatasync");
            }
        }
        sync_ns = now_ns >= sync_ns ? now_ns + SYNC_NS : sync_ns;
        sleep_until(start_ns + tick * period_ns);
    }
    printf("%.6f %lld %.3f\n", clock_seconds(clock_thread_cpu_ns() - cpu_ns), (long long)bytes,
           clock_seconds(clock_monotonic_ns() - start_ns));
    return 0;
}
