#include "broker/recording/playback/player.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/refcount.h"
#include "broker/base/saturating.h"
#include "broker/base/sync.h"
#include "broker/recording/playback/recording_cursor.h"
#include "broker/topic_demand.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define PLAYER_THREADS 2u
/* A topic gets at most so many frames a second: what is played fast shows some of them. */
#define PUBLISH_INTERVAL_NS (NS_PER_S / 60)
/* Longer time without frames is skipped. */
#define GAP_NS (2 * NS_PER_S)
/* Viewers who have not come by then do not come. */
#define BEGIN_WITHIN_NS (5 * NS_PER_S)
/* The last frame is shown for so long before the topics are closed. */
#define LAST_FRAME_NS (200 * NS_PER_MS)
/* How often to look whether there is more, at the end of what one camera has while others go on. */
#define LOOK_AGAIN_NS (1 * NS_PER_S)

struct playback_camera {
    struct topic *topic; /* a reference */
    struct recording_cursor *cursor;
    int64_t published_ns;         /* when the newest frame was; 0: none yet */
    int64_t look_ns;              /* the cursor is not asked before */
    bool is_at_end;               /* as of the last look */
    bool is_in_gap;               /* a placeholder stands for it */
    uint32_t width_px, height_px; /* of the newest frame; 0: none yet */
};

struct player;

struct playback {
    struct refcount references; /* the caller's and the thread's */
    struct player *player;
    atomic_bool is_ended; /* relaxed: the wake orders it */
    /* The thread's own: */
    bool is_begun;
    int64_t created_ns;
    int64_t zero_realtime_ns, zero_ns; /* the capture time that was shown at a moment; both move at a gap */
    int64_t last_ns;                   /* when the last frame of all was published */
    int64_t to_ns;
    double speed;
    bool shows_gaps;
    LIST_ENTRY(playback) in_player;
    SLIST_ENTRY(playback) in_arrivals;
    size_t camera_count;
    struct playback_camera cameras[];
};

struct player {
    struct players *players;
    pthread_t thread;
    bool started GUARDED_BY(lock);
    struct event wake;
    atomic_uint camera_count; /* relaxed: only chooses the thread of the next playback */
    struct lock lock;
    SLIST_HEAD(playback_arrivals, playback) arrivals GUARDED_BY(lock);
    bool stop GUARDED_BY(lock);
    /* The thread's own: */
    LIST_HEAD(, playback) list;
    struct catalogue *catalogue; /* NULL: not opened yet */
};

