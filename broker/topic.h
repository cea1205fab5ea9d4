/* A topic: one camera's place in the broker. A ring of its newest frames, its state, and who subscribes to it.
 *
 * One publisher (a camera) puts frames in and tells the state; any number of subscribers take the newest frame that
 * they have not had. Publishing never waits: a subscriber that is slow skips frames, and the skips are counted. The
 * first subscriber wakes the camera by the demand callback; idle_timeout_ns after the last has left, topic_wanted()
 * turns false and the camera may sleep.
 *
 * A subscriber belongs to an inbox, which belongs to one thread: the inbox's descriptor becomes readable when any of
 * its subscribers has news, and inbox_next() then names them one by one. So a thread with a thousand clients is woken
 * once a frame, not a thousand times. A thread that wants a single frame uses subscriber_wait() instead.
 *
 * Ownership: topics are reference-counted. A subscriber holds a reference to its topic and its inbox.
 * Threads: as each section says. */
#ifndef BROKER_TOPIC_H
#define BROKER_TOPIC_H

#include "broker/control.h"
#include "broker/converter.h"
#include "broker/frame.h"
#include "broker/journal.h"

#include <stdbool.h>

#define TOPIC_ID_MAX_BYTES 64
#define TOPIC_NAME_MAX_BYTES 128
#define TOPIC_VARIANTS_MAX 32
#define PUSH_KEY_MAX_BYTES 200
#define VARIANT_NAME_MAX_BYTES 31
#define VARIANT_WIDTH_MIN_PX 16
#define VARIANT_WIDTH_MAX_PX 3840

/* A variant that has a name: `thumb`. */
struct variant_settings {
    char name[VARIANT_NAME_MAX_BYTES + 1];
    struct variant_wish wish;
};

/* Plain data: nothing in it is borrowed, but for what is static. */
struct topic_settings {
    char id[TOPIC_ID_MAX_BYTES + 1];
    char name[TOPIC_NAME_MAX_BYTES + 1]; /* UTF-8, for people */
    const char *source;                  /* kind of camera, e.g. "pattern"; static */
    unsigned ring_frames;                /* 1 to 64 */
    int64_t idle_timeout_ns;             /* from the last subscriber's leaving to topic_wanted() turning false */
    bool on_demand;                      /* false: always wanted */
    double fps;                          /* frames a second asked of the camera; 0: whatever it gives */
    bool has_controls;                   /* topic_controls() is open whenever the camera is */
    struct variant_settings variants[TOPIC_VARIANTS_MAX];
    size_t variant_count;
    unsigned max_variants;                 /* at the same time, without the named ones */
    char push_key[PUSH_KEY_MAX_BYTES + 1]; /* what senders of frames must know; "": it takes none */
    bool push_replaces;                    /* a second sender takes the first one's place */
};

struct topic;
struct subscriber;
struct inbox;
struct mailbox;

/* ---- The owner. Threads: any. ---- */

/* settings is copied; envelope is borrowed for the topic's life and may be NULL. ERR_MEMORY; ERR_BUSY: no descriptor is
 * left. */
CHECKED enum err topic_create(const struct topic_settings *settings, const struct frame_envelope *envelope,
                              struct topic **topic);
/* The same for pictures derived from those of source, which is referred to: what is sent of them counts as sent of
 * source. */
CHECKED enum err topic_create_derived(struct topic *source, const struct topic_settings *settings,
                                      const struct frame_envelope *envelope, struct topic **topic);
/* Tells the journal of clients that come and leave with an inbox, and, if tells_state, of each change of the state
 * until the topic is closed. Borrowed for the topic's life. Threads: before any other uses the topic. */
void topic_set_journal(struct topic *topic, struct journal *journal, bool tells_state);
struct topic *topic_ref(struct topic *topic);
void topic_unref(struct topic **topic);
/* Ends it: publishing does nothing any more, waits end, subscribers get ERR_CLOSED, and whoever pushes frames into the
 * mailbox is evicted. Any number of times. */
void topic_close(struct topic *topic);
/* Borrowed, constant for the topic's life. */
const char *topic_id(const struct topic *topic);
/* A copy, since all but the id may change at any time. */
struct topic_settings topic_settings(struct topic *topic);
/* Other settings, of the same id, from now on; copied. Frames, subscribers and counters stay. */
void topic_change_settings(struct topic *topic, const struct topic_settings *settings);
/* Whether there are other references than the caller's. False stays false if nobody can get one from elsewhere. */
bool topic_is_shared(const struct topic *topic);
/* Where frames are pushed to, if the settings have a key for it. Borrowed, for the topic's life. Threads: any. */
struct mailbox *topic_mailbox(struct topic *topic);

