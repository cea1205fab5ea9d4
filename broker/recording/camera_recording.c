#include "broker/recording/camera_recording.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "broker/multipart/multipart_writer.h"

#define BATCH_MAX_BYTES ((size_t)4 << 20)
/* A step of the real clock between two frames. */
#define JUMP_NS (2 * NS_PER_S)
/* Names that are tried for a segment. */
#define NAMES_MAX 1000

enum err camera_recording_start(struct camera_recording *camera, struct topic *topic,
                                const struct record_settings *settings, int64_t gap_ns, struct frame_budget *budget) {
    const struct subscriber_settings demand = {.remote = "", .route = "recording", .is_internal = true};
    enum err error = frame_queue_create(budget, budget->max_bytes / 4, &camera->queue);
    if (error == ERR_OK) {
        error = subscriber_create(topic, NULL, &demand, &camera->demand);
    }
    if (error != ERR_OK) {
        frame_queue_unref(&camera->queue);
        return error;
    }
    camera->topic = topic_ref(topic);
    camera->settings = *settings;
    camera->gap_ns = gap_ns;
    topic_set_queue(topic, camera->queue);
    return ERR_OK;
}

static void drop_batch(struct camera_recording *camera, size_t count) {
    for (size_t i = 0; i < count; i++) {
        camera->batch_bytes -= frame_part(camera->batch[i]).count;
        frame_unref(&camera->batch[i]);
    }
    for (size_t i = count; i < camera->batch_count; i++) {
        camera->batch[i - count] = camera->batch[i];
    }
    camera->batch_count -= count;
}

void camera_recording_stop(struct camera_recording *camera) {
    topic_set_queue(camera->topic, NULL);
    subscriber_destroy(&camera->demand);
    drop_batch(camera, camera->batch_count);
    frame_queue_unref(&camera->queue);
    segment_writer_finish(&camera->writer);
    topic_unref(&camera->topic);
}

void camera_recording_abandon(struct camera_recording *camera) {
    segment_writer_close(&camera->writer);
    camera->key = camera->camera_key = 0;
    camera->last_realtime_ns = camera->last_monotonic_ns = 0;
}

/* ---- Segments ---- */

/* Whether a frame belongs to those before it, as far as its times say. */
static bool follows(const struct camera_recording *camera, const struct frame_info *info) {
    const int64_t real_ns = subtract_i64(info->captured_realtime_ns, camera->last_realtime_ns);
    const int64_t monotonic_ns = subtract_i64(info->captured_monotonic_ns, camera->last_monotonic_ns);
    const int64_t step_ns = subtract_i64(real_ns, monotonic_ns);
    int64_t gap_ns = camera->gap_ns;
    if (!camera->last_is_full) {
        gap_ns = add_i64(gap_ns, (int64_t)((double)NS_PER_S / camera->settings.fps));
    }
    return camera->last_realtime_ns != 0 && real_ns >= 0 && real_ns <= gap_ns && step_ns < JUMP_NS &&
           step_ns > -JUMP_NS;
}

static bool fits_segment(const struct camera_recording *camera, const struct frame_info *info, size_t bytes,
                         bool is_full, int64_t segment_ns) {
    const struct segment_writer *writer = &camera->writer;
    return writer->is_open && camera->is_full == is_full && follows(camera, info) &&
           (writer->frames == 0 || info->captured_realtime_ns - writer->start_ns < segment_ns) &&
           writer->bytes + camera->batch_bytes + bytes < SEGMENT_MAX_BYTES;
}

static enum err open_segment(struct camera_recording *camera, struct recording_disk *disk,
                             const struct frame_info *first, bool is_full, struct reason *reason) {
    const char *id = topic_id(camera->topic);
    char path[SEGMENT_PATH_BYTES];
    enum err error = ERR_INVALID;
    for (unsigned attempt = 1; attempt <= NAMES_MAX && error == ERR_INVALID; attempt++) {
        recording_folder_name(first->captured_realtime_ns, is_full, attempt, camera->name);
        recording_folder_path(id, camera->name, path);
        error = recording_folder_make(&disk->folder, id, camera->name, reason);
        if (error == ERR_OK) {
            error = segment_writer_open(&camera->writer, disk->folder.fd, path, multipart_first_delimiter(), reason);
        }
    }
    camera->is_full = is_full;
    camera->continues = follows(camera, first);
    camera->key = 0;
    return error == ERR_INVALID || error == ERR_NOT_FOUND ? ERR_IO : error;
}

static enum err write_batch(struct camera_recording *camera, struct reason *reason) {
    if (camera->batch_count == 0) {
        return ERR_OK;
    }
    struct segment_writer *writer = &camera->writer;
    const uint64_t frames = writer->frames, bytes = writer->bytes;
    enum err error = segment_writer_append(writer, camera->batch, camera->batch_count, reason);
    const size_t written = (size_t)(writer->frames - frames);
    camera->bytes += writer->bytes - bytes;
    camera->frames += written;
    camera->written_at_ns = written > 0 ? clock_monotonic_ns() : camera->written_at_ns;
    drop_batch(camera, written);
    return error;
}

static enum err write_row(struct camera_recording *camera, struct recording_disk *disk, bool finish) {
    const struct segment_writer *writer = &camera->writer;
    const struct segment_row row = {.start_ns = writer->start_ns,
                                    .end_ns = writer->end_ns,
                                    .bytes = writer->bytes,
                                    .frames = writer->frames,
                                    .is_finished = finish,
                                    .is_full = camera->is_full,
                                    .continues = camera->continues,
                                    .name = camera->name,
                                    .index = writer->index.packed,
                                    .index_bytes = writer->index.bytes};
    struct catalogue_writer *catalogue = disk->catalogue;
    if (camera->key != 0) {
        return catalogue_writer_update(catalogue, camera->camera_key, camera->key, &row);
    }
    enum err error = catalogue_writer_camera(catalogue, topic_id(camera->topic), &camera->camera_key);
    return error == ERR_OK ? catalogue_writer_insert(catalogue, camera->camera_key, &row, &camera->key) : error;
}

