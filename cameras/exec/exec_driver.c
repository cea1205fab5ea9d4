/* JPEGs and multipart are read here, and all else goes to FFmpeg's demuxers (url_stream.h). */
#include "cameras/exec/exec_driver.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/multipart/jpeg_reader.h"
#include "broker/multipart/multipart_reader.h"
#include "cameras/exec/exec_program.h"
#include "cameras/exec/exec_settings.h"
#include "cameras/url/url_stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The beginning of the output, which decides: up to 16 line ends and 3 bytes. */
#define HEAD_BYTES 19
#define HEAD_DECISIVE_BYTES 3

enum exec_kind { EXEC_JPEGS, EXEC_PARTS, EXEC_STREAM };

struct exec {
    const struct driver_context *context;
    struct exec_program program;
    uint8_t head[HEAD_BYTES];
    size_t head_bytes, head_taken;
    enum exec_kind kind;
    struct jpeg_reader *pictures;
    struct multipart_reader *parts;
    struct url_link link;
    struct url_stream *stream;
};

/* ---- Bytes ---- */

static size_t count_line_ends(const struct exec *exec) {
    size_t count = 0;
    while (count < exec->head_bytes && (exec->head[count] == '\r' || exec->head[count] == '\n')) {
        count++;
    }
    return count;
}

/* ERR_CLOSED is explained by the caller. */
static enum err read_head(struct exec *exec, int64_t deadline_ns, struct reason *reason) {
    while (exec->head_bytes < HEAD_BYTES && exec->head_bytes - count_line_ends(exec) < HEAD_DECISIVE_BYTES) {
        size_t got = 0;
        enum err error = exec_program_read(&exec->program, exec->head + exec->head_bytes, HEAD_BYTES - exec->head_bytes,
                                           deadline_ns, &got);
        if (error == ERR_TIMEOUT) {
            const char *last = exec->program.log.last;
            reason_set(reason, "the program writes no pictures to its standard output%s%s", last[0] != '\0' ? ": " : "",
                       last);
        }
        if (error != ERR_OK) {
            return error;
        }
        exec->head_bytes += got;
    }
    return ERR_OK;
}

static enum exec_kind find_kind(const struct exec *exec) {
    static const uint8_t picture[HEAD_DECISIVE_BYTES] = {0xFF, 0xD8, 0xFF};
    const uint8_t *bytes = exec->head + count_line_ends(exec);
    const size_t count = exec->head_bytes - count_line_ends(exec);
    if (count >= sizeof picture && memcmp(bytes, picture, sizeof picture) == 0) {
        return EXEC_JPEGS;
    }
    return count >= 2 && memcmp(bytes, "--", 2) == 0 ? EXEC_PARTS : EXEC_STREAM;
}

/* A url_source. */
static enum err read_output(void *user, uint8_t *bytes, size_t capacity, int64_t deadline_ns, size_t *got) {
    struct exec *exec = user;
    const size_t rest = exec->head_bytes - exec->head_taken;
    if (rest == 0) {
        return exec_program_read(&exec->program, bytes, capacity, deadline_ns, got);
    }
    *got = min_size(rest, capacity);
    memcpy(bytes, exec->head + exec->head_taken, *got);
    exec->head_taken += *got;
    return ERR_OK;
}

/* ---- Opening ---- */

static enum err open_stream(struct exec *exec, int64_t deadline_ns, struct reason *reason) {
    const struct exec_settings *settings = exec->context->settings->own;
    char name[100];
    snprintf(name, sizeof name, "the output of %.80s", driver_shown_path(settings->command[0]));
    enum err error = url_link_init_source(&exec->link, exec->context, &settings->stream, name, read_output, exec);
    exec->link.deadline_ns = deadline_ns;
    return error == ERR_OK ? url_stream_open(&exec->link, NULL, &exec->stream, reason) : error;
}

static enum err read_stream(struct exec *exec, int64_t deadline_ns, struct frame **frame, uint64_t *lost,
                            struct reason *reason) {
    exec->link.deadline_ns = deadline_ns;
    return url_stream_read(exec->stream, frame, lost, reason);
}

static void close_stream(struct exec *exec) {
    url_stream_close(&exec->stream);
    url_link_finish(&exec->link);
}

