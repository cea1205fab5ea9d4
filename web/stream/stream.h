/* One client's stream: the topics that it shows, which frames it is at, how far they have got, and what is to happen
 * when. It belongs to one sender, in whose turn alone these functions are called.
 *
 * Topics with news wait in a queue, each once, and send one frame a turn: the newest that there is when the turn comes.
 * So a client that is slow sees all of them at the same rate, and none is crowded out by a faster one. Frames whose
 * turns come at the same time share a system call.
 *
 * A stream is in one of these states:
 *
 *     QUIET, REPEATED --a frame's turn comes, or the last one is due again--> SENDING
 *     SENDING --all is taken--> QUIET, or REPEATED after the last frame again
 *             --the client has no room for the next frame--> AWAITS_ROOM --it has--> SENDING
 *             --the socket takes no more--> BLOCKED --it takes some--> SENDING
 *                                                   --it takes more, but the client has no room--> AWAITS_ROOM
 *     any --the time is over, all topics are closed, the client has left or has read nothing for 10 s--> OVER
 *
 * The last frame is due again after 100 ms where it has to be shown, but not in REPEATED, and else after 15 s. */
#ifndef WEB_STREAM_STREAM_H
#define WEB_STREAM_STREAM_H

#include "broker/base/rate_limiter.h"
#include "broker/topic.h"
#include "web/stream/stream_settings.h"

#include <sys/queue.h>

/* Frames that go out with one system call at most. */
#define STREAM_PARTS_MAX 16

/* One topic of a stream. */
struct channel {
    struct stream *stream;
    struct subscriber *subscriber; /* NULL: the topic is closed, or there is none yet */
    bool is_continued;             /* by the topic that comes next */
    int64_t last_captured_ns;      /* of the frames taken (realtime); INT64_MIN before the first */
    struct rate_limiter limiter;
    uint64_t last_position; /* of the newest frame seen, sent or not; 0 before the first */
    bool waits;             /* in the queue */
    bool has_shown;         /* a live frame has been sent */
    STAILQ_ENTRY(channel) in_queue;
};

/* A frame on its way, a reference, and what it is of. */
struct part {
    struct frame *frame;
    struct channel *channel;
};

enum stream_state { STREAM_QUIET, STREAM_REPEATED, STREAM_SENDING, STREAM_AWAITS_ROOM, STREAM_BLOCKED, STREAM_OVER };

struct stream {
    struct stream_settings settings;
    struct channel *channels;     /* settings.topic_count of them */
    struct inbox *inbox;          /* of the subscribers; borrowed from the sender; NULL before the first */
    size_t open_channels;         /* whose topics are not closed; at none the stream ends */
    STAILQ_HEAD(, channel) queue; /* of those that wait for their turn */
    enum stream_state state;
    unsigned on_probation; /* so many more frames are only begun when the client has room for them, but for the first of
                              a topic */
    int64_t state_since_ns; /* when the state began, or something was last taken or read in it */
    int64_t begun_ns;
    int64_t timer_ns;                    /* when stream_on_timer() is due */
    struct part parts[STREAM_PARTS_MAX]; /* to be sent, in the order of their turns; none while SENDING, AWAITS_ROOM or
                                            BLOCKED: the last one again */
    size_t part_count;
    size_t offset;               /* how much of the first of them is sent */
    struct part last;            /* the last one sent, kept to be repeated; no frame before the first */
    size_t window_bytes;         /* of the client's, free at the last look, less what was sent since */
    size_t largest_window_bytes; /* that the client has shown */
    LIST_ENTRY(stream) in_sender;
    bool is_listed;              /* by the sender, among those with news */
    SLIST_ENTRY(stream) in_list; /* of arrivals, then of those with news */
};

/* A stream that has not begun, with a channel for each topic. Threads: any. ERR_MEMORY. */
CHECKED enum err stream_init(struct stream *stream, const struct stream_settings *settings);
/* Subscribes every channel to its topic. inbox: borrowed until the subscribers are destroyed. On failure, as
 * subscriber_create() has them, some may have been subscribed. */
CHECKED enum err stream_subscribe(struct stream *stream, struct inbox *inbox);
void stream_unsubscribe(struct stream *stream);
/* After stream_unsubscribe(). */
void stream_finish(struct stream *stream);

/* STREAM_ENDS: the stream is OVER, and all that is left is stream_finish(); its timer is due at once. */
enum stream_verdict { STREAM_GOES_ON, STREAM_ENDS };

/* There may be a newer frame of that topic: it waits for its turn. */
void stream_note_news(struct channel *channel);
/* Sends what waits, unless the socket is blocked. */
CHECKED enum stream_verdict stream_send_news(struct stream *stream);
/* The same for all topics, at the start. */
CHECKED enum stream_verdict stream_begin(struct stream *stream);
/* The socket takes more: sends the rest, and what is newest then. */
CHECKED enum stream_verdict stream_on_writable(struct stream *stream);
/* timer_ns has passed: gives up on a client that takes nothing, looks for room, or repeats the last frame. */
CHECKED enum stream_verdict stream_on_timer(struct stream *stream, int64_t now_ns);

#endif