enum err camera_recording_sync(struct camera_recording *camera, struct recording_disk *disk, bool finish,
                               struct reason *reason) {
    struct segment_writer *writer = &camera->writer;
    if (!writer->is_open || writer->frames == 0 || (!finish && writer->synced_bytes == writer->bytes)) {
        return ERR_OK;
    }
    enum err error = segment_writer_sync(writer, reason);
    if (error == ERR_OK && camera->key == 0) {
        error = recording_folder_sync(&disk->folder, topic_id(camera->topic), camera->name, reason);
    }
    if (error == ERR_OK) {
        error = recording_disk_begin(disk, reason);
    }
    if (error == ERR_OK) {
        error = recording_disk_error(disk, write_row(camera, disk, finish), reason);
    }
    if (error == ERR_OK && finish) {
        segment_writer_close(writer);
    }
    return error;
}

/* ---- Frames ---- */

static void note_last(struct camera_recording *camera, const struct frame_info *info, bool is_full) {
    camera->last_realtime_ns = info->captured_realtime_ns;
    camera->last_monotonic_ns = info->captured_monotonic_ns;
    camera->last_is_full = is_full;
}

static enum err add_to_batch(struct camera_recording *camera, struct recording_disk *disk, struct frame *frame,
                             bool is_full, int64_t segment_ns, struct reason *reason) {
    const struct frame_info *info = frame_info(frame);
    const size_t bytes = frame_part(frame).count;
    enum err error = ERR_OK;
    if (camera->batch_count == SEGMENT_BATCH_MAX || camera->batch_bytes > BATCH_MAX_BYTES ||
        !fits_segment(camera, info, bytes, is_full, segment_ns)) {
        error = write_batch(camera, reason);
    }
    if (error == ERR_OK && !fits_segment(camera, info, bytes, is_full, segment_ns)) {
        error = camera_recording_sync(camera, disk, true, reason);
        if (error == ERR_OK) {
            error = open_segment(camera, disk, info, is_full, reason);
        }
    }
    if (error == ERR_OK) {
        camera->batch[camera->batch_count++] = frame_ref(frame);
        camera->batch_bytes += bytes;
        camera->batch_is_full = is_full;
        note_last(camera, info, is_full);
    }
    return error;
}

/* What a failure has left goes into a segment of its own. */
static enum err resume_batch(struct camera_recording *camera, struct recording_disk *disk, struct reason *reason) {
    if (camera->batch_count == 0 || camera->writer.is_open) {
        return ERR_OK;
    }
    enum err error = open_segment(camera, disk, frame_info(camera->batch[0]), camera->batch_is_full, reason);
    if (error == ERR_OK) {
        note_last(camera, frame_info(camera->batch[camera->batch_count - 1]), camera->batch_is_full);
    }
    return error;
}

static void count_lost(struct camera_recording *camera) {
    const uint64_t dropped = frame_queue_take_dropped(camera->queue);
    if (record_plan_is_full(&camera->plan, &camera->settings)) {
        camera->lost += dropped;
    }
}

/* The oldest frame, if it is decided; otherwise NULL. */
static struct frame *decide_next(struct camera_recording *camera, int64_t now_ns, enum record_choice *choice) {
    struct frame *frame = frame_queue_oldest(camera->queue);
    if (frame == NULL) {
        return NULL;
    }
    *choice = record_plan_choose(&camera->plan, &camera->settings, frame_info(frame), now_ns,
                                 frame_queue_is_tight(camera->queue));
    if (camera->is_off) {
        *choice = RECORD_SKIP;
    }
    if (*choice == RECORD_WAIT) {
        frame_unref(&frame);
    }
    return frame;
}

enum err camera_recording_write(struct camera_recording *camera, struct recording_disk *disk, int64_t segment_ns,
                                int64_t now_ns, struct reason *reason) {
    count_lost(camera);
    enum err error = resume_batch(camera, disk, reason);
    struct frame *frame;
    enum record_choice choice;
    while (error == ERR_OK && (frame = decide_next(camera, now_ns, &choice)) != NULL) {
        if (choice != RECORD_SKIP) {
            error = add_to_batch(camera, disk, frame, choice == RECORD_FULLY, segment_ns, reason);
        }
        if (error == ERR_OK) {
            frame_queue_remove(camera->queue, frame);
        } else if (choice == RECORD_SPARSELY) {
            camera->plan.next_sparse_ns = frame_info(frame)->captured_monotonic_ns; /* its turn again */
        }
        frame_unref(&frame);
    }
    return error == ERR_OK ? write_batch(camera, reason) : error;
}

void camera_recording_hold(struct camera_recording *camera, int64_t now_ns) {
    count_lost(camera);
    struct frame *frame;
    enum record_choice choice = RECORD_SKIP;
    while (choice == RECORD_SKIP && (frame = decide_next(camera, now_ns, &choice)) != NULL) {
        if (choice == RECORD_SKIP) {
            frame_queue_remove(camera->queue, frame);
        } else if (choice == RECORD_SPARSELY) {
            camera->plan.next_sparse_ns = frame_info(frame)->captured_monotonic_ns;
        }
        frame_unref(&frame);
    }
}