/* ---- The publisher. Threads: one at a time publishes; the others any. ---- */

/* Takes *frame, seals and publishes it, and makes the topic live. The frame's info is complete but for position and
 * state; its sequence is not below that of the frame before. A closed topic drops it. */
void topic_publish(struct topic *topic, struct frame **frame);
/* The same for a frame that stands for one of another topic: its state, which is not idle, becomes the topic's. */
void topic_relay(struct topic *topic, struct frame **frame);

/* Publishes a picture that stands for a state other than live. Takes *frame. Does nothing unless the topic's state is
 * still the one that `change` (from topic_set_state()) announced: a live frame is never followed by an old
 * placeholder, and an idle topic has none. Not counted as published. Threads: any. */
void topic_publish_placeholder(struct topic *topic, struct frame **frame, uint64_t change);

/* Tells a state other than live, and why (NULL: no error). Going idle drops the frames of the ring, so that nobody
 * who comes later is shown an old picture as new. Returns the number of this change, for topic_publish_placeholder().
 */
uint64_t topic_set_state(struct topic *topic, enum camera_state state, const char *error);
/* Like topic_set_state(), but only where the topic is still live and its newest frame is older than
 * captured_before_ns (monotonic). True if it changed; then *change has the number. */
bool topic_set_stale(struct topic *topic, int64_t captured_before_ns, const char *error, uint64_t *change);
/* What the camera really gives: the size in pixels and the captured format's name (static). */
void topic_set_capture(struct topic *topic, uint32_t width_px, uint32_t height_px, const char *format);
/* Frames lost before publication, frames refused as broken, and reopenings after a failure: added to the counters. */
void topic_count_dropped(struct topic *topic, uint64_t frames);
void topic_count_invalid(struct topic *topic);
void topic_count_restart(struct topic *topic);

/* Where the camera offers its controls. Borrowed, for the topic's life. Threads: any. */
struct control_port *topic_controls(struct topic *topic);

/* Somebody subscribes, or left less than idle_timeout_ns ago, or the topic is not on demand. *until_ns (may be NULL)
 * gets when that turns false by itself: CLOCK_NEVER while somebody subscribes. */
bool topic_wanted(struct topic *topic, int64_t *until_ns);
/* Called without a lock, from the subscribing thread, when the count of subscribers goes from 0 to 1 or back. NULL
 * removes it. Blocks: until a call that is under way has returned. */
typedef void topic_demand(void *user);
void topic_on_demand(struct topic *topic, topic_demand *demand, void *user);

/* ---- Subscribers. Threads: the inbox's own thread, unless said otherwise. ---- */

CHECKED enum err inbox_create(struct inbox **inbox);
/* All its subscribers must be gone. */
void inbox_destroy(struct inbox **inbox);
/* Readable while there may be news. Threads: any. */
int inbox_fd(const struct inbox *inbox);
/* Makes inbox_fd() readable, for the owner's own purposes. Threads: any. */
void inbox_wake(struct inbox *inbox);
/* Starts a round: clears the descriptor. Then inbox_next() names each subscriber with news since its topic's last
 * round, NULL at the end of the round. Subscribers may come and go during a round. */
void inbox_begin(struct inbox *inbox);
struct subscriber *inbox_next(struct inbox *inbox);

/* Lets publishers of frames serve the inbox, which spares waking its owner: serve is called on the publisher's thread,
 * without a lock of the topic, as a round of its own. It goes through inbox_next() and returns true, or leaves all to
 * the owner and returns false; it must not wait for anything. From then on everything with the inbox and its
 * subscribers is done in the inbox's turn: serve has it, and the owner takes it, but does not keep it while it waits
 * for news. NULL ends this once a call under way has returned; called outside of the turn. */
typedef bool inbox_serve(void *user);
void inbox_let_publishers_serve(struct inbox *inbox, inbox_serve *serve, void *user);
/* Blocks: while a publisher serves. */
void inbox_take_turn(struct inbox *inbox);
void inbox_end_turn(struct inbox *inbox);

struct subscriber_settings {
    const char *remote; /* "127.0.0.1:52034"; copied, cut at 63 bytes */
    const char *route;  /* "video_feed"; static */
    void *user;         /* for subscriber_user() */
    bool is_internal;   /* no client: it counts as demand, but status does not list it */
};

/* The first subscriber_take() gives the newest frame that there is. inbox may be NULL for one that only uses
 * subscriber_wait(). ERR_MEMORY; ERR_CLOSED; ERR_BUSY: 129 inboxes are on the topic already. */
