#include "broker/cluster/requests/node_frames.h"

#include "broker/base/rate_limiter.h"

/* Frames that are looked at for one slice. */
#define LOOKS_MAX 5000

struct slice {
    const struct node_request *request;
    struct recording_cursor *cursor;
    struct frame_pool *pool;
    struct wire_writer *writer;
    struct node_frames_head head;
    uint32_t offset; /* of the next frame's piece */
    bool is_full;
};

static bool is_wanted(struct slice *slice, int64_t captured_ns, struct rate_limiter *limiter) {
    uint64_t missed;
    return captured_ns >= slice->request->from_ns && rate_limiter_admits(limiter, captured_ns, &missed);
}

/* Writes the cursor's current frame, or a piece of it. One that cannot be read is left out. */
static enum err write_current(struct slice *slice) {
    const struct recorded_frame *current = recording_cursor_current(slice->cursor);
    struct frame *frame = NULL;
    enum err error = recording_cursor_read(slice->cursor, slice->pool, &frame);
    if (error != ERR_OK) {
        return error == ERR_MEMORY ? error : ERR_OK;
    }
    const struct span jpeg = frame_payload(frame);
    if (slice->offset < jpeg.count) {
        const struct node_recorded_frame written = {
            .captured_realtime_ns = current->part.captured_realtime_ns,
            .sequence = current->part.sequence,
            .is_after_gap = current->is_after_gap,
            .total_bytes = (uint32_t)jpeg.count,
            .bytes = {.bytes = jpeg.bytes + slice->offset, .count = jpeg.count - slice->offset}};
        size_t count = 0;
        slice->is_full = !node_write_recorded_frame(slice->writer, &written, &count) || count < written.bytes.count;
    }
    frame_unref(&frame);
    return ERR_OK;
}

/* ERR_CLOSED: there are no more frames. */
static enum err write_next(struct slice *slice) {
    struct recorded_frame next;
    enum err error = recording_cursor_peek(slice->cursor, &next);
    if (error != ERR_OK || next.part.captured_realtime_ns > slice->request->to_ns) {
        return error != ERR_OK ? error : ERR_CLOSED;
    }
    struct rate_limiter limiter = {.interval_ns = slice->request->interval_ns,
                                   .due_ns = slice->head.place.due_ns,
                                   .last_ns = slice->head.place.recording.captured_ns};
    recording_cursor_take(slice->cursor);
    if (is_wanted(slice, next.part.captured_realtime_ns, &limiter)) {
        error = write_current(slice);
        if (slice->is_full) {
            return error;
        }
        slice->offset = 0;
    }
    slice->head.place = (struct node_frames_place){recording_cursor_place(slice->cursor), limiter.due_ns};
    return error;
}

static enum err write_all(struct slice *slice) {
    const struct recording_place *place = &slice->head.place.recording;
    enum err error = place->segment_key != 0 ? recording_cursor_resume(slice->cursor, place)
                                             : recording_cursor_seek(slice->cursor, slice->request->from_ns, 0);
    for (unsigned looks = 0; error == ERR_OK && !slice->is_full && looks < LOOKS_MAX; looks++) {
        error = write_next(slice);
    }
    slice->head.is_end = error == ERR_CLOSED;
    return slice->head.is_end ? ERR_OK : error;
}

enum err node_frames_answer(const char *path, const struct node_request *request, struct frame_pool *pool,
                            struct wire_writer *writer, struct reason *reason) {
    struct slice slice = {.request = request,
                          .pool = pool,
                          .writer = writer,
                          .head = {.place = request->frames_place},
                          .offset = request->offset};
    struct wire_writer head = *writer; /* which is known at the end */
    struct catalogue *catalogue = NULL;
    node_write_frames_head(writer, &slice.head);
    enum err error = catalogue_open(path, &catalogue, reason);
    if (error == ERR_OK) {
        error = recording_cursor_create(catalogue, path, request->camera, &slice.cursor);
    }
    if (error == ERR_OK) {
        error = write_all(&slice);
    } else if (error == ERR_NOT_FOUND) { /* nothing was ever recorded */
        slice.head.is_end = true;
        error = ERR_OK;
    }
    node_write_frames_head(&head, &slice.head);
    recording_cursor_destroy(&slice.cursor);
    catalogue_close(&catalogue);
    return error;
}
