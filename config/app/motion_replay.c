#include "config/app/motion_replay.h"

#include "broker/base/clock.h"
#include "broker/base/rate_limiter.h"
#include "cameras/driver.h"
#include "cameras/motion/motion_events.h"
#include "cameras/picture/jpeg.h"
#include "cameras/registry.h"
#include "cameras/url/url_settings.h"
#include "config/json/json_writer.h"
#include "config/json/settings_reader.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* The first frame's time: 0 would stand for none. */
#define BEGIN_NS NS_PER_S
#define READ_MAX_NS (60 * NS_PER_S)

struct replay {
    struct motion_settings settings;
    struct luma_reader *reader;
    struct detector *detector;
    struct motion_events *events;
    struct rate_limiter limiter;
    int64_t now_ns;
    uint64_t frames, analysed, broken, event_count;
    bool as_json, every_frame;
    FILE *out;
};

/* ---- Settings ---- */

static enum err read_settings(const char *path, struct arena *arena, struct motion_settings *settings, FILE *errors) {
    struct document document;
    enum err error = document_open(&document, path, arena, errors);
    if (error != ERR_OK) {
        return error;
    }
    const struct node root = document_root(&document);
    struct section section;
    motion_settings_init(settings);
    if (section_begin(&section, &root)) {
        settings_read(&section, &motion_settings_table, (void *const[]){settings});
        settings_finish(&section, &motion_settings_table, (void *const[]){settings});
    }
    document_write_faults(&document, errors);
    error = document.fault_count > 0 ? ERR_INVALID : arena_exhausted(arena) ? ERR_MEMORY : ERR_OK;
    document_finish(&document);
    settings->active_count = 0; /* a video has no time of day */
    return error;
}

/* ---- What is printed ---- */

static double seconds_at(int64_t monotonic_ns) { return clock_seconds(monotonic_ns - BEGIN_NS); }

static void write_box(struct json_writer *json, const struct motion_box *box) {
    const float fractions[] = {box->x, box->y, box->width, box->height};
    json_open(json, NULL, '[');
    for (size_t i = 0; i < sizeof fractions / sizeof fractions[0]; i++) {
        json_write_number(json, NULL, (double)lroundf(fractions[i] * 1000) / 1000);
    }
    json_close(json, ']');
}

static void write_event(const struct replay *replay, const struct motion_event *event) {
    struct json_writer json;
    json_writer_init(&json, replay->out, 0);
    json_open(&json, NULL, '{');
    json_write_text(&json, "zone", event->zone_name);
    json_write_number(&json, "began_s", seconds_at(event->begin.monotonic_ns));
    json_write_number(&json, "reported_s", seconds_at(event->reported.monotonic_ns));
    json_write_number(&json, "ended_s", seconds_at(event->end.monotonic_ns));
    json_write_integer(&json, "score", event->score);
    json_write_number(&json, "peak_s", seconds_at(event->peak.monotonic_ns));
    json_open(&json, "boxes", '[');
    for (size_t i = 0; i < event->box_count; i++) {
        write_box(&json, &event->boxes[i]);
    }
    json_close(&json, ']');
    json_close(&json, '}');
    fputc('\n', replay->out);
}

static void print_time(FILE *out, double seconds) {
    const int tenths = (int)(seconds * 10 + 0.5);
    fprintf(out, "%d:%02d:%02d.%d", tenths / 36000, tenths / 600 % 60, tenths / 10 % 60, tenths % 10);
}

static void print_event(const struct replay *replay, const struct motion_event *event) {
    print_time(replay->out, seconds_at(event->begin.monotonic_ns));
    fputs(" to ", replay->out);
    print_time(replay->out, seconds_at(event->end.monotonic_ns));
    fprintf(replay->out, "  score %3u", event->score);
    if (event->zone_name[0] != '\0') {
        fprintf(replay->out, "  zone %s", event->zone_name);
    }
    if (event->box_count > 0) {
        const struct motion_box *box = &event->boxes[0];
        fprintf(replay->out, "  at %.2f,%.2f, %.2f wide, %.2f high", (double)box->x, (double)box->y, (double)box->width,
                (double)box->height);
    }
    fputc('\n', replay->out);
}

static void report(void *user, enum motion_change change, const struct motion_event *event) {
    struct replay *replay = user;
    if (change == MOTION_ENDED) {
        replay->event_count++;
        (replay->as_json ? write_event : print_event)(replay, event);
    }
}

static void print_frame(const struct replay *replay, const struct detector_result *result) {
    print_time(replay->out, seconds_at(replay->now_ns));
    for (size_t i = 0; i < result->zone_count; i++) {
        const struct zone_result *zone = &result->zones[i];
        fprintf(replay->out, "  %3u of %u%s", zone->score, zone->threshold, zone->moving ? " moves" : "");
    }
    fprintf(replay->out, "  %u %% differ%s%s\n", result->differing_percent, result->why[0] != '\0' ? ": " : "",
            result->why);
}

/* ---- The video ---- */

