#include "web/stream.h"

#include "broker/clock.h"
#include "web/peer_window.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

/* A client that takes nothing for so long is gone. */
#define STALLED_AFTER_NS (10 * NS_PER_S)
/* A frame that no other follows for so long is sent again, to be shown. */
#define REPEAT_FOR_DISPLAY_NS (100 * NS_PER_MS)
/* A stream is never silent for longer, or proxies between us and the client would end it. */
#define KEEP_ALIVE_NS (15 * NS_PER_S)

/* How many frames in a row a client has to be quick for, at first and after each time that it was not. Until then a
 * frame is only begun when the client has room for it, so that it does not queue behind old ones on the client's side.
 */
#define PROBATION_FRAMES 30
/* A window does not announce its opening: how often to look. */
#define LOOK_FOR_ROOM_NS (20 * NS_PER_MS)

enum err stream_init(struct stream *stream, const struct stream_settings *settings) {
    *stream = (struct stream){.settings = *settings, .on_probation = PROBATION_FRAMES};
    stream->channels = calloc(settings->topic_count, sizeof *stream->channels);
    if (stream->channels == NULL) {
        return ERR_MEMORY;
    }
    int64_t interval_ns = settings->fps > 0 ? (int64_t)((double)NS_PER_S / settings->fps) : 0;
    for (size_t i = 0; i < settings->topic_count; i++) {
        stream->channels[i] = (struct channel){.stream = stream, .pace.interval_ns = interval_ns};
    }
    lock_init(&stream->lock);
    condition_init(&stream->ended);
    return ERR_OK;
}

void stream_finish(struct stream *stream) {
    condition_finish(&stream->ended);
    lock_finish(&stream->lock);
    free(stream->channels);
}

static bool is_sending(const struct stream *stream) {
    return stream->frame != NULL && stream->offset < frame_part(stream->frame).count;
}

/* ---- The queue ---- */

static void enqueue(struct channel *channel) {
    struct stream *stream = channel->stream;
    if (channel->waits) {
        return;
    }
    channel->waits = true;
    channel->next_waiting = NULL;
    if (stream->last_waiting != NULL) {
        stream->last_waiting->next_waiting = channel;
    } else {
        stream->first_waiting = channel;
    }
    stream->last_waiting = channel;
}

/* NULL: none waits. */
static struct channel *dequeue(struct stream *stream) {
    struct channel *channel = stream->first_waiting;
    if (channel != NULL) {
        channel->waits = false;
        stream->first_waiting = channel->next_waiting;
        if (stream->first_waiting == NULL) {
            stream->last_waiting = NULL;
        }
    }
    return channel;
}

/* ---- Choosing and sending ---- */

/* Whether the client wants this frame, by the rate that it asked for. */
static bool is_wanted(struct channel *channel, const struct frame_info *info) {
    uint64_t skipped = channel->last_position != 0 ? info->position - channel->last_position - 1 : 0;
    channel->last_position = info->position;
    if (channel->pace.interval_ns == 0 || info->state != STATE_LIVE) {
        return true;
    }
    uint64_t missed;
    bool wanted = pace_admits(&channel->pace, info->captured_monotonic_ns, &missed);
    if (missed < skipped) { /* the others of them would not have been sent anyhow */
        subscriber_adjust_skipped(channel->subscriber, (int64_t)missed - (int64_t)skipped);
    }
    return wanted;
}

/* The newest frame, if the client has not had it and wants it. ERR_BUSY: there is none. */
static enum err take_wanted(struct channel *channel, struct frame **frame) {
    enum err error = subscriber_take(channel->subscriber, frame);
    if (error == ERR_OK && !is_wanted(channel, frame_info(*frame))) {
        frame_unref(frame);
        error = ERR_BUSY;
    }
    return error;
}

static void set_frame(struct stream *stream, struct channel *channel, struct frame *frame) {
    frame_unref(&stream->frame);
    stream->frame = frame;
    stream->channel = channel;
    stream->offset = 0;
    stream->is_repetition = false;
    stream->was_repeated = false;
}

/* A frame that has not been begun gives way to a newer one of its topic. */
static enum err refresh_frame(struct stream *stream) {
    struct frame *newest;
    enum err error = take_wanted(stream->channel, &newest);
    if (error == ERR_OK) {
        subscriber_adjust_skipped(stream->channel->subscriber, 1);
        set_frame(stream, stream->channel, newest);
    }
    return error == ERR_BUSY ? ERR_OK : error;
}

/* Makes the frame whose turn it is the one to send. ERR_BUSY: there is nothing to send. */
static enum err choose_frame(struct stream *stream) {
    bool is_left = is_sending(stream);
    if (is_left && !stream->is_repetition) {
        return refresh_frame(stream);
    }
    struct channel *channel;
    while ((channel = dequeue(stream)) != NULL) {
        struct frame *newest;
        enum err error = take_wanted(channel, &newest);
        if (error == ERR_OK) {
            set_frame(stream, channel, newest);
        }
        if (error != ERR_BUSY) {
            return error;
        }
    }
    return is_left ? ERR_OK : ERR_BUSY;
}

