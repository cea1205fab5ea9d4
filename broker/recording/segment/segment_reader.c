#include "broker/recording/segment/segment_reader.h"

#include "broker/frame/frame.h"
#include "broker/multipart/multipart_writer.h"
#include "broker/multipart/part_headers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DELIMITER_MAX_BYTES 128
/* Of what is read at once: the end of one part and the headers of the next. */
#define WINDOW_BYTES 1024
#define READY_END_MAX_BYTES 128

struct segment_reader {
    int fd;
    char delimiter[DELIMITER_MAX_BYTES + 1];
    size_t delimiter_bytes;
    char ready_end[READY_END_MAX_BYTES + 1]; /* of the headers of parts that are ready; "": of none */
    uint64_t offset;                         /* of the next part */
    uint64_t window_offset;                  /* of what is in window */
    size_t window_bytes;
    char window[WINDOW_BYTES];
};

static enum err read_at(int fd, void *bytes, size_t count, uint64_t offset, size_t *got) {
    *got = 0;
    while (*got < count) {
        ssize_t part = pread(fd, (char *)bytes + *got, count - *got, (off_t)(offset + *got));
        if (part < 0 && errno == EINTR) {
            continue;
        }
        if (part < 0) {
            return ERR_IO;
        }
        if (part == 0) {
            break;
        }
        *got += (size_t)part;
    }
    return ERR_OK;
}

/* What the file has at an offset: up to `wanted` bytes, of which *count is how many there are. */
static enum err look(struct segment_reader *reader, uint64_t offset, size_t wanted, const char **bytes, size_t *count) {
    const bool has = offset >= reader->window_offset && offset + wanted <= reader->window_offset + reader->window_bytes;
    if (!has) {
        enum err error = read_at(reader->fd, reader->window, WINDOW_BYTES, offset, &reader->window_bytes);
        if (error != ERR_OK) {
            reader->window_bytes = 0;
            return error;
        }
        reader->window_offset = offset;
    }
    *bytes = reader->window + (offset - reader->window_offset);
    *count = reader->window_bytes - (size_t)(offset - reader->window_offset);
    return ERR_OK;
}

static enum err read_delimiter(struct segment_reader *reader) {
    const char *bytes;
    size_t count;
    enum err error = look(reader, 0, DELIMITER_MAX_BYTES + 2, &bytes, &count);
    if (error != ERR_OK) {
        return error;
    }
    size_t length = 0;
    while (length + 2 <= count && length <= DELIMITER_MAX_BYTES && memcmp(bytes + length, "\r\n", 2) != 0) {
        length++;
    }
    if (length < 3 || length > DELIMITER_MAX_BYTES || length + 2 > count || memcmp(bytes, "--", 2) != 0) {
        return ERR_INVALID;
    }
    memcpy(reader->delimiter, bytes, length);
    reader->delimiter_bytes = length;
    reader->offset = length + 2;
    return ERR_OK;
}

enum err segment_reader_open(const char *path, struct segment_reader **out) {
    struct segment_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL) {
        return ERR_MEMORY;
    }
    reader->fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    enum err error = reader->fd >= 0 ? read_delimiter(reader) : err_from_errno(errno);
    if (error != ERR_OK) {
        segment_reader_close(&reader);
        return error;
    }
    *out = reader;
    return ERR_OK;
}

void segment_reader_close(struct segment_reader **reader) {
    if (*reader != NULL && (*reader)->fd >= 0) {
        close((*reader)->fd);
    }
    free(*reader);
    *reader = NULL;
}

void segment_reader_set_camera(struct segment_reader *reader, const char *id) {
    snprintf(reader->ready_end, sizeof reader->ready_end,
             MULTIPART_CAMERA_HEADER "%s\r\n" MULTIPART_RECORDED_LINE "\r\n", id);
}

int segment_reader_fd(const struct segment_reader *reader) { return reader->fd; }

const char *segment_reader_delimiter(const struct segment_reader *reader) { return reader->delimiter; }

uint64_t segment_reader_first_offset(const struct segment_reader *reader) { return reader->delimiter_bytes + 2; }

uint64_t segment_reader_offset(const struct segment_reader *reader) { return reader->offset; }

void segment_reader_seek(struct segment_reader *reader, uint64_t offset) {
    reader->offset = offset != 0 ? offset : segment_reader_first_offset(reader);
}

