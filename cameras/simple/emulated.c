#include "cameras/simple/emulated.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "cameras/picture/jpeg.h"
#include "cameras/source_rows.h"
#include "cameras/ticker.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FILES_MAX 1000
#define FILE_MAX_BYTES ((off_t)32 << 20)

struct emulated {
    const struct driver_context *context;
    struct ticker ticker;
    size_t played;
    size_t count;
    struct frame *pictures[];
};

static enum err explain_errno(const char *path, int number, struct reason *reason) {
    enum err error = err_from_errno(number);
    reason_set(reason, "cannot open \"%s\": %s", driver_shown_path(path),
               error == ERR_NOT_FOUND ? "no such file" : err_text(error));
    return error;
}

static enum err check_kind(int fd, const char *path, off_t *size, struct reason *reason) {
    struct stat status;
    if (fstat(fd, &status) != 0) {
        return explain_errno(path, errno, reason);
    }
    const char *fault = NULL;
    if (!S_ISREG(status.st_mode)) {
        fault = "is not a file";
    } else if (status.st_size == 0) {
        fault = "is empty";
    } else if (status.st_size > FILE_MAX_BYTES) {
        fault = "is too large: 32 MB at most";
    }
    if (fault != NULL) {
        reason_set(reason, "\"%s\" %s", driver_shown_path(path), fault);
        return ERR_INVALID;
    }
    *size = status.st_size;
    return ERR_OK;
}

/* Up to the frame's capacity: a file that grows meanwhile is taken as it was. */
static enum err read_all(int fd, const char *path, struct frame *frame, struct reason *reason) {
    size_t size = 0;
    while (size < frame_capacity(frame)) {
        ssize_t got = read(fd, frame_data(frame) + size, frame_capacity(frame) - size);
        if (got < 0 && errno != EINTR) {
            return explain_errno(path, errno, reason);
        }
        if (got == 0) {
            break;
        }
        size += got > 0 ? (size_t)got : 0;
    }
    frame_set_size(frame, size);
    return ERR_OK;
}

static enum err load_picture(const struct driver_context *context, const char *path, struct frame **picture,
                             struct reason *reason) {
    const struct work_limit limit = driver_work_limit(context->cancel);
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return explain_errno(path, errno, reason);
    }
    struct frame *frame = NULL;
    off_t size = 0;
    enum err error = check_kind(fd, path, &size, reason);
    if (error != ERR_OK) {
        goto out;
    }
    error = frame_create(context->pool, (size_t)size, &frame);
    if (error != ERR_OK) {
        reason_set(reason, "cannot load \"%s\": %s", driver_shown_path(path), err_text(error));
        goto out;
    }
    error = read_all(fd, path, frame, reason);
    if (error != ERR_OK) {
        goto out;
    }
    struct reason fault = {0};
    error = jpeg_admit(frame, true, &limit, &fault);
    if (error != ERR_OK) {
        reason_set(reason, "\"%s\" cannot be played: %s", driver_shown_path(path), fault.text);
        goto out;
    }
    *picture = frame;
    frame = NULL;
out:
    frame_unref(&frame);
    close(fd);
    return error;
}

static void emulated_close(void *state) {
    struct emulated *emulated = state;
    if (emulated == NULL) {
        return;
    }
    for (size_t i = 0; i < emulated->count; i++) {
        frame_unref(&emulated->pictures[i]);
    }
    free(emulated);
}

/* Loads the files into pictures. A bad file is left out, with a warning; if all are bad, the reason is that of the
 * first. */
