#define _DEFAULT_SOURCE /* getpriority */
#include "broker/recording/playback/recording_export.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/rate_limiter.h"
#include "broker/base/saturating.h"
#include "broker/base/sync.h"
#include "broker/multipart/multipart_writer.h"
#include "broker/recording/playback/clip_muxer.h"
#include "broker/recording/playback/recording_cursor.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

/* A client that takes nothing for so long has left. */
#define STALLED_AFTER_S 10
/* Frames that a film shows in a second, at most. */
#define FILM_FPS 30
/* Behind a gap of the recording a film goes on after so long. */
#define FILM_GAP_NS (1 * NS_PER_S)
/* Making films gives way to all else. */
#define FILM_NICENESS 10

struct exports {
    struct frame_pool *pool;
    struct lock lock;
    struct condition idle;
    unsigned running GUARDED_BY(lock);         /* as many as have been admitted */
    LIST_HEAD(, export) list GUARDED_BY(lock); /* those with a thread, until their socket is given back */
    bool stopping GUARDED_BY(lock);
    char path[];
};

struct export_camera {
    char id[TOPIC_ID_MAX_BYTES + 1];
    struct recording_cursor *cursor;
    struct rate_limiter limiter;
};

struct export {
    struct exports *exports;
    struct export_settings settings;
    struct catalogue *catalogue;
    LIST_ENTRY(export) in_exports;
    /* Of EXPORT_PARTS: what is to be sent before the next JPEG. */
    char pending[FRAME_HEAD_MAX_BYTES + FRAME_TAIL_MAX_BYTES];
    size_t pending_bytes;
    /* Of EXPORT_MJPEG: */
    uint64_t left_out_bytes, sent_bytes;
    /* Of films: */
    const struct clip_muxer_ops *muxer_ops;
    struct clip_muxer *muxer;
    int64_t shown_ns, last_captured_ns; /* of the picture before; 0: none */
    struct export_camera cameras[];
};

/* ---- The socket ---- */

/* The thread waits within the calls: the kernel wakes it less often than poll() would. */
static enum err prepare_socket(int fd) {
    const struct timeval patience = {.tv_sec = STALLED_AFTER_S};
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience) != 0) {
        return err_from_errno(errno);
    }
    return ERR_OK;
}

/* False: the client has left or takes nothing, or it is time to stop. */
static bool send_bytes(struct export *export, const void *bytes, size_t count, int flags) {
    for (size_t sent = 0; sent < count;) {
        ssize_t now = send(export->settings.fd, (const char *)bytes + sent, count - sent, MSG_NOSIGNAL | flags);
        if (now > 0) {
            sent += (size_t)now;
        } else if (now == 0 || errno != EINTR) {
            return false;
        }
    }
    return true;
}

static bool send_file(struct export *export, int fd, uint64_t offset, uint64_t count) {
    off_t at = (off_t)offset;
    const off_t end = at + (off_t)count;
    while (at < end) {
        ssize_t now = sendfile(export->settings.fd, fd, &at, (size_t)(end - at));
        if (now == 0 || (now < 0 && errno != EINTR)) {
            return false; /* at 0 the file has become shorter */
        }
    }
    return true;
}

/* ---- Frames ---- */

static bool send_part(struct export *export, const char *camera, const struct recorded_frame *frame) {
    const struct frame_info info = {.sequence = frame->part.sequence,
                                    .captured_realtime_ns = frame->part.captured_realtime_ns,
                                    .state = STATE_LIVE,
                                    .is_recorded = true};
    const struct frame_envelope *envelope = multipart_envelope();
    const size_t head_bytes =
        envelope->write_head(export->pending + export->pending_bytes, camera, &info, frame->part.payload_bytes);
    bool sent = send_bytes(export, export->pending, export->pending_bytes + head_bytes, MSG_MORE) &&
                send_file(export, frame->fd, frame->part.offset + frame->part.head_bytes, frame->part.payload_bytes);
    export->pending_bytes = strlen(envelope->tail);
    memcpy(export->pending, envelope->tail, export->pending_bytes);
    return sent;
}

