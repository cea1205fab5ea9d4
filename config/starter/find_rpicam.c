#define _GNU_SOURCE /* pipe2 */
#include "config/starter/find_rpicam.h"

#include "broker/base/clock.h"
#include "broker/base/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#define LIST_WITHIN_NS (5 * NS_PER_S)
#define LIST_MAX_BYTES 16384

static const char *const programs[] = {"rpicam-vid", "libcamera-vid"};

/* All that comes until the program closes the pipe, or the deadline has passed. */
static void read_output(int fd, char list[LIST_MAX_BYTES]) {
    const int64_t deadline_ns = clock_monotonic_ns() + LIST_WITHIN_NS;
    size_t used = 0;
    struct pollfd polled = {.fd = fd, .events = POLLIN};
    ssize_t count = 1;
    while (count > 0 && used < LIST_MAX_BYTES - 1 && poll(&polled, 1, clock_poll_timeout_ms(deadline_ns)) > 0) {
        count = read(fd, list + used, LIST_MAX_BYTES - 1 - used);
        used += count > 0 ? (size_t)count : 0;
    }
    list[used] = '\0';
}

/* False: it cannot be started. */
static bool run(const char *program, char list[LIST_MAX_BYTES]) {
    int ends[2];
    list[0] = '\0';
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return false;
    }
    struct subprocess process = {0};
    const struct subprocess_settings settings = {.words = (const char *const[]){program, "--list-cameras", NULL},
                                                 .input = -1,
                                                 .output = ends[1],
                                                 .errors = ends[1]};
    const bool has_started = subprocess_start(&process, &settings, NULL) == ERR_OK;
    close(ends[1]);
    if (has_started) {
        read_output(ends[0], list);
        subprocess_finish(&process);
    }
    close(ends[0]);
    return has_started;
}

static void add(struct found_cameras *cameras, const char *program, unsigned number, const char *sensor) {
    struct found_camera *camera = found_cameras_add(cameras, sensor);
    if (camera == NULL) {
        return;
    }
    const char *const words[] = {
        program, "-t",       "0",   "-n",          "--codec", "mjpeg",    "--width",
        "1280",  "--height", "720", "--framerate", "30",      "--camera", arena_format(cameras->arena, "%u", number),
        "-o",    "-"};
    memcpy(camera->command, words, sizeof words);
}

/* Lines such as "0 : imx708 [4608x2592 10-bit RGGB] (/base/axi/.../imx708@1a)". */
static void parse(struct found_cameras *cameras, const char *program, char *list) {
    char *rest = NULL;
    for (char *line = strtok_r(list, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
        unsigned number, width_px, height_px;
        char sensor[64];
        const char *path = strrchr(line, '(');
        if (sscanf(line, "%3u : %63[^[][%5ux%5u", &number, sensor, &width_px, &height_px) == 4 && path != NULL &&
            strstr(path, "usb") == NULL) {
            add(cameras, program, number, sensor);
        }
    }
}

void find_rpicam(struct found_cameras *cameras) {
    char list[LIST_MAX_BYTES];
    for (size_t i = 0; i < sizeof programs / sizeof programs[0]; i++) {
        if (run(programs[i], list)) {
            parse(cameras, programs[i], list);
            return;
        }
    }
}