static enum err load_all(struct emulated *emulated, int64_t deadline_ns, struct reason *faults, struct reason *reason) {
    const struct driver_context *context = emulated->context;
    const struct emulated_settings *settings = context->settings->own;
    enum err first_bad = ERR_OK;
    for (size_t i = 0; i < settings->file_count; i++) {
        enum err error = driver_sleep_until(context, 0);
        if (error != ERR_OK) {
            return error;
        }
        if (clock_monotonic_ns() >= deadline_ns) {
            reason_set(reason, "the files take too long to load: use fewer or smaller ones");
            return ERR_TIMEOUT;
        }
        error = load_picture(context, settings->files[i], &emulated->pictures[emulated->count], &faults[i]);
        if (error == ERR_INTERRUPTED) {
            return error;
        }
        if (error == ERR_OK) {
            emulated->count++;
        } else if (first_bad == ERR_OK) {
            first_bad = error;
            reason_set(reason, "%s", faults[i].text);
        }
    }
    if (emulated->count == 0) {
        return first_bad;
    }
    for (size_t i = 0; i < settings->file_count; i++) {
        if (faults[i].text[0] != '\0') {
            log_rate_limited(LOG_LEVEL_WARNING, context->id, settings->files[i], "%s; the other files are played",
                             faults[i].text);
        }
    }
    return ERR_OK;
}

static enum err emulated_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                              struct reason *reason) {
    size_t count = ((const struct emulated_settings *)context->settings->own)->file_count;
    assert(count > 0);
    struct emulated *emulated = calloc(1, sizeof *emulated + count * sizeof emulated->pictures[0]);
    struct reason *faults = calloc(count, sizeof *faults);
    enum err error = ERR_MEMORY;
    if (emulated == NULL || faults == NULL) {
        goto out;
    }
    emulated->context = context;
    error = load_all(emulated, deadline_ns, faults, reason);
    if (error != ERR_OK) {
        goto out;
    }
    ticker_init(&emulated->ticker, context->settings->fps);
    *state = emulated;
    emulated = NULL;
out:
    emulated_close(emulated);
    free(faults);
    return error;
}

static enum err emulated_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                              struct reason *reason) {
    (void)sequence;
    struct emulated *emulated = state;
    enum err error = ticker_wait(&emulated->ticker, emulated->context, deadline_ns, lost);
    if (error != ERR_OK) {
        return error;
    }
    const struct frame *picture = emulated->pictures[emulated->played % emulated->count];
    struct span payload = frame_payload(picture);
    struct frame *copy;
    error = frame_create(emulated->context->pool, payload.count, &copy);
    if (error != ERR_OK) {
        reason_set(reason, "the picture cannot be copied: %s", err_text(error));
        return error;
    }
    memcpy(frame_data(copy), payload.bytes, payload.count);
    frame_set_size(copy, payload.count);
    struct frame_info *info = frame_edit_info(copy);
    *info = *frame_info(picture);
    info->captured_monotonic_ns = clock_monotonic_ns();
    info->captured_realtime_ns = clock_realtime_ns();
    emulated->played++;
    *frame = copy;
    return ERR_OK;
}

/* The size of the picture that was played last. */
static void emulated_describe(void *state, struct driver_description *description) {
    const struct emulated *emulated = state;
    size_t last = emulated->played == 0 ? 0 : emulated->played - 1;
    const struct frame_info *info = frame_info(emulated->pictures[last % emulated->count]);
    description->width_px = info->width_px;
    description->height_px = info->height_px;
    description->format = frame_format_name(FRAME_JPEG);
}

static const struct setting rows[] = {
    {.name = "files",
     .type = SETTING_FILES,
     .block = 1,
     .offset = offsetof(struct emulated_settings, files),
     .count_offset = offsetof(struct emulated_settings, file_count),
     .required = true,
     .min = 1,
     .max = FILES_MAX,
     .what = "JPEG",
     .help =
         "JPEG files in the order in which they are played. Relative paths are relative to the configuration file."},
    {SOURCE_FPS, .fallback = 1, .help = SOURCE_FPS_HELP},
    SOURCE_FAULTS,
};

const struct setting_table emulated_settings_table = {
    .name = "emulated",
    .help = "Plays JPEG files, over and over.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct emulated_settings),
};

const struct driver_ops emulated_driver = {
    .open = emulated_open,
    .read = emulated_read,
    .describe = emulated_describe,
    .close = emulated_close,
};