static bool send_jpeg(struct export *export, const struct recorded_frame *frame) {
    const uint64_t bytes = frame->part.payload_bytes;
    const uint64_t skipped = bytes < export->settings.skip_bytes - export->left_out_bytes
                                 ? bytes
                                 : export->settings.skip_bytes - export->left_out_bytes;
    export->left_out_bytes += skipped;
    uint64_t wanted = export->settings.max_bytes - export->sent_bytes;
    wanted = bytes - skipped < wanted ? bytes - skipped : wanted;
    export->sent_bytes += wanted;
    return send_file(export, frame->fd, frame->part.offset + frame->part.head_bytes + skipped, wanted) &&
           export->sent_bytes < export->settings.max_bytes;
}

static bool write_film(void *user, const uint8_t *bytes, size_t count) { return send_bytes(user, bytes, count, 0); }

/* When the film shows it. */
static int64_t film_time(struct export *export, const struct recorded_frame *frame) {
    const int64_t captured_ns = frame->part.captured_realtime_ns;
    int64_t step_ns = 0;
    if (export->last_captured_ns != 0) {
        step_ns = max_i64(subtract_i64(captured_ns, export->last_captured_ns), 0);
        step_ns = frame->is_after_gap ? min_i64(step_ns, FILM_GAP_NS) : step_ns;
    }
    export->last_captured_ns = captured_ns;
    return add_i64(export->shown_ns, (int64_t)((double)step_ns / export->settings.speed));
}

static bool add_to_film(struct export *export, struct export_camera *camera, const struct recorded_frame *frame) {
    struct frame *jpeg = NULL;
    struct reason reason = {""};
    if (recording_cursor_read(camera->cursor, export->exports->pool, &jpeg) != ERR_OK) {
        return true; /* a picture that cannot be read is left out */
    }
    export->shown_ns = film_time(export, frame);
    enum err error = export->muxer_ops->add(export->muxer, frame_payload(jpeg), export->shown_ns, &reason);
    frame_unref(&jpeg);
    if (error == ERR_INVALID) {
        log_rate_limited(LOG_LEVEL_WARNING, camera->id, "clip", "a picture is left out of a clip: %s", reason.text);
    }
    return error == ERR_OK || error == ERR_INVALID;
}

/* False: the export is over. */
static bool export_frame(struct export *export, struct export_camera *camera) {
    const struct recorded_frame *frame = recording_cursor_current(camera->cursor);
    switch (export->settings.format) {
    case EXPORT_PARTS: return send_part(export, camera->id, frame);
    case EXPORT_MJPEG: return send_jpeg(export, frame);
    case EXPORT_MKV:
    case EXPORT_MP4: return add_to_film(export, camera, frame);
    }
    return false;
}

/* ---- All frames, in the order of their capture ---- */

/* NULL: there are none any more. */
static struct export_camera *next_camera(struct export *export) {
    struct export_camera *next = NULL;
    int64_t soonest_ns = INT64_MAX;
    for (size_t i = 0; i < export->settings.camera_count; i++) {
        struct recorded_frame frame;
        struct export_camera *camera = &export->cameras[i];
        if (recording_cursor_peek(camera->cursor, &frame) == ERR_OK &&
            frame.part.captured_realtime_ns <= export->settings.to_ns &&
            (next == NULL || frame.part.captured_realtime_ns < soonest_ns)) {
            next = camera;
            soonest_ns = frame.part.captured_realtime_ns;
        }
    }
    return next;
}

static bool is_wanted(const struct export *export, struct export_camera *camera) {
    const int64_t captured_ns = recording_cursor_current(camera->cursor)->part.captured_realtime_ns;
    uint64_t missed;
    return captured_ns >= export->settings.from_ns &&
           (camera->limiter.interval_ns == 0 || rate_limiter_admits(&camera->limiter, captured_ns, &missed));
}

static void export_all(struct export *export) {
    struct export_camera *camera;
    bool goes_on = true;
    while (goes_on && (camera = next_camera(export)) != NULL) {
        recording_cursor_take(camera->cursor);
        goes_on = !is_wanted(export, camera) || export_frame(export, camera);
    }
    if (goes_on && export->muxer != NULL) {
        struct reason reason = {""};
        enum err error = export->muxer_ops->finish(export->muxer, &reason);
        (void)error; /* whether the client got the end is not known */
    } else if (goes_on && export->settings.format == EXPORT_PARTS) {
        bool is_sent = send_bytes(export, export->pending, export->pending_bytes, 0);
        (void)is_sent; /* likewise */
    }
}

/* ---- The thread ---- */