/* The bytes of the headers with the empty line behind them; 0: it is not there. */
static size_t head_length(const char *bytes, size_t count) {
    for (size_t i = 0; i + 4 <= count; i++) {
        if (bytes[i] == '\r' && memcmp(bytes + i, "\r\n\r\n", 4) == 0) {
            return i + 4;
        }
    }
    return 0;
}

static bool ends_with(const char *bytes, size_t length, const char *end) {
    const size_t end_length = strlen(end);
    return end_length > 0 && length >= end_length && memcmp(bytes + length - end_length, end, end_length) == 0;
}

static enum err parse_head(const char *bytes, size_t length, struct segment_part *part) {
    char head[FRAME_HEAD_MAX_BYTES + 1];
    memcpy(head, bytes, length);
    head[length] = '\0';
    struct part_headers headers = part_headers_none();
    struct reason reason;
    char *rest = NULL;
    for (char *line = strtok_r(head, "\r\n", &rest); line != NULL; line = strtok_r(NULL, "\r\n", &rest)) {
        if (part_headers_read(&headers, line, &reason) != ERR_OK) {
            return ERR_INVALID;
        }
    }
    if (!headers.has_length || headers.length == 0 || headers.length > FRAME_PAYLOAD_MAX_BYTES) {
        return ERR_INVALID;
    }
    part->head_bytes = length;
    part->payload_bytes = headers.length;
    part->captured_realtime_ns = headers.info.captured_realtime_ns;
    part->sequence = headers.info.sequence;
    return ERR_OK;
}

/* What stands behind the JPEG: CR LF, the delimiter, CR LF. */
static enum err check_end(struct segment_reader *reader, const struct segment_part *part) {
    const size_t length = reader->delimiter_bytes + 4;
    const char *bytes;
    size_t count;
    enum err error = look(reader, part->offset + part->head_bytes + part->payload_bytes, length, &bytes, &count);
    if (error != ERR_OK || count < length) {
        return error != ERR_OK ? error : ERR_CLOSED;
    }
    const bool is_end = memcmp(bytes, "\r\n", 2) == 0 &&
                        memcmp(bytes + 2, reader->delimiter, reader->delimiter_bytes) == 0 &&
                        memcmp(bytes + length - 2, "\r\n", 2) == 0;
    return is_end ? ERR_OK : ERR_INVALID;
}

enum err segment_reader_next(struct segment_reader *reader, struct segment_part *out) {
    struct segment_part part = {.offset = reader->offset};
    const char *bytes;
    size_t count;
    enum err error = look(reader, part.offset, FRAME_HEAD_MAX_BYTES, &bytes, &count);
    if (error != ERR_OK || count == 0) {
        return error != ERR_OK ? error : ERR_CLOSED;
    }
    const size_t searched = count < FRAME_HEAD_MAX_BYTES ? count : FRAME_HEAD_MAX_BYTES;
    const size_t length = head_length(bytes, searched);
    if (length == 0) {
        return searched < FRAME_HEAD_MAX_BYTES ? ERR_CLOSED : ERR_INVALID;
    }
    const bool is_ready = ends_with(bytes, length, reader->ready_end);
    error = parse_head(bytes, length, &part);
    if (error == ERR_OK) {
        error = check_end(reader, &part);
    }
    if (error == ERR_OK) {
        part.bytes = part.head_bytes + part.payload_bytes + reader->delimiter_bytes + 4;
        part.is_ready = is_ready;
        reader->offset += part.bytes;
        *out = part;
    }
    return error;
}

enum err segment_reader_find(struct segment_reader *reader, int64_t realtime_ns, struct segment_part *found) {
    struct segment_part part;
    bool any = false;
    enum err error;
    while ((error = segment_reader_next(reader, &part)) == ERR_OK) {
        if (any && part.captured_realtime_ns > realtime_ns) {
            reader->offset = part.offset;
            break;
        }
        *found = part;
        any = true;
        if (part.captured_realtime_ns >= realtime_ns) {
            break;
        }
    }
    return any ? ERR_OK : error;
}

enum err segment_reader_read(struct segment_reader *reader, const struct segment_part *part, size_t from, void *bytes,
                             size_t count) {
    size_t got;
    enum err error = read_at(reader->fd, bytes, count, part->offset + from, &got);
    return error == ERR_OK && got < count ? ERR_IO : error;
}
