/* Players: threads that publish recorded frames as a camera would, at the times at which they were captured, so that
 * everything that follows a topic shows what was as it shows what is.
 *
 * A playback has a topic for each of its cameras, and one clock for all of them. At each moment it publishes, of each
 * camera, the newest frame that had been captured by then, so cameras stay in step whatever their rates, and a client
 * that is slow skips. Time in which no camera has frames is skipped. The playback begins when every topic has a
 * subscriber, and ends behind the last frame of the last camera: then its topics are closed.
 *
 * Lifecycle: create; any number of playbacks, each begun and ended; destroy.
 * Threads: any. A slow disk slows playbacks, and nothing else. */
#ifndef BROKER_RECORDING_PLAYBACK_PLAYER_H
#define BROKER_RECORDING_PLAYBACK_PLAYER_H

#include "broker/frame/frame.h"
#include "broker/recording/playback/gap.h"
#include "broker/topic.h"

/* Cameras of all playbacks together, each of which may have files open. */
#define PLAYERS_CAMERAS_MAX 1024u

struct players;
struct playback;

/* path: the folder of the recordings, copied; frames come from the pool, borrowed. Threads start with the first
 * playback. draw_gap: for playbacks that show gaps; NULL: none does. ERR_MEMORY; ERR_BUSY: no descriptor. */
CHECKED enum err players_create(const char *path, struct frame_pool *pool, gap_draw *draw_gap,
                                struct players **players);
/* Joins the threads. After playback_end() of each playback. */
void players_destroy(struct players **players);

struct playback_settings {
    struct topic *const *topics; /* that only this playback publishes into; their ids are those of the cameras */
    size_t topic_count;          /* at least 1 */
    int64_t at_ns, to_ns;        /* of the capture, since the epoch; INT64_MAX: no end */
    double speed;                /* above 0; 1: as captured */
    bool shows_gaps;             /* time without frames passes, with a placeholder; else it is skipped */
};

/* Takes a reference to each topic. ERR_BUSY: PLAYERS_CAMERAS_MAX would be exceeded; or there is no
 * thread for it; ERR_MEMORY; ERR_CLOSED: they are being destroyed. */
CHECKED enum err playback_begin(struct players *players, const struct playback_settings *settings,
                                struct playback **playback);
/* Ends it, if it has not ended by itself, and frees it. Does not wait: its topics are closed soon. */
void playback_end(struct playback **playback);

#endif
