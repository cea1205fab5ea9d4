/* One client's stream: the topics that it shows, which frames it is at, how far they have got, and what is to happen
 * when. It belongs to one sender, in whose turn alone these functions are called.
 *
 * Topics with news wait in a queue, each once, and send one frame a turn: the newest that there is when the turn comes.
 * So a client that is slow sees all of them at the same rate, and none is crowded out by a faster one. Frames whose
 * turns come at the same time share a system call. */
#ifndef WEB_STREAM_H
#define WEB_STREAM_H

#include "broker/pace.h"
#include "broker/sync.h"
#include "broker/topic.h"
#include "web/sender.h"

/* Frames that go out with one system call at most. */
#define STREAM_PARTS_MAX 16

/* One topic of a stream. */
struct channel {
    struct stream *stream;
    struct subscriber *subscriber; /* NULL: the topic is closed, or there is none yet */
    struct pace pace;
    uint64_t last_position; /* of the newest frame seen, sent or not; 0 before the first */
    bool waits;             /* in the queue */
    struct channel *next_waiting;
};

/* A frame on its way, a reference, and what it is of. */
struct part {
    struct frame *frame;
    struct channel *channel;
};

struct stream {
    struct stream_settings settings;
    struct channel *channels; /* settings.topic_count of them */
    size_t open_channels;     /* whose topics are not closed; at none the stream ends */
    struct channel *first_waiting, *last_waiting;
    struct part parts[STREAM_PARTS_MAX]; /* to be sent, in the order of their turns */
    size_t part_count;
    size_t offset;         /* how much of the first of them is sent */
    bool is_repetition;    /* that is the last one again, and there is no other */
    struct part last;      /* the last one sent, kept to be repeated; no frame before the first */
    bool was_repeated;     /* and need not be repeated for display again */
    bool is_blocked;       /* the socket takes no more until epoll says that it does */
    unsigned on_probation; /* so many more frames are only begun when the client has room for them */
    bool awaits_room;      /* it has not, since waiting_since_ns */
    int64_t waiting_since_ns;
    size_t window_bytes;         /* at the last look */
    size_t largest_window_bytes; /* that the client has shown */
    int64_t begun_ns;
    int64_t last_progress_ns;       /* when the socket last took something, or first refused to */
    int64_t timer_ns;               /* when stream_on_timer() is due */
    bool must_end;                  /* a publisher found out, and the sender has yet to see to it */
    struct stream *next, *previous; /* of the same sender */
    bool has_news;                  /* and is in the sender's list of such, until it is told to send them */
    struct stream *next_with_news;

    /* For the thread that waits in senders_serve(): */
    struct lock lock;
    struct condition ended;
    bool has_ended GUARDED_BY(lock);
    enum err result GUARDED_BY(lock);
};

/* A stream that has not begun, with a channel for each topic. Threads: any. ERR_MEMORY. */
CHECKED enum err stream_init(struct stream *stream, const struct stream_settings *settings);
/* Its subscribers are gone. */
void stream_finish(struct stream *stream);

/* What became of the client. */
enum stream_verdict { STREAM_GOES_ON, STREAM_ENDS };

/* There may be a newer frame of that topic: it waits for its turn. */
void stream_note_news(struct channel *channel);
/* Sends what waits, unless the socket is blocked. */
CHECKED enum stream_verdict stream_send_news(struct stream *stream);
/* The same for all topics, at the start. */
CHECKED enum stream_verdict stream_begin(struct stream *stream);
/* The socket takes more: sends the rest, and what is newest then. */
CHECKED enum stream_verdict stream_on_writable(struct stream *stream);
/* timer_ns has passed: gives up on a client that takes nothing, or repeats the last frame. */
CHECKED enum stream_verdict stream_on_timer(struct stream *stream, int64_t now_ns);

#endif
