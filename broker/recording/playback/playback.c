#include "broker/recording/playback/playback.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"
#include "broker/recording/playback/recording_cursor.h"
#include "broker/topic_demand.h"

#include <stdlib.h>

/* A topic gets at most so many frames a second: what is played fast shows some of them. */
#define PUBLISH_INTERVAL_NS (NS_PER_S / 60)
/* Longer time without frames is skipped. */
#define GAP_NS (2 * NS_PER_S)
/* How long the first subscribers are waited for. */
#define BEGIN_WITHIN_NS (5 * NS_PER_S)
/* The last frame is shown for so long before the topics are closed. */
#define LAST_FRAME_NS (200 * NS_PER_MS)
/* How often to look whether there is more, at the end of what one camera has while others go on. */
#define LOOK_AGAIN_NS (1 * NS_PER_S)

/* ---- Time ---- */

/* A capture time that the playback has reached, and when it reaches one. */
static int64_t playhead_ns(const struct playback *playback, int64_t now_ns) {
    double passed_ns = (double)(now_ns - playback->zero_ns) * playback->speed;
    return add_i64(playback->zero_realtime_ns, passed_ns < 9e18 ? (int64_t)passed_ns : INT64_MAX);
}

static int64_t due_ns(const struct playback *playback, int64_t captured_realtime_ns) {
    double ahead_ns = (double)subtract_i64(captured_realtime_ns, playback->zero_realtime_ns) / playback->speed;
    if (ahead_ns <= 0) {
        return playback->zero_ns;
    }
    return add_i64(playback->zero_ns, ahead_ns < 9e18 ? (int64_t)ahead_ns : INT64_MAX);
}

/* ---- One camera ---- */

/* False: there is no frame, for now. */
static bool peek(struct playback *playback, struct playback_camera *camera, int64_t now_ns,
                 struct recorded_frame *frame) {
    if (camera->cursor == NULL || now_ns < camera->look_ns) {
        return false;
    }
    enum err error = recording_cursor_peek(camera->cursor, frame);
    camera->is_at_end = error != ERR_OK || frame->part.captured_realtime_ns > playback->to_ns;
    if (error == ERR_OK && !camera->is_at_end) {
        return true;
    }
    if (error != ERR_OK && error != ERR_CLOSED) {
        log_rate_limited(LOG_LEVEL_WARNING, topic_id(camera->topic), "playback", "its recordings cannot be read: %s",
                         err_text(error));
    }
    camera->look_ns = error == ERR_OK ? CLOCK_NEVER : now_ns + LOOK_AGAIN_NS;
    return false;
}

static void publish_current(struct playback *playback, struct playback_camera *camera, int64_t now_ns) {
    struct frame *frame = NULL;
    if (recording_cursor_read(camera->cursor, playback->source->pool, &frame) != ERR_OK) {
        topic_count_dropped(camera->topic, 1);
        return;
    }
    struct frame_info *info = frame_edit_info(frame);
    info->captured_monotonic_ns = now_ns;
    info->state = STATE_LIVE;
    camera->width_px = info->width_px;
    camera->height_px = info->height_px;
    topic_relay(camera->topic, &frame);
    camera->published_ns = playback->last_ns = now_ns;
    camera->is_in_gap = false;
}

/* Publishes a placeholder, once a gap. */
static void publish_gap(struct playback *playback, struct playback_camera *camera, int64_t now_ns) {
    const struct playback_source *source = playback->source;
    char name[TOPIC_NAME_MAX_BYTES + 1];
    topic_copy_name(camera->topic, name);
    const int64_t since_ns = playhead_ns(playback, now_ns);
    const struct gap gap = {
        .name = name, .since_realtime_ns = since_ns, .width_px = camera->width_px, .height_px = camera->height_px};
    struct frame *frame = NULL;
    camera->is_in_gap = true;
    if (source->draw_gap(source->pool, &gap, &frame) == ERR_OK) {
        struct frame_info *info = frame_edit_info(frame);
        info->captured_realtime_ns = since_ns;
        info->captured_monotonic_ns = now_ns;
        info->is_recorded = true;
        topic_publish_placeholder(camera->topic, &frame, topic_set_state(camera->topic, STATE_OFFLINE, GAP_REASON));
        playback->last_ns = now_ns;
    }
}