struct players {
    struct frame_pool *pool;
    gap_draw *draw_gap;       /* NULL: gaps are skipped */
    atomic_uint camera_count; /* relaxed: only bounded */
    struct player player[PLAYER_THREADS];
    char path[];
};

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
    if (recording_cursor_read(camera->cursor, playback->player->players->pool, &frame) != ERR_OK) {
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
    struct players *players = playback->player->players;
    char name[TOPIC_NAME_MAX_BYTES + 1];
    topic_copy_name(camera->topic, name);
    const int64_t since_ns = playhead_ns(playback, now_ns);
    const struct gap gap = {
        .name = name, .since_realtime_ns = since_ns, .width_px = camera->width_px, .height_px = camera->height_px};
    struct frame *frame = NULL;
    camera->is_in_gap = true;
    if (players->draw_gap(players->pool, &gap, &frame) == ERR_OK) {
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

/* ---- One playback ---- */

static enum err open_cameras(struct playback *playback, int64_t at_ns) {
    struct player *player = playback->player;
    struct reason reason = {""};
    enum err error =
        player->catalogue != NULL ? ERR_OK : catalogue_open(player->players->path, &player->catalogue, &reason);
    if (error != ERR_OK) {
        log_rate_limited(LOG_LEVEL_WARNING, NULL, "playback", "recordings cannot be played: %s", reason.text);
    }
    for (size_t i = 0; i < playback->camera_count && error == ERR_OK; i++) {
        struct playback_camera *camera = &playback->cameras[i];
        error =
            recording_cursor_create(player->catalogue, player->players->path, topic_id(camera->topic), &camera->cursor);
        if (error == ERR_OK) {
            error = recording_cursor_seek(camera->cursor, at_ns, GAP_NS);
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

/* Plays what is due. Returns when there is more to do; 0: the playback is over. */
static int64_t play(struct playback *playback, int64_t now_ns) {
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

static void playback_unref(struct playback **playback_pointer) {
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

static void release_cameras(struct playback *playback) {
    struct player *player = playback->player;
    for (size_t i = 0; i < playback->camera_count; i++) {
        struct playback_camera *camera = &playback->cameras[i];
        topic_on_demand(camera->topic, NULL, NULL);
        topic_close(camera->topic);
        recording_cursor_destroy(&camera->cursor);
    }
    const unsigned count = (unsigned)playback->camera_count;
    atomic_fetch_sub_explicit(&player->camera_count, count, memory_order_relaxed);
    atomic_fetch_sub_explicit(&player->players->camera_count, count, memory_order_relaxed);
}

static void finish(struct playback *playback) {
    LIST_REMOVE(playback, in_player);
    release_cameras(playback);
    playback_unref(&playback);
}

/* ---- The thread ---- */

/* False when it is time to stop. */
static bool take_arrivals(struct player *player) {
    event_clear(&player->wake);
    lock_acquire(&player->lock);
    struct playback_arrivals arrivals = player->arrivals;
    SLIST_INIT(&player->arrivals);
    bool stop = player->stop;
    lock_release(&player->lock);
    while (!SLIST_EMPTY(&arrivals)) {
        struct playback *playback = SLIST_FIRST(&arrivals);
        SLIST_REMOVE_HEAD(&arrivals, in_arrivals);
        LIST_INSERT_HEAD(&player->list, playback, in_player);
        if (open_cameras(playback, playback->zero_realtime_ns) != ERR_OK) {
            finish(playback);
        }
    }
    return !stop;
}

static void *run(void *argument) {
    struct player *player = argument;
    int64_t next_ns = CLOCK_NEVER;
    for (;;) {
        bool is_woken = event_wait_until(&player->wake, next_ns);
        if (is_woken && !take_arrivals(player)) {
            break;
        }
        int64_t now_ns = clock_monotonic_ns();
        next_ns = CLOCK_NEVER;
        for (struct playback *playback = LIST_FIRST(&player->list), *next; playback != NULL; playback = next) {
            next = LIST_NEXT(playback, in_player);
            int64_t due = play(playback, now_ns);
            if (due == 0) {
                finish(playback);
            } else {
                next_ns = min_i64(next_ns, due);
            }
        }
    }
    while (!LIST_EMPTY(&player->list)) {
        finish(LIST_FIRST(&player->list));
    }
    catalogue_close(&player->catalogue);
    return NULL;
}

/* A viewer has come or left. Runs on the thread that subscribes. */
static void on_demand(void *user) {
    struct player *player = user;
    event_set(&player->wake);
}

/* ---- Others ---- */

/* At the first playback. */
static enum err start_thread_locked(struct player *player) REQUIRES(&player->lock) {
    if (player->started) {
        return ERR_OK;
    }
    enum err error = thread_start(&player->thread, "player", 0, run, player);
    player->started = error == ERR_OK;
    return error;
}

enum err players_create(const char *path, struct frame_pool *pool, gap_draw *draw_gap, struct players **out) {
    const size_t bytes = strlen(path) + 1;
    struct players *players = calloc(1, sizeof *players + bytes);
    if (players == NULL) {
        return ERR_MEMORY;
    }
    memcpy(players->path, path, bytes);
    players->pool = pool;
    players->draw_gap = draw_gap;
    for (unsigned i = 0; i < PLAYER_THREADS; i++) {
        players->player[i].players = players;
        players->player[i].wake.fd = -1;
        lock_init(&players->player[i].lock);
    }
    for (unsigned i = 0; i < PLAYER_THREADS; i++) {
        enum err error = event_init(&players->player[i].wake);
        if (error != ERR_OK) {
            players_destroy(&players);
            return error;
        }
    }
    *out = players;
    return ERR_OK;
}

void players_destroy(struct players **players_pointer) {
    struct players *players = *players_pointer;
    *players_pointer = NULL;
    if (players == NULL) {
        return;
    }
    for (unsigned i = 0; i < PLAYER_THREADS; i++) {
        struct player *player = &players->player[i];
        lock_acquire(&player->lock);
        player->stop = true;
        bool started = player->started;
        lock_release(&player->lock);
        if (started) {
            event_set(&player->wake);
            pthread_join(player->thread, NULL);
        }
        if (player->wake.fd >= 0) {
            event_finish(&player->wake);
        }
        lock_finish(&player->lock);
    }
    free(players);
}

/* False: there are too many. */
static bool reserve_cameras(struct players *players, size_t count) {
    unsigned before = atomic_fetch_add_explicit(&players->camera_count, (unsigned)count, memory_order_relaxed);
    bool fits = before + count <= PLAYERS_CAMERAS_MAX;
    if (!fits) {
        atomic_fetch_sub_explicit(&players->camera_count, (unsigned)count, memory_order_relaxed);
    }
    return fits;
}

static struct player *least_busy(struct players *players) {
    struct player *best = &players->player[0];
    for (unsigned i = 1; i < PLAYER_THREADS; i++) {
        struct player *other = &players->player[i];
        if (atomic_load_explicit(&other->camera_count, memory_order_relaxed) <
            atomic_load_explicit(&best->camera_count, memory_order_relaxed)) {
            best = other;
        }
    }
    return best;
}

/* ERR_CLOSED once the player is stopping; ERR_BUSY, ERR_MEMORY: it has no thread yet, and gets none. */
static enum err hand_over(struct player *player, struct playback *playback) {
    lock_acquire(&player->lock);
    enum err error = player->stop ? ERR_CLOSED : start_thread_locked(player);
    if (error == ERR_OK) {
        SLIST_INSERT_HEAD(&player->arrivals, playback, in_arrivals);
    }
    lock_release(&player->lock);
    if (error == ERR_OK) {
        event_set(&player->wake);
    }
    return error;
}

enum err playback_begin(struct players *players, const struct playback_settings *settings, struct playback **out) {
    const size_t count = settings->topic_count;
    if (count > PLAYERS_CAMERAS_MAX || !reserve_cameras(players, count)) {
        return ERR_BUSY;
    }
    struct playback *playback = calloc(1, sizeof *playback + count * sizeof playback->cameras[0]);
    if (playback == NULL) {
        atomic_fetch_sub_explicit(&players->camera_count, (unsigned)count, memory_order_relaxed);
        return ERR_MEMORY;
    }
    refcount_init(&playback->references, 2);
    struct player *player = playback->player = least_busy(players);
    atomic_fetch_add_explicit(&player->camera_count, (unsigned)count, memory_order_relaxed);
    playback->created_ns = clock_monotonic_ns();
    playback->zero_realtime_ns = settings->at_ns;
    playback->to_ns = settings->to_ns;
    playback->speed = settings->speed;
    playback->shows_gaps = settings->shows_gaps && players->draw_gap != NULL;
    playback->camera_count = count;
    for (size_t i = 0; i < count; i++) {
        playback->cameras[i].topic = topic_ref(settings->topics[i]);
        topic_on_demand(settings->topics[i], on_demand, player);
    }
    enum err error = hand_over(player, playback);
    if (error != ERR_OK) {
        release_cameras(playback);
        struct playback *of_thread = playback;
        playback_unref(&of_thread);
        playback_unref(&playback);
        return error;
    }
    *out = playback;
    return ERR_OK;
}

void playback_end(struct playback **playback_pointer) {
    struct playback *playback = *playback_pointer;
    if (playback != NULL) {
        atomic_store_explicit(&playback->is_ended, true, memory_order_relaxed);
        event_set(&playback->player->wake);
        playback_unref(playback_pointer);
    }
}
