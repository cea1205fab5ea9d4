#include "broker/recording/playback/recording_export.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/rate_limiter.h"
#include "broker/base/sync.h"
#include "broker/recording/playback/export_output.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>

/* Frames that a film shows in a second, at most. */
#define FILM_FPS 30

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
    struct export_source source;
    struct recorded_frame frame; /* the current one */
    struct rate_limiter limiter;
};

struct export {
    struct exports *exports;
    struct export_settings settings;
    struct catalogue *catalogue;
    LIST_ENTRY(export) in_exports;
    struct export_output output;
    struct export_camera cameras[];
};

/* ---- All frames, in the order of their capture ---- */

/* *next is NULL when there are none any more. */
static enum err find_next(struct export *export, struct export_camera **next) {
    int64_t soonest_ns = INT64_MAX;
    *next = NULL;
    for (size_t i = 0; i < export->settings.camera_count; i++) {
        struct recorded_frame frame;
        struct export_camera *camera = &export->cameras[i];
        enum err error = camera->source.ops->peek(camera->source.user, &frame);
        if (error != ERR_OK && error != ERR_CLOSED) {
            return error;
        }
        if (error == ERR_OK && frame.part.captured_realtime_ns <= export->settings.to_ns &&
            (*next == NULL || frame.part.captured_realtime_ns < soonest_ns)) {
            *next = camera;
            camera->frame = frame;
            soonest_ns = frame.part.captured_realtime_ns;
        }
    }
    return ERR_OK;
}

static bool is_wanted(const struct export *export, struct export_camera *camera) {
    const int64_t captured_ns = camera->frame.part.captured_realtime_ns;
    uint64_t missed;
    return captured_ns >= export->settings.from_ns &&
           (camera->limiter.interval_ns == 0 || rate_limiter_admits(&camera->limiter, captured_ns, &missed));
}

/* ERR_CLOSED: no more is to be sent. */
static enum err export_all(struct export *export) {
    struct export_camera *camera;
    enum err error;
    while ((error = find_next(export, &camera)) == ERR_OK && camera != NULL) {
        const bool wanted = is_wanted(export, camera);
        error = export_output_prepare(&export->output, wanted ? &camera->frame : NULL);
        camera->source.ops->take(camera->source.user);
        if (error == ERR_OK && wanted) {
            error =
                export_output_add(&export->output, camera->id, &camera->source, &camera->frame, export->exports->pool);
        }
        if (error != ERR_OK) {
            return error;
        }
    }
    return error == ERR_OK ? export_output_finish(&export->output) : error;
}

/* ---- The thread ---- */

static void leave(struct exports *exports) {
    lock_acquire(&exports->lock);
    exports->running--;
    condition_broadcast(&exports->idle);
    lock_release(&exports->lock);
}

int64_t export_frame_interval_ns(const struct export_settings *settings) {
    double interval_ns = settings->fps > 0 ? (double)NS_PER_S / settings->fps : 0;
    if (export_is_film(settings->format) && settings->speed > 1) {
        double film_interval_ns = settings->speed * (double)NS_PER_S / FILM_FPS;
        interval_ns = interval_ns > film_interval_ns ? interval_ns : film_interval_ns;
    }
    return (int64_t)interval_ns;
}

/* The sources that were not given. */
static enum err open_all(struct export *export, struct reason *reason) {
    const char *path = export->exports->path;
    enum err error = ERR_OK;
    for (size_t i = 0; i < export->settings.camera_count && error == ERR_OK; i++) {
        struct export_camera *camera = &export->cameras[i];
        if (camera->source.ops != NULL) {
            continue;
        }
        if (export->catalogue == NULL) {
            error = catalogue_open(path, &export->catalogue, reason);
        }
        if (error == ERR_OK) {
            camera->limiter.interval_ns = export_frame_interval_ns(&export->settings);
            error = export_source_open(export->catalogue, path, camera->id, export->settings.from_ns, &camera->source);
        }
    }
    return error;
}

static void finish(struct export *export) {
    struct exports *exports = export->exports;
    export_output_close(&export->output);
    for (size_t i = 0; i < export->settings.camera_count; i++) {
        export_source_close(&export->cameras[i].source);
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
    enum err error = export_output_open(&export->output, &export->settings, &reason);
    if (error == ERR_OK) {
        error = open_all(export, &reason);
    }
    if (error == ERR_OK) {
        error = export_all(export);
    }
    if (error != ERR_OK && error != ERR_CLOSED) {
        export_output_break(&export->output);
        log_rate_limited(LOG_LEVEL_WARNING, NULL, "export", "recordings cannot be sent: %s",
                         reason.text[0] != '\0' ? reason.text : err_text(error));
    }
    finish(export);
    return NULL;
}

/* ---- Others ---- */

enum err exports_create(const char *path, struct frame_pool *pool, struct exports **out) {
    const size_t bytes = path != NULL ? strlen(path) : 0;
    struct exports *exports = calloc(1, sizeof *exports + bytes + 1);
    if (exports == NULL) {
        return ERR_MEMORY;
    }
    memcpy(exports->path, path != NULL ? path : "", bytes);
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
    export->settings.sources = NULL;
    for (size_t i = 0; i < settings->camera_count; i++) {
        memcpy(export->cameras[i].id, settings->cameras[i], sizeof export->cameras[i].id);
        if (settings->sources != NULL) {
            export->cameras[i].source = settings->sources[i];
        }
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
