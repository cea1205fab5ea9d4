#include "cameras/v4l2/v4l2_node.h"

#include "broker/base/sync.h"
#include "cameras/driver.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <libv4l2.h>
#include <linux/videodev2.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* The one lock that is held during input and output: the library keeps a table of devices without one of its own. */
static struct lock library = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static enum err explain_open_failure(const char *path, int number, struct reason *reason) {
    enum err error = err_from_errno(number);
    const char *shown = driver_shown_path(path);
    switch (error) {
    case ERR_NOT_FOUND:
        reason_set(reason, "no such device: %s; plug the camera in, or see --list-devices", shown);
        break;
    case ERR_DENIED:
        reason_set(reason, "no permission to open %s: add the user who runs framebroker to the group \"video\"", shown);
        break;
    case ERR_BUSY: reason_set(reason, "%s is in use by another program", shown); break;
    case ERR_GONE: reason_set(reason, "%s exists, but its camera has been unplugged: plug it in again", shown); break;
    default: reason_set(reason, "cannot open %s: %s", shown, err_text(error));
    }
    return error;
}

/* A device that is not a V4L2 one. What is no device at all may still be a camera for a plugin of the library. */
static bool is_other_device(int fd) {
    struct stat status;
    struct v4l2_capability capability;
    return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) && ioctl(fd, VIDIOC_QUERYCAP, &capability) != 0;
}

enum err v4l2_node_open(const char *path, int *fd, struct reason *reason) {
    int opened = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (opened < 0) {
        return explain_open_failure(path, errno, reason);
    }
    *fd = opened;
    if (is_other_device(opened)) {
        return ERR_OK; /* what is asked of it will fail; the library would also write to standard error */
    }
    lock_acquire(&library);
    if (v4l2_log_file == NULL) {
        v4l2_log_file = fopen("/dev/null", "we"); /* what it would print is what its calls return */
    }
    /* A failure is harmless: the library then passes the calls on unchanged. */
    (void)v4l2_fd_open(opened, V4L2_DISABLE_CONVERSION);
    lock_release(&library);
    return ERR_OK;
}

void v4l2_node_close(int fd) {
    lock_acquire(&library);
    v4l2_close(fd);
    lock_release(&library);
}

int v4l2_node_call(int fd, unsigned long request, void *argument) {
    int result;
    do {
        result = v4l2_ioctl(fd, request, argument);
    } while (result < 0 && errno == EINTR);
    return result < 0 ? errno : 0;
}

void *v4l2_node_map(int fd, size_t length, int64_t offset) {
    void *bytes = v4l2_mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    return bytes == MAP_FAILED ? NULL : bytes;
}

void v4l2_node_unmap(void *bytes, size_t length) { v4l2_munmap(bytes, length); }
