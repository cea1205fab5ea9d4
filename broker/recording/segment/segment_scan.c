#include "broker/recording/segment/segment_scan.h"

#include "broker/recording/segment/segment_reader.h"

#include <sys/stat.h>

static enum err walk(struct segment_scan *scan, struct segment_reader *reader) {
    struct segment_part part;
    enum err error;
    while ((error = segment_reader_next(reader, &part)) == ERR_OK) {
        const int64_t captured_ns = part.captured_realtime_ns;
        scan->start_ns = scan->frames == 0 ? captured_ns : scan->start_ns;
        scan->end_ns = captured_ns > scan->end_ns ? captured_ns : scan->end_ns;
        scan->frames++;
        scan->bytes = part.offset + part.bytes;
        error = segment_index_add(&scan->index, captured_ns, part.offset);
        if (error != ERR_OK) {
            return error;
        }
    }
    return error == ERR_CLOSED || error == ERR_INVALID ? ERR_OK : error;
}

enum err segment_scan_file(struct segment_scan *scan, const char *file) {
    struct segment_reader *reader = NULL;
    struct stat status;
    segment_index_clear(&scan->index);
    scan->start_ns = scan->end_ns = 0;
    scan->bytes = scan->frames = scan->file_bytes = 0;
    enum err error = segment_reader_open(file, &reader);
    if (error == ERR_OK) {
        error = walk(scan, reader);
    }
    if (error == ERR_OK) {
        scan->file_bytes = fstat(segment_reader_fd(reader), &status) == 0 ? (uint64_t)status.st_size : scan->bytes;
        error = scan->frames > 0 ? ERR_OK : ERR_INVALID;
    }
    segment_reader_close(&reader);
    return error;
}

void segment_scan_finish(struct segment_scan *scan) { segment_index_finish(&scan->index); }