/* Publishes the newest frame that is due. Returns when to look at the camera again. */
static int64_t play_camera(struct playback *playback, struct playback_camera *camera, int64_t now_ns) {
    int64_t wait_ns = camera->published_ns != 0 ? camera->published_ns + PUBLISH_INTERVAL_NS : 0;
    if (now_ns < wait_ns) {
        return wait_ns;
    }
    const int64_t reached_ns = playhead_ns(playback, now_ns);
    struct recorded_frame next;
    bool is_due = false, has_next;
    while ((has_next = peek(playback, camera, now_ns, &next)) && next.part.captured_realtime_ns <= reached_ns) {
        recording_cursor_take(camera->cursor);
        is_due = true;
    }
    if (is_due) {
        publish_current(playback, camera, now_ns);
    }
    int64_t next_ns = has_next ? due_ns(playback, next.part.captured_realtime_ns) : camera->look_ns;
    const bool is_in_gap = has_next && next.is_after_gap && subtract_i64(next_ns, now_ns) > PUBLISH_INTERVAL_NS;
    if (playback->shows_gaps && is_in_gap && !camera->is_in_gap) {
        if (is_due) {
            return now_ns + LAST_FRAME_NS;
        }
        publish_gap(playback, camera, now_ns);
    }
    return is_due ? max_i64(next_ns, now_ns + PUBLISH_INTERVAL_NS) : next_ns;
}

/* ---- All cameras ---- */

enum err playback_open(struct playback *playback, struct catalogue *catalogue) {
    enum err error = ERR_OK;
    for (size_t i = 0; i < playback->camera_count && error == ERR_OK; i++) {
        struct playback_camera *camera = &playback->cameras[i];
        error = recording_cursor_create(catalogue, playback->source->path, topic_id(camera->topic), &camera->cursor);
        if (error == ERR_OK) {
            error = recording_cursor_seek(camera->cursor, playback->zero_realtime_ns, GAP_NS);
        }
    }
    return error;
}

static bool has_viewers(const struct playback *playback) {
    for (size_t i = 0; i < playback->camera_count; i++) {
        if (!topic_wanted(playback->cameras[i].topic, NULL)) {
            return false;
        }
    }
    return true;
}

/* Skips time in which no camera has frames: the first that follows is due now. */
static void skip_gap(struct playback *playback, int64_t now_ns) {
    int64_t first_ns = INT64_MAX;
    bool is_gap = true;
    for (size_t i = 0; i < playback->camera_count; i++) {
        struct recorded_frame next;
        if (peek(playback, &playback->cameras[i], now_ns, &next)) {
            first_ns = min_i64(first_ns, next.part.captured_realtime_ns);
            is_gap = is_gap && next.is_after_gap;
        }
    }
    if (is_gap && first_ns != INT64_MAX && subtract_i64(first_ns, playhead_ns(playback, now_ns)) > GAP_NS) {
        playback->zero_realtime_ns = first_ns;
        playback->zero_ns = now_ns;
    }
}

/* Whether there is nothing more of any camera, and the last frame has been seen. *look_ns: when to ask again. */
static bool is_at_end(const struct playback *playback, int64_t now_ns, int64_t *look_ns) {
    for (size_t i = 0; i < playback->camera_count; i++) {
        if (!playback->cameras[i].is_at_end) {
            return false;
        }
    }
    int64_t end_ns = playback->last_ns != 0 ? playback->last_ns + LAST_FRAME_NS : now_ns;
    *look_ns = min_i64(*look_ns, end_ns);
    return now_ns >= end_ns;
}

int64_t playback_play(struct playback *playback, int64_t now_ns) {
    if (atomic_load_explicit(&playback->is_ended, memory_order_relaxed)) {
        return 0;
    }
    if (!playback->is_begun) {
        if (!has_viewers(playback)) {
            int64_t until_ns = playback->created_ns + BEGIN_WITHIN_NS;
            return now_ns < until_ns ? until_ns : 0;
        }
        playback->is_begun = true;
        playback->zero_ns = now_ns;
    }
    if (!playback->shows_gaps) {
        skip_gap(playback, now_ns);
    }
    int64_t next_ns = CLOCK_NEVER;
    for (size_t i = 0; i < playback->camera_count; i++) {
        next_ns = min_i64(next_ns, play_camera(playback, &playback->cameras[i], now_ns));
    }
    return is_at_end(playback, now_ns, &next_ns) ? 0 : next_ns;
}

void playback_close(struct playback *playback) {
    for (size_t i = 0; i < playback->camera_count; i++) {
        struct playback_camera *camera = &playback->cameras[i];
        topic_on_demand(camera->topic, NULL, NULL);
        topic_close(camera->topic);
        recording_cursor_destroy(&camera->cursor);
    }
}

void playback_unref(struct playback **playback_pointer) {
    struct playback *playback = *playback_pointer;
    *playback_pointer = NULL;
    if (playback == NULL || !refcount_drop(&playback->references)) {
        return;
    }
    for (size_t i = 0; i < playback->camera_count; i++) {
        topic_unref(&playback->cameras[i].topic);
    }
    free(playback);
}
