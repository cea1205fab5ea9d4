/* What the tests of V4L2 cameras share: a fake device that can be plugged in and out, and a driver's context. */
#ifndef TESTS_FAKE_V4L2_H
#define TESTS_FAKE_V4L2_H

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "cameras/picture/encoder.h"
#include "cameras/v4l2/v4l2_driver.h"
#include "cameras/v4l2/v4l2_settings.h"
#include "tests/unit/cameras/picture/bare_jpeg.h"
#include "tests/unit/cameras/v4l2/fake_v4l2_device.h"
#include "tests/unit/cameras/v4l2/fake_v4l2_glob.h"

#include <dirent.h>
#include <inttypes.h>
#include <linux/videodev2.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

int memfd_create(const char *name, unsigned flags);

static struct fake_v4l2 *device;
static uint8_t *device_file;
static char device_directory[] = "/tmp/framebroker-v4l2-XXXXXX";
static char device_path[64], device_target[64];

static inline int make_device(void **state) {
    (void)state;
    log_set_level(LOG_LEVEL_ERROR);
    int fd = memfd_create("fake camera", 0);
    if (fd < 0 || ftruncate(fd, FAKE_FILE_BYTES) != 0 || mkdtemp(device_directory) == NULL) {
        return -1;
    }
    device_file = mmap(NULL, FAKE_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    device = (void *)device_file;
    snprintf(device_path, sizeof device_path, "%s/video0", device_directory);
    snprintf(device_target, sizeof device_target, "/proc/self/fd/%d", fd);
    return 0;
}

static inline int remove_device(void **state) {
    (void)state;
    unlink(device_path);
    return rmdir(device_directory);
}

/* As it comes out of its box: nothing is queued. */
static inline void revive(void) {
    device->gone = false;
    device->queued = 0;
    memset(device->is_queued, 0, sizeof device->is_queued);
}

static inline void plug_in(void) {
    revive();
    assert_int_equal(symlink(device_target, device_path), 0);
}

static inline void unplug(void) {
    device->gone = true;
    unlink(device_path);
}

static inline void set_payload(unsigned payload, const void *bytes, size_t count) {
    assert_true(count <= FAKE_PAYLOAD_BYTES);
    memcpy(device_file + FAKE_PAYLOADS_AT + payload * FAKE_PAYLOAD_BYTES, bytes, count);
    device->payload_bytes[payload] = (uint32_t)count;
}

/* A device, plugged in, of one format and size that does what the steps say. */
static inline void reset_device(uint32_t fourcc, uint32_t width, uint32_t height) {
    unlink(device_path);
    memset(device, 0, sizeof *device);
    memcpy(device->magic, FAKE_MAGIC, sizeof FAKE_MAGIC);
    device->formats[0] = (struct fake_format){.fourcc = fourcc, .width = width, .height = height};
    plug_in();
}

#define PLAY(...)                                                                                                      \
    do {                                                                                                               \
        static const struct fake_step steps[] = {__VA_ARGS__};                                                         \
        device->steps = steps;                                                                                         \
        device->step_count = sizeof steps / sizeof steps[0];                                                           \
    } while (0)
#define FRAME .timestamp_ns = FAKE_NOW

/* Writes a JPEG of a grey slope, and returns how long it is. */
static inline size_t make_jpeg(uint32_t width, uint32_t height, uint8_t *out, size_t room) {
    struct frame_pool *pool;
    struct encoder *encoder;
    struct frame *raw;
    struct frame *jpeg;
    assert_int_equal(frame_pool_create(&pool), ERR_OK);
    assert_int_equal(encoder_create(pool, 80, SUBSAMPLING_420, &encoder), ERR_OK);
    assert_int_equal(frame_create(pool, (size_t)width * height, &raw), ERR_OK);
    for (size_t i = 0; i < (size_t)width * height; i++) {
        frame_data(raw)[i] = (uint8_t)(i * i >> 7);
    }
    frame_set_size(raw, (size_t)width * height);
    *frame_edit_info(raw) = (struct frame_info){.width_px = width, .height_px = height, .format = FRAME_GREY};
    assert_int_equal(encoder_encode(encoder, raw, NULL, &jpeg, NULL), ERR_OK);
    struct span payload = frame_payload(jpeg);
    assert_true(payload.count <= room);
    memcpy(out, payload.bytes, payload.count);
    frame_unref(&jpeg);
    frame_unref(&raw);
    encoder_destroy(&encoder);
    frame_pool_destroy(&pool);
    return payload.count;
}

/* What they have of their own, at its start again with each call of the next. */
static struct v4l2_settings own_settings;

static inline struct source_settings v4l2_settings(void) {
    own_settings = (struct v4l2_settings){.path = device_path};
    return (struct source_settings){.fps = 30, .width_px = 64, .height_px = 48, .quality = 80, .own = &own_settings};
}

static inline size_t count_entries(const char *directory) {
    DIR *entries = opendir(directory);
    assert_non_null(entries);
    size_t count = 0;
    while (readdir(entries) != NULL) {
        count++;
    }
    closedir(entries);
    return count;
}

/* How much of the device's file is mapped. */
static inline size_t count_mapped_bytes(void) {
    FILE *maps = fopen("/proc/self/maps", "r");
    assert_non_null(maps);
    char line[512];
    size_t count = 0;
    while (fgets(line, sizeof line, maps) != NULL) {
        uintptr_t from, to;
        if (strstr(line, "fake camera") != NULL && sscanf(line, "%" SCNxPTR "-%" SCNxPTR, &from, &to) == 2) {
            count += to - from; /* neighbours may share a line */
        }
    }
    fclose(maps);
    return count;
}

#endif
