#include "broker/recording/segment/segment_writer.h"

#include "broker/base/clock.h"

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
    writer->bytes += frame_part(frame).count;
    writer->frames++;
    return true;
}

enum err segment_writer_append(struct segment_writer *writer, struct frame *const *frames, size_t count,
                               struct reason *reason) {
    assert(writer->is_open && count <= SEGMENT_BATCH_MAX);
    struct iovec parts[SEGMENT_BATCH_MAX];
    for (size_t i = 0; i < count; i++) {
        const struct span part = frame_part(frames[i]);
        /* writev() only reads. */
        memcpy(&parts[i].iov_base, &part.bytes, sizeof parts[i].iov_base);
        parts[i].iov_len = part.count;
    }
    size_t written;
    enum err error = ERR_OK;
    if (!write_all(writer->fd, parts, (int)count, &written)) {
        error = fail("writing failed", reason);
    }
    for (size_t i = 0; i < count; i++) {
        const size_t bytes = frame_part(frames[i]).count;
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
