/* Put before the C library (LD_PRELOAD), makes the file that V4L2_CAMERA names a V4L2 camera of the program: it shows
 * the JPEG of 320x240 pixels in the file V4L2_PICTURE, and has a brightness, and an exposure time that waits for its
 * automatic to be switched off. */
#define _DEFAULT_SOURCE
#include "tests/unit/cameras/v4l2/fake_v4l2_device.h"
#include "tests/unit/cameras/v4l2/fake_v4l2_glob.h"

#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct fake_step steps[] = {{.timestamp_ns = FAKE_NOW}};

static const struct fake_control controls[] = {
    {.id = V4L2_CID_BRIGHTNESS,
     .type = V4L2_CTRL_TYPE_INTEGER,
     .name = "Brightness",
     .max = 255,
     .fallback = 128,
     .value = 100},
    {.id = V4L2_CID_EXPOSURE_AUTO,
     .type = V4L2_CTRL_TYPE_MENU,
     .name = "Auto Exposure",
     .max = 3,
     .value = 3,
     .choices = {"Auto Mode", "Manual Mode", "Shutter Priority Mode", "Aperture Priority Mode"}},
    {.id = V4L2_CID_EXPOSURE_ABSOLUTE,
     .type = V4L2_CTRL_TYPE_INTEGER,
     .name = "Exposure Time, Absolute",
     .min = 3,
     .max = 2047,
     .value = 3,
     .freed_by = V4L2_CID_EXPOSURE_AUTO},
};

static void take_picture(struct fake_v4l2 *device, uint8_t *file) {
    const char *path = getenv("V4L2_PICTURE");
    int picture = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    ssize_t count = picture >= 0 ? read(picture, file + FAKE_PAYLOADS_AT, FAKE_PAYLOAD_BYTES) : 0;
    device->payload_bytes[0] = count > 0 ? (uint32_t)count : 0;
    close(picture);
}

__attribute__((constructor)) static void make_device(void) {
    const char *path = getenv("V4L2_CAMERA");
    int fd = path != NULL ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0 || ftruncate(fd, FAKE_FILE_BYTES) != 0) {
        return;
    }
    uint8_t *file = mmap(NULL, FAKE_FILE_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (file == MAP_FAILED) {
        return;
    }
    struct fake_v4l2 *device = (void *)file;
    *device = (struct fake_v4l2){
        .formats = {{.fourcc = V4L2_PIX_FMT_MJPEG, .width = 320, .height = 240}},
        .steps = steps,
        .step_count = 1,
        .repeats_last = true,
        .period_ns = 100 * 1000 * 1000,
    };
    memcpy(device->magic, FAKE_MAGIC, sizeof FAKE_MAGIC);
    memcpy(device->controls, controls, sizeof controls);
    take_picture(device, file);
}
