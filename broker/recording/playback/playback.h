/* One playback of a player (player.h): its cameras, its clock, and what is due.
 *
 * Lifecycle: created by playback_begin(); open; play, until it returns 0; close; unref.
 * Threads: the player's, but for playback_unref(). Blocks: as the disk does. */
#ifndef BROKER_RECORDING_PLAYBACK_PLAYBACK_H
#define BROKER_RECORDING_PLAYBACK_PLAYBACK_H

#include "broker/base/refcount.h"
#include "broker/recording/catalogue/catalogue.h"
#include "broker/recording/playback/gap.h"
#include "broker/topic.h"

#include <stdatomic.h>
#include <sys/queue.h>

struct player;
struct recording_cursor;

/* What all playbacks have in common. Borrowed. */
struct playback_source {
    const char *path; /* the folder of the recordings */
    struct frame_pool *pool;
    gap_draw *draw_gap; /* NULL: gaps are skipped */
};

struct playback_camera {
    struct topic *topic; /* a reference */
    struct recording_cursor *cursor;
    int64_t published_ns;         /* when the newest frame was; 0: none yet */
    int64_t look_ns;              /* the cursor is not asked before */
    bool is_at_end;               /* as of the last look */
    bool is_in_gap;               /* a placeholder stands for it */
    uint32_t width_px, height_px; /* of the newest frame; 0: none yet */
};

struct playback {
    struct refcount references; /* the caller's and the thread's */
    struct player *player;      /* whose thread plays it */
    const struct playback_source *source;
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

/* Opens its cameras at zero_realtime_ns. On any error, close it. */
CHECKED enum err playback_open(struct playback *playback, struct catalogue *catalogue);
/* Plays what is due. Returns when there is more to do; 0: the playback is over. */
int64_t playback_play(struct playback *playback, int64_t now_ns);
/* Closes its topics and cursors. */
void playback_close(struct playback *playback);
/* Threads: any. */
void playback_unref(struct playback **playback);

#endif