CHECKED enum err subscriber_create(struct topic *topic, struct inbox *inbox, const struct subscriber_settings *settings,
                                   struct subscriber **subscriber);
void subscriber_destroy(struct subscriber **subscriber);
void *subscriber_user(const struct subscriber *subscriber);
struct topic *subscriber_topic(const struct subscriber *subscriber); /* borrowed */
uint64_t subscriber_id(const struct subscriber *subscriber);         /* unique in the process, from 1 */

/* The newest frame that this subscriber has not had, as a new reference; older ones that it has not had either are
 * counted as skipped. ERR_BUSY: there is none yet. ERR_CLOSED. Never blocks. */
CHECKED enum err subscriber_take(struct subscriber *subscriber, struct frame **frame);
/* Blocks: waits until the newest frame is live and captured at or after captured_from_ns (monotonic), whether this
 * subscriber had it or not; or_failure: a placeholder that stands for stale or offline ends the wait too. ERR_TIMEOUT
 * at deadline_ns; ERR_CLOSED. Threads: the subscriber's creator. */
CHECKED enum err subscriber_wait(struct subscriber *subscriber, int64_t captured_from_ns, bool or_failure,
                                 int64_t deadline_ns, struct frame **frame);
/* Counts a frame as delivered (frames is 1; 0 for a repetition) and its bytes. */
void subscriber_count_sent(struct subscriber *subscriber, unsigned frames, size_t bytes);
/* Corrects the count of skips: down for frames passed over on the client's wish (a capped rate), up for a frame that
 * was taken and then not sent. */
void subscriber_adjust_skipped(struct subscriber *subscriber, int64_t frames);

/* ---- The snapshot: plain data, for status. Threads: any. ---- */

struct subscriber_snapshot {
    uint64_t id;
    char remote[SUBSCRIBER_REMOTE_BYTES];
    const char *route;
    int64_t connected_ns; /* how long */
    uint64_t sent, skipped, bytes;
    double fps;     /* of the last seconds */
    size_t variant; /* which of the topic's variants it is on, from 1; 0: on the topic itself */
};

struct variant_snapshot {
    char name[VARIANT_NAME_MAX_BYTES + 1]; /* of the settings; "": none */
    uint32_t width_px, height_px, quality; /* 0: as the camera's, or not known yet */
    double fps;                            /* of the last seconds */
    size_t subscriber_count;
};

/* To all clients that there ever were. None of these goes back. */
struct delivery_snapshot {
    uint64_t sent, skipped, bytes; /* skipped: known once the client takes its next frame, or leaves */
};

struct topic_snapshot {
    bool is_brief; /* without subscribers and variants */
    struct topic_settings settings;
    enum camera_state state;
    int64_t state_since_realtime_ns;
    int64_t created_realtime_ns; /* since when everything is counted */
    char error[200];             /* "" where there is none */
    uint64_t restarts;
    uint32_t width_px, height_px; /* 0 until known */
    const char *format;           /* NULL until known */
    double captured_fps;
    uint64_t published, dropped, invalid;
    uint64_t published_bytes;
    struct delivery_snapshot delivered; /* of its variants too */
    uint64_t last_sequence;             /* 0: no frame yet; the rest of last_ is then meaningless */
    int64_t last_captured_realtime_ns;
    int64_t last_age_ns;
    size_t last_bytes;
    size_t subscriber_count;
    struct subscriber_snapshot *subscribers; /* owned by the snapshot */
    size_t variant_count;
    struct variant_snapshot *variants; /* likewise; filled by broker_snapshot_topic() */
};

/* Of one moment, without the variants. ERR_MEMORY. Finish it to free it. */
CHECKED enum err topic_snapshot(struct topic *topic, struct topic_snapshot *snapshot);
/* Costs the same however many subscribe. */
void topic_snapshot_brief(struct topic *topic, struct topic_snapshot *snapshot);
void topic_snapshot_finish(struct topic_snapshot *snapshot);

/* The newest frame, placeholder or not, as a new reference; NULL while there is none. */
struct frame *topic_newest(struct topic *topic);
/* Of the newest live frame that there ever was; 0: none yet. */
uint32_t topic_width_px(struct topic *topic);
uint64_t topic_sequence(struct topic *topic);
enum camera_state topic_state(struct topic *topic);
/* The same, with when it began and a copy of its reason ("" where there is none). */
enum camera_state topic_state_detail(struct topic *topic, int64_t *since_realtime_ns, struct reason *error);

#endif
