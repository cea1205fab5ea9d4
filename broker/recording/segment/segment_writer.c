#include "broker/recording/segment/segment_writer.h"

#include "broker/base/clock.h"
#include "broker/multipart/multipart_writer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static enum err fail(const char *what, struct reason *reason) {
    const int number = errno;
    reason_set(reason, "%s: %s", what, strerror(number));
    return number == EEXIST ? ERR_INVALID : number == ENOSPC || number == EDQUOT ? ERR_BUSY : ERR_IO;
}

/* Writes all of it. False: errno says why, and *written how much was. */
static bool write_all(int fd, struct iovec *parts, int count, size_t *written) {
    *written = 0;
    while (count > 0) {
        ssize_t sent = writev(fd, parts, count);
        if (sent < 0 && errno == EINTR) {
            continue;
        }
        if (sent <= 0) {
            errno = sent == 0 ? ENOSPC : errno;
            return false;
        }
        *written += (size_t)sent;
        size_t left = (size_t)sent;
        for (; count > 0 && left >= parts->iov_len; parts++, count--) {
            left -= parts->iov_len;
        }
        if (count > 0) {
            parts->iov_base = (char *)parts->iov_base + left;
            parts->iov_len -= left;
        }
    }
    return true;
}

enum err segment_writer_open(struct segment_writer *writer, int folder, const char *path, const char *first_delimiter,
                             struct reason *reason) {
    assert(!writer->is_open);
    int fd = openat(folder, path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_APPEND, 0640);
    if (fd < 0) {
        return fail("a file cannot be created", reason);
    }
    const size_t length = strlen(first_delimiter);
    size_t written;
    char text[128];
    assert(length < sizeof text);
    memcpy(text, first_delimiter, length);
    if (!write_all(fd, &(struct iovec){.iov_base = text, .iov_len = length}, 1, &written)) {
        enum err error = fail("writing failed", reason);
        close(fd);
        unlinkat(folder, path, 0);
        return error;
    }
    writer->fd = fd;
    writer->is_open = true;
    writer->bytes = length;
    writer->synced_bytes = writer->frames = 0;
    writer->start_ns = writer->end_ns = 0;
    segment_index_clear(&writer->index);
    return ERR_OK;
}

/* ---- Frames ---- */

/* What a frame's part is written in: its headers, the line that playback adds to them, and the rest. */
#define PIECES_A_FRAME 3

static size_t added_bytes(const struct frame *frame) {
    return frame_info(frame)->is_recorded ? 0 : strlen(MULTIPART_RECORDED_LINE);
}

static size_t written_bytes(const struct frame *frame) { return frame_part(frame).count + added_bytes(frame); }

/* writev() only reads. */
static struct iovec piece(const void *bytes, size_t count) {
    return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = count};
}

static void fill_pieces(struct iovec pieces[PIECES_A_FRAME], const struct frame *frame) {
    const struct span part = frame_part(frame);
    const uint8_t *empty_line = frame_payload(frame).bytes - strlen("\r\n");
    const size_t head_bytes = (size_t)(empty_line - part.bytes);
    pieces[0] = piece(part.bytes, head_bytes);
    pieces[1] = piece(MULTIPART_RECORDED_LINE, added_bytes(frame));
    pieces[2] = piece(empty_line, part.count - head_bytes);
}

/* False: no memory for the index. */
static bool note_frame(struct segment_writer *writer, const struct frame *frame) {
    /* As the file says it, in microseconds: a catalogue that is made anew is the same. */
    const int64_t captured_ns = frame_info(frame)->captured_realtime_ns / NS_PER_US * NS_PER_US;
    if (segment_index_add(&writer->index, captured_ns, writer->bytes) != ERR_OK) {
        return false;
    }
    if (writer->frames == 0) {
        writer->start_ns = captured_ns;
    }
    writer->end_ns = captured_ns > writer->end_ns ? captured_ns : writer->end_ns;
    writer->bytes += written_bytes(frame);
    writer->frames++;
    return true;
}

enum err segment_writer_append(struct segment_writer *writer, struct frame *const *frames, size_t count,
                               struct reason *reason) {
    assert(writer->is_open && count <= SEGMENT_BATCH_MAX);
    struct iovec pieces[SEGMENT_BATCH_MAX * PIECES_A_FRAME];
    for (size_t i = 0; i < count; i++) {
        fill_pieces(pieces + i * PIECES_A_FRAME, frames[i]);
    }
    size_t written;
    enum err error = ERR_OK;
    if (!write_all(writer->fd, pieces, (int)count * PIECES_A_FRAME, &written)) {
        error = fail("writing failed", reason);
    }
    for (size_t i = 0; i < count; i++) {
        const size_t bytes = written_bytes(frames[i]);
        if (written < bytes) {
            break;
        }
        written -= bytes;
        if (!note_frame(writer, frames[i])) {
            reason_set(reason, "out of memory");
            return ERR_MEMORY;
        }
    }
    return error;
}

enum err segment_writer_sync(struct segment_writer *writer, struct reason *reason) {
    if (writer->synced_bytes == writer->bytes) {
        return ERR_OK;
    }
    if (fdatasync(writer->fd) != 0) {
        return fail("writing to the disk failed", reason);
    }
    writer->synced_bytes = writer->bytes;
    return ERR_OK;
}

void segment_writer_close(struct segment_writer *writer) {
    if (!writer->is_open) {
        return;
    }
    struct stat status;
    if (fstat(writer->fd, &status) == 0 && (uint64_t)status.st_size > writer->bytes) {
        int cut = ftruncate(writer->fd, (off_t)writer->bytes);
        (void)cut; /* a reader passes over a torn end */
    }
    close(writer->fd);
    writer->is_open = false;
}

void segment_writer_finish(struct segment_writer *writer) {
    segment_writer_close(writer);
    segment_index_finish(&writer->index);
}
