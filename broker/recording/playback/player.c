#include "broker/recording/playback/player.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/refcount.h"
#include "broker/base/saturating.h"
#include "broker/base/sync.h"
#include "broker/recording/playback/playback.h"
#include "broker/topic_demand.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define PLAYER_THREADS 2u

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
    struct playback_source source;
    atomic_uint camera_count; /* relaxed: only bounded */
    struct player player[PLAYER_THREADS];
    char path[];
};

/* ---- The thread ---- */

static enum err open_playback(struct player *player, struct playback *playback) {
    struct reason reason = {""};
    enum err error = ERR_OK;
    if (player->catalogue == NULL) {
        error = catalogue_open(player->players->path, &player->catalogue, &reason);
    }
    if (error != ERR_OK) {
        log_rate_limited(LOG_LEVEL_WARNING, NULL, "playback", "recordings cannot be played: %s", reason.text);
        return error;
    }
    return playback_open(playback, player->catalogue);
}

/* Closes it, and makes room for others. */
static void release_cameras(struct playback *playback) {
    struct player *player = playback->player;
    const unsigned count = (unsigned)playback->camera_count;
    playback_close(playback);
    atomic_fetch_sub_explicit(&player->camera_count, count, memory_order_relaxed);
    atomic_fetch_sub_explicit(&player->players->camera_count, count, memory_order_relaxed);
}

static void finish(struct playback *playback) {
    LIST_REMOVE(playback, in_player);
    release_cameras(playback);
    playback_unref(&playback);
}

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
        if (open_playback(player, playback) != ERR_OK) {
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
            int64_t due = playback_play(playback, now_ns);
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
    players->source = (struct playback_source){.path = players->path, .pool = pool, .draw_gap = draw_gap};
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
    playback->source = &players->source;
    playback->created_ns = clock_monotonic_ns();
    playback->zero_realtime_ns = settings->at_ns;
    playback->to_ns = settings->to_ns;
    playback->speed = settings->speed;
    playback->shows_gaps = settings->shows_gaps && players->source.draw_gap != NULL;
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