/* Sends the rest of the part. ERR_BUSY: the socket takes no more for now; ERR_CLOSED: the client has gone. */
static enum err send_rest(struct stream *stream) {
    struct span part = frame_part(stream->frame);
    while (stream->offset < part.count) {
        ssize_t sent = send(stream->settings.fd, part.bytes + stream->offset, part.count - stream->offset,
                            MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent > 0) {
            stream->offset += (size_t)sent;
            stream->last_progress_ns = clock_monotonic_ns();
            stream->is_blocked = false;
        } else if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
            if (!stream->is_blocked) {
                stream->is_blocked = true;
                stream->on_probation = PROBATION_FRAMES;
                stream->last_progress_ns = clock_monotonic_ns();
            }
            return ERR_BUSY;
        } else if (errno != EINTR) {
            return ERR_CLOSED;
        }
    }
    subscriber_count_sent(stream->channel->subscriber, stream->is_repetition ? 0 : 1, part.count);
    return ERR_OK;
}

/* Whether the client has read most of what it was sent, so that the chosen frame finds room. */
static bool has_room(struct stream *stream) {
    if (stream->on_probation == 0) {
        return true;
    }
    size_t window_bytes = peer_window_bytes(stream->settings.fd);
    if (window_bytes > stream->window_bytes) { /* it has read something: it is alive */
        stream->waiting_since_ns = clock_monotonic_ns();
    }
    stream->window_bytes = window_bytes;
    if (window_bytes > stream->largest_window_bytes) {
        stream->largest_window_bytes = window_bytes;
    }
    size_t part_bytes = frame_part(stream->frame).count;
    size_t most_bytes = stream->largest_window_bytes / 4 * 3; /* an open window is not always all open */
    if (window_bytes > 0 && window_bytes >= (part_bytes < most_bytes ? part_bytes : most_bytes)) {
        return true;
    }
    /* A kernel may never again open its window as wide as it once did: what we hope for shrinks while we wait. */
    stream->largest_window_bytes -= stream->largest_window_bytes / 64;
    return false;
}

/* Before the chosen frame is begun. ERR_BUSY: not now. */
static enum err await_room(struct stream *stream) {
    if (has_room(stream)) {
        stream->on_probation -= stream->on_probation > 0;
        stream->awaits_room = false;
        return ERR_OK;
    }
    stream->on_probation = PROBATION_FRAMES;
    if (!stream->awaits_room) {
        stream->awaits_room = true;
        stream->waiting_since_ns = clock_monotonic_ns();
    }
    return ERR_BUSY;
}

static void set_timer(struct stream *stream) {
    if (stream->awaits_room) {
        stream->timer_ns = clock_monotonic_ns() + LOOK_FOR_ROOM_NS;
        return;
    }
    bool for_display = stream->settings.repeat_for_display && !stream->was_repeated;
    int64_t wait_ns = stream->is_blocked ? STALLED_AFTER_NS : for_display ? REPEAT_FOR_DISPLAY_NS : KEEP_ALIVE_NS;
    stream->timer_ns = stream->last_progress_ns + wait_ns;
}

/* Sends whatever can be sent. */
static enum stream_verdict push(struct stream *stream) {
    enum err error = ERR_OK;
    while (error == ERR_OK) {
        bool has_begun = is_sending(stream) && stream->offset > 0;
        if (!has_begun && (error = choose_frame(stream)) == ERR_OK) {
            error = await_room(stream);
        }
        if (error == ERR_OK) {
            error = send_rest(stream);
        }
    }
    set_timer(stream);
    return error == ERR_BUSY ? STREAM_GOES_ON : STREAM_ENDS;
}

enum stream_verdict stream_on_news(struct channel *channel) {
    enqueue(channel);
    return channel->stream->is_blocked ? STREAM_GOES_ON : push(channel->stream);
}

enum stream_verdict stream_begin(struct stream *stream) {
    for (size_t i = 0; i < stream->settings.topic_count; i++) {
        enqueue(&stream->channels[i]);
    }
    return push(stream);
}

enum stream_verdict stream_on_writable(struct stream *stream) { return push(stream); }

enum stream_verdict stream_on_timer(struct stream *stream, int64_t now_ns) {
    if (stream->is_blocked || (stream->awaits_room && now_ns - stream->waiting_since_ns >= STALLED_AFTER_NS)) {
        return STREAM_ENDS;
    }
    if (stream->awaits_room) {
        return push(stream);
    }
    if (stream->frame != NULL) {
        stream->offset = 0;
        stream->is_repetition = true;
        stream->was_repeated = true;
    } else {
        stream->last_progress_ns = now_ns; /* nothing to repeat before the first frame */
    }
    return push(stream);
}