static void leave(struct exports *exports) {
    lock_acquire(&exports->lock);
    exports->running--;
    condition_broadcast(&exports->idle);
    lock_release(&exports->lock);
}

static int64_t frame_interval_ns(const struct export_settings *settings) {
    const bool is_film = settings->format == EXPORT_MKV || settings->format == EXPORT_MP4;
    double interval_ns = settings->fps > 0 ? (double)NS_PER_S / settings->fps : 0;
    if (is_film && settings->speed > 1) {
        double film_interval_ns = settings->speed * (double)NS_PER_S / FILM_FPS;
        interval_ns = interval_ns > film_interval_ns ? interval_ns : film_interval_ns;
    }
    return (int64_t)interval_ns;
}

static enum err open_all(struct export *export, struct reason *reason) {
    const char *path = export->exports->path;
    enum err error = catalogue_open(path, &export->catalogue, reason);
    for (size_t i = 0; i < export->settings.camera_count && error == ERR_OK; i++) {
        struct export_camera *camera = &export->cameras[i];
        camera->limiter.interval_ns = frame_interval_ns(&export->settings);
        error = recording_cursor_create(export->catalogue, path, camera->id, &camera->cursor);
        if (error == ERR_OK) {
            error = recording_cursor_seek(camera->cursor, export->settings.from_ns, 0);
        }
    }
    return error;
}

static enum err open_film(struct export *export, struct reason *reason) {
    if (export->settings.format != EXPORT_MKV && export->settings.format != EXPORT_MP4) {
        return ERR_OK;
    }
    const struct clip_muxer_settings settings = {
        .is_mp4 = export->settings.format == EXPORT_MP4, .write = write_film, .user = export};
    enum err error = clip_muxer_find(&export->muxer_ops, reason);
    if (error == ERR_OK) {
        error = export->muxer_ops->open(&settings, &export->muxer, reason);
        setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + FILM_NICENESS); /* on Linux, of this thread alone */
    }
    return error;
}

static void finish(struct export *export) {
    struct exports *exports = export->exports;
    if (export->muxer != NULL) {
        export->muxer_ops->close(&export->muxer);
    }
    for (size_t i = 0; i < export->settings.camera_count; i++) {
        recording_cursor_destroy(&export->cameras[i].cursor);
    }
    catalogue_close(&export->catalogue);
    lock_acquire(&exports->lock);
    LIST_REMOVE(export, in_exports);
    lock_release(&exports->lock);
    export->settings.ended(export->settings.user);
    free(export);
    leave(exports);
}

static void *run(void *argument) {
    struct export *export = argument;
    struct reason reason = {""};
    enum err error = prepare_socket(export->settings.fd);
    if (error == ERR_OK) {
        error = open_all(export, &reason);
    }
    if (error == ERR_OK) {
        error = open_film(export, &reason);
    }
    if (error == ERR_OK) {
        export_all(export);
    } else {
        log_rate_limited(LOG_LEVEL_WARNING, NULL, "export", "recordings cannot be sent: %s",
                         reason.text[0] != '\0' ? reason.text : err_text(error));
    }
    finish(export);
    return NULL;
}

/* ---- Others ---- */

enum err exports_create(const char *path, struct frame_pool *pool, struct exports **out) {
    const size_t bytes = strlen(path) + 1;
    struct exports *exports = calloc(1, sizeof *exports + bytes);
    if (exports == NULL) {
        return ERR_MEMORY;
    }
    memcpy(exports->path, path, bytes);
    exports->pool = pool;
    lock_init(&exports->lock);
    condition_init(&exports->idle);
    *out = exports;
    return ERR_OK;
}

void exports_stop(struct exports *exports) {
    lock_acquire(&exports->lock);
    exports->stopping = true;
    struct export *export;
    LIST_FOREACH (export, &exports->list, in_exports) {
        shutdown(export->settings.fd, SHUT_RDWR); /* its thread, which may wait in a call, returns */
    }
    lock_release(&exports->lock);
}

void exports_destroy(struct exports **exports_pointer) {
    struct exports *exports = *exports_pointer;
    *exports_pointer = NULL;
    if (exports == NULL) {
        return;
    }
    exports_stop(exports);
    lock_acquire(&exports->lock);
    while (exports->running > 0) {
        condition_wait(&exports->idle, &exports->lock);
    }
    lock_release(&exports->lock);
    condition_finish(&exports->idle);
    lock_finish(&exports->lock);
    free(exports);
}