static const char *stream_format(const struct exec *exec) { return url_stream_format(exec->stream); }

static enum err open_reader(struct exec *exec, int64_t deadline_ns, struct reason *reason) {
    enum err error = read_head(exec, deadline_ns, reason);
    if (error != ERR_OK) {
        return error;
    }
    exec->kind = find_kind(exec);
    switch (exec->kind) {
    case EXEC_JPEGS: return jpeg_reader_create(exec->context->pool, &exec->pictures);
    case EXEC_PARTS: return multipart_reader_create(exec->context->pool, NULL, &exec->parts);
    case EXEC_STREAM: break;
    }
    return open_stream(exec, deadline_ns, reason);
}

/* How the program ended explains more than what its output lacks. */
static enum err explain_exec_failure(struct exec *exec, enum err error, struct reason *reason) {
    if (error == ERR_CLOSED || (error == ERR_INVALID && exec_program_has_failed(&exec->program))) {
        exec_program_explain_end(&exec->program, reason);
        return ERR_GONE;
    }
    return error;
}

static void exec_close(void *state) {
    struct exec *exec = state;
    close_stream(exec);
    exec_program_stop(&exec->program);
    jpeg_reader_destroy(&exec->pictures);
    multipart_reader_destroy(&exec->parts);
    free(exec);
}

static enum err exec_open(const struct driver_context *context, int64_t deadline_ns, void **state,
                          struct reason *reason) {
    struct exec *exec = calloc(1, sizeof *exec);
    if (exec == NULL) {
        return ERR_MEMORY;
    }
    exec->context = context;
    enum err error = exec_program_start(&exec->program, context, reason);
    if (error != ERR_OK) {
        free(exec);
        return error;
    }
    error = open_reader(exec, deadline_ns, reason);
    if (error != ERR_OK) {
        error = explain_exec_failure(exec, error, reason);
        exec_close(exec);
        return error;
    }
    *state = exec;
    return ERR_OK;
}

/* ---- Reading ---- */

static enum err next_frame(struct exec *exec, struct frame **frame, struct reason *reason) {
    if (exec->kind == EXEC_JPEGS) {
        return jpeg_reader_next(exec->pictures, frame, reason);
    }
    enum err error = multipart_reader_next(exec->parts, frame, reason);
    if (error == ERR_OK && frame_info(*frame)->state != STATE_LIVE) {
        frame_unref(frame); /* another broker's placeholder */
        return next_frame(exec, frame, reason);
    }
    return error == ERR_INVALID ? ERR_IO : error; /* the stream is lost, not this picture alone */
}

static enum err read_frame(struct exec *exec, int64_t deadline_ns, struct frame **frame, struct reason *reason) {
    enum err error;
    while ((error = next_frame(exec, frame, reason)) == ERR_BUSY) {
        const bool is_jpegs = exec->kind == EXEC_JPEGS;
        const struct multipart_buffer buffer =
            is_jpegs ? jpeg_reader_buffer(exec->pictures) : multipart_reader_buffer(exec->parts);
        size_t got = 0;
        error = read_output(exec, buffer.bytes, buffer.count, deadline_ns, &got);
        if (error != ERR_OK) {
            return error;
        }
        if (is_jpegs) {
            jpeg_reader_fill(exec->pictures, got);
        } else {
            multipart_reader_fill(exec->parts, got);
        }
    }
    return error;
}

static enum err exec_read(void *state, int64_t deadline_ns, uint64_t sequence, struct frame **frame, uint64_t *lost,
                          struct reason *reason) {
    (void)sequence;
    struct exec *exec = state;
    enum err error = exec->kind == EXEC_STREAM ? read_stream(exec, deadline_ns, frame, lost, reason)
                                               : read_frame(exec, deadline_ns, frame, reason);
    if (error == ERR_OK) {
        driver_set_capture_time(*frame);
    }
    return error == ERR_CLOSED ? explain_exec_failure(exec, error, reason) : error;
}

static void exec_describe(void *state, struct driver_description *description) {
    const struct exec *exec = state;
    description->format = exec->kind == EXEC_STREAM ? stream_format(exec) : frame_format_name(FRAME_JPEG);
}

const struct driver_ops exec_driver = {
    .open = exec_open,
    .read = exec_read,
    .describe = exec_describe,
    .close = exec_close,
};