static enum err take_frame(struct replay *replay, struct frame *frame, struct reason *reason) {
    replay->frames++;
    replay->now_ns = frame_info(frame)->captured_monotonic_ns + BEGIN_NS;
    uint64_t missed;
    if (!rate_limiter_admits(&replay->limiter, replay->now_ns, &missed)) {
        return ERR_OK;
    }
    struct luma luma;
    enum err error = frame_info(frame)->format == FRAME_JPEG ? jpeg_admit(frame, false, NULL, reason) : ERR_OK;
    if (error == ERR_OK) {
        error = luma_reader_read(replay->reader, frame, NULL, &luma, reason);
    }
    if (error == ERR_INVALID || error == ERR_UNSUPPORTED) {
        replay->broken++;
        return ERR_OK;
    }
    if (error != ERR_OK) {
        return error;
    }
    const struct motion_time time = {.monotonic_ns = replay->now_ns, .realtime_ns = replay->now_ns};
    struct detector_result result;
    error = detector_feed(replay->detector, &luma, time, &result);
    if (error == ERR_OK) {
        replay->analysed++;
        if (replay->every_frame) {
            print_frame(replay, &result);
        }
        motion_events_feed(replay->events, &result, time);
    }
    return error == ERR_INVALID ? ERR_OK : error;
}

static enum err read_frames(struct replay *replay, const struct driver_ops *driver, void *state,
                            struct reason *reason) {
    enum err error = ERR_OK;
    while (error == ERR_OK || error == ERR_BUSY || error == ERR_INVALID) {
        struct frame *frame = NULL;
        uint64_t lost = 0;
        error = driver->read(state, clock_monotonic_ns() + READ_MAX_NS, replay->frames + 1, &frame, &lost, reason);
        if (error == ERR_OK) {
            error = take_frame(replay, frame, reason);
            error = error == ERR_INVALID ? ERR_MEMORY : error;
        }
        frame_unref(&frame);
    }
    motion_events_stop(replay->events);
    return error == ERR_GONE ? ERR_OK : error; /* the end of the file */
}

static enum err play(struct replay *replay, const char *video, struct frame_pool *pool, struct event *cancel,
                     struct reason *reason) {
    const struct camera_type *type = camera_type_find("url");
    assert(type != NULL);
    struct source_settings source = {.type = type};
    struct url_settings own = {0};
    source.own = &own;
    settings_set_defaults(type->settings, (void *const[]){&source, &own});
    own.url = video;
    own.loop = false;
    const struct driver_context context = {
        .id = "video", .name = "video", .settings = &source, .pool = pool, .cancel = cancel, .is_unpaced = true};
    void *state;
    enum err error = type->driver->open(&context, clock_monotonic_ns() + READ_MAX_NS, &state, reason);
    if (error == ERR_OK) {
        error = read_frames(replay, type->driver, state, reason);
        type->driver->close(state);
    }
    return error;
}

static enum err create(struct replay *replay) {
    enum err error = luma_reader_create(&replay->reader);
    if (error == ERR_OK) {
        error = detector_create(&replay->settings, &replay->detector);
    }
    if (error == ERR_OK) {
        error = motion_events_create(&replay->settings, report, replay, &replay->events);
    }
    replay->limiter.interval_ns = (int64_t)((double)NS_PER_S / replay->settings.fps);
    return error;
}

static enum err run(struct replay *replay, const char *video, struct reason *reason) {
    struct frame_pool *pool = NULL;
    struct event cancel;
    enum err error = event_init(&cancel);
    if (error != ERR_OK) {
        return error;
    }
    error = create(replay);
    if (error == ERR_OK) {
        error = frame_pool_create(&pool);
    }
    if (error == ERR_OK) {
        error = play(replay, video, pool, &cancel, reason);
    }
    frame_pool_destroy(&pool);
    motion_events_destroy(&replay->events);
    detector_destroy(&replay->detector);
    luma_reader_destroy(&replay->reader);
    event_finish(&cancel);
    return error;
}

enum err motion_replay(const char *settings_path, const char *video, bool as_json, bool every_frame, FILE *out,
                       FILE *errors) {
    struct replay replay = {.as_json = as_json, .every_frame = every_frame, .out = out};
    struct reason reason = {""};
    struct arena *arena = NULL;
    enum err error = arena_create(&arena);
    if (error == ERR_OK) {
        error = read_settings(settings_path, arena, &replay.settings, errors);
        if (error != ERR_OK) {
            arena_unref(&arena);
            return error;
        }
        error = run(&replay, video, &reason);
    }
    arena_unref(&arena);
    if (error != ERR_OK) {
        fprintf(errors, "framebroker: %s: %s\n", video, reason.text[0] != '\0' ? reason.text : err_text(error));
        return error == ERR_INVALID ? ERR_IO : error;
    }
    if (!as_json) {
        fprintf(errors, "%llu frames, %llu analysed, %llu event%s\n", (unsigned long long)replay.frames,
                (unsigned long long)replay.analysed, (unsigned long long)replay.event_count,
                replay.event_count == 1 ? "" : "s");
    }
    if (replay.broken > 0) {
        fprintf(errors, "framebroker: %s: %llu frames do not decode\n", video, (unsigned long long)replay.broken);
    }
    if (replay.analysed == 0) {
        fprintf(errors, "framebroker: %s: no frame could be analysed\n", video);
        return ERR_IO;
    }
    return fflush(out) != 0 || ferror(out) != 0 ? ERR_IO : ERR_OK;
}