static enum err enter(struct exports *exports) {
    lock_acquire(&exports->lock);
    enum err error = exports->stopping ? ERR_CLOSED : exports->running < EXPORTS_MAX ? ERR_OK : ERR_BUSY;
    exports->running += error == ERR_OK;
    lock_release(&exports->lock);
    return error;
}

static struct export *export_create(struct exports *exports, const struct export_settings *settings) {
    struct export *export = calloc(1, sizeof *export + settings->camera_count * sizeof export->cameras[0]);
    if (export == NULL) {
        return NULL;
    }
    export->exports = exports;
    export->settings = *settings;
    export->settings.cameras = NULL;
    for (size_t i = 0; i < settings->camera_count; i++) {
        memcpy(export->cameras[i].id, settings->cameras[i], sizeof export->cameras[i].id);
    }
    return export;
}

static enum err start(struct export *export) {
    struct exports *exports = export->exports;
    pthread_t thread;
    lock_acquire(&exports->lock);
    enum err error = exports->stopping ? ERR_CLOSED : thread_start(&thread, "export", 0, run, export);
    if (error == ERR_OK) {
        pthread_detach(thread);
        LIST_INSERT_HEAD(&exports->list, export, in_exports);
    }
    lock_release(&exports->lock);
    return error;
}

enum err exports_begin(struct exports *exports, const struct export_settings *settings) {
    enum err error = enter(exports);
    if (error != ERR_OK) {
        return error;
    }
    struct export *export = export_create(exports, settings);
    error = export != NULL ? start(export) : ERR_MEMORY;
    if (error == ERR_OK) {
        return ERR_OK;
    }
    free(export);
    leave(exports);
    return error;
}

/* ---- The size of a clip ---- */

#define SEGMENTS_AT_ONCE 64

/* How many frames the segments have, as the catalogue knows. ERR_BUSY: one is still being written. */
static enum err count_frames(struct catalogue *catalogue, const char *camera_id, int64_t from_ns, int64_t to_ns,
                             uint64_t max_frames) {
    struct catalogue_segment segments[SEGMENTS_AT_ONCE];
    struct catalogue_place place;
    const struct catalogue_place *after = NULL;
    size_t count;
    uint64_t frames = 0;
    do {
        enum err error =
            catalogue_read_segments(catalogue, camera_id, from_ns, to_ns, after, segments, SEGMENTS_AT_ONCE, &count);
        if (error != ERR_OK) {
            return error;
        }
        for (size_t i = 0; i < count; i++) {
            frames = add_count(frames, segments[i].frames);
            if (!segments[i].is_finished || frames > max_frames) {
                return ERR_BUSY;
            }
            place = (struct catalogue_place){segments[i].start_ns, segments[i].key};
            after = &place;
        }
    } while (count == SEGMENTS_AT_ONCE);
    return ERR_OK;
}

static enum err add_up(struct recording_cursor *cursor, int64_t from_ns, int64_t to_ns, uint64_t *bytes) {
    struct recorded_frame frame;
    enum err error = recording_cursor_seek(cursor, from_ns, 0);
    while (error == ERR_OK && (error = recording_cursor_peek(cursor, &frame)) == ERR_OK &&
           frame.part.captured_realtime_ns <= to_ns) {
        *bytes += frame.part.captured_realtime_ns >= from_ns ? frame.part.payload_bytes : 0;
        recording_cursor_take(cursor);
    }
    return error == ERR_CLOSED ? ERR_OK : error;
}

enum err export_count_bytes(const char *path, const char *camera_id, int64_t from_ns, int64_t to_ns, size_t max_frames,
                            uint64_t *bytes) {
    struct catalogue *catalogue = NULL;
    struct recording_cursor *cursor = NULL;
    struct reason reason;
    uint64_t sum = 0;
    enum err error = catalogue_open(path, &catalogue, &reason);
    if (error == ERR_OK) {
        error = count_frames(catalogue, camera_id, from_ns, to_ns, max_frames);
    }
    if (error == ERR_OK) {
        error = recording_cursor_create(catalogue, path, camera_id, &cursor);
    }
    if (error == ERR_OK) {
        error = add_up(cursor, from_ns, to_ns, &sum);
    }
    recording_cursor_destroy(&cursor);
    catalogue_close(&catalogue);
    if (error == ERR_OK) {
        *bytes = sum;
    }
    return error;
}
