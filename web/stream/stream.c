#include "web/stream/stream.h"

#include "broker/base/clock.h"
#include "broker/subscriber.h"
#include "broker/timing.h"
#include "web/stream/peer_window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A client that takes nothing for so long has left. */
#define STALLED_AFTER_NS (10 * NS_PER_S)
/* When a stream's time is over, the part that was begun must be taken in so long. */
#define FINISH_WITHIN_NS (10 * NS_PER_S)
/* A frame that no other follows for so long is sent again, to be shown. */
#define REPEAT_FOR_DISPLAY_NS (100 * NS_PER_MS)
/* A stream is never silent for longer, or proxies between us and the client would end it. */
#define KEEP_ALIVE_NS (15 * NS_PER_S)

/* How many frames in a row a client has to be quick for, at first and after each time that it was not. Until then a
 * frame is only begun when the client has room for it, so that it does not queue behind old ones on the client's side.
 */
#define PROBATION_FRAMES 30
/* A system call is given no further frame beyond so much. */
#define ENOUGH_BYTES ((size_t)64 << 10)
/* A window does not announce its opening: how often to look. */
#define LOOK_FOR_ROOM_NS (20 * NS_PER_MS)

enum err stream_init(struct stream *stream, const struct stream_settings *settings) {
    *stream = (struct stream){
        .settings = *settings, .open_channels = settings->topic_count, .on_probation = PROBATION_FRAMES};
    stream->channels = calloc(settings->topic_count, sizeof *stream->channels);
    if (stream->channels == NULL) {
        return ERR_MEMORY;
    }
    STAILQ_INIT(&stream->queue);
    int64_t interval_ns = settings->fps > 0 ? (int64_t)((double)NS_PER_S / settings->fps) : 0;
    for (size_t i = 0; i < settings->topic_count; i++) {
        stream->channels[i] =
            (struct channel){.stream = stream, .limiter.interval_ns = interval_ns, .last_captured_ns = INT64_MIN};
    }
    return ERR_OK;
}

void stream_finish(struct stream *stream) {
    for (size_t i = 0; i < stream->part_count; i++) {
        frame_unref(&stream->parts[i].frame);
    }
    frame_unref(&stream->last.frame);
    free(stream->channels);
}

/* ---- Subscribing ---- */

static enum err subscribe(struct channel *channel, struct topic *topic) {
    const struct stream_settings *settings = &channel->stream->settings;
    struct subscriber_settings subscription = {.remote = settings->remote, .route = settings->route, .user = channel};
    return subscriber_create(topic, channel->stream->inbox, &subscription, &channel->subscriber);
}

enum err stream_subscribe(struct stream *stream, struct inbox *inbox) {
    stream->inbox = inbox;
    enum err error = ERR_OK;
    for (size_t i = 0; i < stream->settings.topic_count && error == ERR_OK; i++) {
        error = subscribe(&stream->channels[i], stream->settings.topics[i]);
    }
    return error;
}

void stream_unsubscribe(struct stream *stream) {
    for (size_t i = 0; i < stream->settings.topic_count; i++) {
        subscriber_destroy(&stream->channels[i].subscriber);
    }
}

/* ---- The queue ---- */

static void enqueue(struct channel *channel) {
    if (!channel->waits) {
        channel->waits = true;
        STAILQ_INSERT_TAIL(&channel->stream->queue, channel, in_queue);
    }
}

/* NULL: none waits. */
static struct channel *dequeue(struct stream *stream) {
    struct channel *channel = STAILQ_FIRST(&stream->queue);
    if (channel != NULL) {
        channel->waits = false;
        STAILQ_REMOVE_HEAD(&stream->queue, in_queue);
    }
    return channel;
}

/* ---- Choosing and sending ---- */

/* Whether the client wants this frame, by the rate that it asked for. */
static bool is_wanted(struct channel *channel, const struct frame_info *info) {
    uint64_t skipped = channel->last_position != 0 ? info->position - channel->last_position - 1 : 0;
    channel->last_position = info->position;
    if (info->state != STATE_LIVE) {
        return true;
    }
    if (channel->is_continued && info->captured_realtime_ns <= channel->last_captured_ns) {
        return false; /* sent already, of the topic before */
    }
    channel->last_captured_ns = info->captured_realtime_ns;
    if (channel->limiter.interval_ns == 0) {
        return true;
    }
    uint64_t missed;
    bool wanted = rate_limiter_admits(&channel->limiter, info->captured_monotonic_ns, &missed);
    if (missed < skipped) { /* the others of them would not have been sent anyhow */
        subscriber_adjust_skipped(channel->subscriber, (int64_t)missed - (int64_t)skipped);
    }
    return wanted;
}

/* The topic is closed; those of other cameras go on, and so does this one where another topic continues it. */
static enum err close_channel(struct channel *channel) {
    subscriber_destroy(&channel->subscriber);
    struct topic *const *next_topics = channel->stream->settings.next_topics;
    struct topic *next =
        next_topics != NULL && !channel->is_continued ? next_topics[channel - channel->stream->channels] : NULL;
    if (next != NULL && subscribe(channel, next) == ERR_OK) {
        channel->is_continued = true;
        channel->last_position = 0;
        enqueue(channel);
        return ERR_BUSY;
    }
    channel->stream->open_channels--;
    return channel->stream->open_channels > 0 ? ERR_BUSY : ERR_CLOSED;
}

/* The newest frame, if the client has not had it and wants it. ERR_BUSY: there is none. ERR_CLOSED: nor will there be
 * any of any topic. */
static enum err take_wanted(struct channel *channel, struct frame **frame) {
    if (channel->subscriber == NULL) {
        return ERR_BUSY;
    }
    enum err error = subscriber_take(channel->subscriber, frame);
    if (error == ERR_CLOSED) {
        return close_channel(channel);
    }
    if (error == ERR_OK && !is_wanted(channel, frame_info(*frame))) {
        frame_unref(frame);
        error = ERR_BUSY;
    }
    return error;
}

static size_t part_bytes(const struct part *part) { return frame_part(part->frame).count; }

/* Frames that have not been begun give way to newer ones of their topics. */
static enum err refresh_parts(struct stream *stream) {
    for (size_t i = 0; i < stream->part_count; i++) {
        struct part *part = &stream->parts[i];
        struct frame *newest;
        enum err error = take_wanted(part->channel, &newest);
        if (error == ERR_OK) {
            subscriber_adjust_skipped(part->channel->subscriber, 1);
            frame_unref(&part->frame);
            part->frame = newest;
        } else if (error != ERR_BUSY) {
            return error;
        }
    }
    return ERR_OK;
}

/* Adds those whose turn it is: one at a time while the client is on probation. */
static enum err add_parts(struct stream *stream) {
    size_t max = stream->on_probation > 0 ? 1 : STREAM_PARTS_MAX;
    size_t bytes = 0;
    for (size_t i = 0; i < stream->part_count; i++) {
        bytes += part_bytes(&stream->parts[i]);
    }
    struct channel *channel;
    while (stream->part_count < max && bytes < ENOUGH_BYTES && (channel = dequeue(stream)) != NULL) {
        struct frame *newest;
        enum err error = take_wanted(channel, &newest);
        if (error == ERR_OK) {
            stream->parts[stream->part_count++] = (struct part){.frame = newest, .channel = channel};
            bytes += frame_part(newest).count;
        } else if (error != ERR_BUSY) {
            return error;
        }
    }
    return ERR_OK;
}

/* Makes the frames whose turn it is the ones to send; none is begun. ERR_BUSY: there is nothing to send. */
static enum err choose_parts(struct stream *stream) {
    enum err error = refresh_parts(stream);
    if (error == ERR_OK) {
        error = add_parts(stream);
    }
    bool has_nothing = stream->part_count == 0 && (stream->state == STREAM_QUIET || stream->state == STREAM_REPEATED);
    return error == ERR_OK && has_nothing ? ERR_BUSY : error;
}

static const struct part *next_part(const struct stream *stream) {
    return stream->part_count > 0 ? &stream->parts[0] : &stream->last;
}

static void enter_state(struct stream *stream, enum stream_state state) {
    stream->state = state;
    stream->state_since_ns = clock_monotonic_ns();
}

/* The socket has just taken the last of a frame. What was published before the client came says nothing. */
static void time_delivery(const struct stream *stream, const struct frame *frame) {
    const struct frame_info *info = frame_info(frame);
    if (info->state == STATE_LIVE && info->published_monotonic_ns >= stream->begun_ns) {
        timing_observe(TIMING_DELIVERY, stream->state_since_ns - info->published_monotonic_ns);
    }
}

static void count_part(const struct part *part, unsigned frames) {
    if (part->channel->subscriber != NULL) {
        subscriber_count_sent(part->channel->subscriber, frames, part_bytes(part));
    }
}

/* The socket has taken so many bytes of the last frame, which is sent again. */
static void advance_repetition(struct stream *stream, size_t bytes) {
    stream->offset += bytes;
    if (stream->offset >= part_bytes(&stream->last)) {
        stream->offset = 0;
        stream->state = STREAM_REPEATED;
        count_part(&stream->last, 0);
    }
}

/* The socket has taken so many bytes of the parts. */
static void advance_parts(struct stream *stream, size_t bytes) {
    stream->offset += bytes;
    size_t done = 0;
    while (done < stream->part_count && stream->offset >= part_bytes(&stream->parts[done])) {
        struct part *part = &stream->parts[done++];
        stream->offset -= part_bytes(part);
        count_part(part, 1);
        part->channel->has_shown |= frame_info(part->frame)->state == STATE_LIVE;
        time_delivery(stream, part->frame);
        frame_unref(&stream->last.frame);
        stream->last = *part;
    }
    stream->part_count -= done;
    memmove(stream->parts, stream->parts + done, stream->part_count * sizeof stream->parts[0]);
    if (stream->part_count == 0) {
        stream->state = STREAM_QUIET;
    }
}

/* The rest of a part that was begun goes alone, so that those behind it can still give way to newer ones. */
static size_t fill_pieces(const struct stream *stream, struct iovec views[STREAM_PARTS_MAX]) {
    size_t count = stream->offset > 0 || stream->on_probation > 0 || stream->part_count == 0 ? 1 : stream->part_count;
    size_t offset = stream->offset;
    const struct part *parts = next_part(stream);
    for (size_t i = 0; i < count; i++) {
        struct span part = frame_part(parts[i].frame);
        views[i] = (struct iovec){.iov_base = (void *)(uintptr_t)(part.bytes + offset), .iov_len = part.count - offset};
        offset = 0;
    }
    return count;
}

/* Sends some of the parts. ERR_BUSY: the socket takes no more for now; ERR_CLOSED: the client has gone. */
static enum err send_parts(struct stream *stream) {
    struct iovec views[STREAM_PARTS_MAX];
    struct msghdr message = {.msg_iov = views, .msg_iovlen = fill_pieces(stream, views)};
    ssize_t sent = sendmsg(stream->settings.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
        enter_state(stream, STREAM_SENDING);
        stream->window_bytes -= (size_t)sent < stream->window_bytes ? (size_t)sent : stream->window_bytes;
        (stream->part_count > 0 ? advance_parts : advance_repetition)(stream, (size_t)sent);
        return ERR_OK;
    }
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        if (stream->state != STREAM_BLOCKED) {
            enter_state(stream, STREAM_BLOCKED);
            stream->on_probation = PROBATION_FRAMES;
        }
        return ERR_BUSY;
    }
    return sent < 0 && errno == EINTR ? ERR_OK : ERR_CLOSED;
}

/* Whether the client has read most of what it was sent, so that the next frame finds room. */
static bool has_room(struct stream *stream) {
    if (stream->on_probation == 0) {
        return true;
    }
    const size_t needed_bytes = part_bytes(next_part(stream));
    if (stream->window_bytes >= needed_bytes) {
        return true; /* and no system call: a window's end does not move back (RFC 9293, 3.8.6) */
    }
    size_t window_bytes = peer_window_bytes(stream->settings.fd);
    if (window_bytes > stream->window_bytes && stream->state == STREAM_AWAITS_ROOM) {
        stream->state_since_ns = clock_monotonic_ns(); /* it has read something: it is alive */
    }
    stream->window_bytes = window_bytes;
    if (window_bytes > stream->largest_window_bytes) {
        stream->largest_window_bytes = window_bytes;
    }
    size_t enough_bytes = stream->largest_window_bytes / 4 * 3; /* an open window is not always all open */
    return window_bytes > 0 && window_bytes >= (needed_bytes < enough_bytes ? needed_bytes : enough_bytes);
}

/* Before a frame is begun. ERR_BUSY: not now. The first of a topic has no old one ahead of it, and need not wait. */
static enum err await_room(struct stream *stream) {
    if (has_room(stream)) {
        stream->on_probation -= stream->on_probation > 0;
        return ERR_OK;
    }
    if (!next_part(stream)->channel->has_shown) {
        return ERR_OK;
    }
    /* A kernel may never again open its window as wide as it once did: what we hope for shrinks while we wait. */
    stream->largest_window_bytes -= stream->largest_window_bytes / 64;
    stream->on_probation = PROBATION_FRAMES;
    if (stream->state != STREAM_AWAITS_ROOM) {
        enter_state(stream, STREAM_AWAITS_ROOM);
    }
    return ERR_BUSY;
}

/* Its time is over between two parts; within one, the client has a while to take the rest. */
static int64_t end_ns(const struct stream *stream) {
    int64_t until_ns = stream->settings.until_ns;
    if (until_ns == 0) {
        return CLOCK_NEVER;
    }
    return until_ns + (stream->offset > 0 ? FINISH_WITHIN_NS : 0);
}

static bool is_over(const struct stream *stream) {
    return stream->settings.until_ns != 0 && clock_monotonic_ns() >= end_ns(stream);
}

static int64_t next_timer_ns(const struct stream *stream) {
    switch (stream->state) {
    case STREAM_AWAITS_ROOM: return clock_monotonic_ns() + LOOK_FOR_ROOM_NS;
    case STREAM_BLOCKED: return stream->state_since_ns + STALLED_AFTER_NS;
    case STREAM_QUIET:
        return stream->state_since_ns + (stream->settings.repeat_for_display ? REPEAT_FOR_DISPLAY_NS : KEEP_ALIVE_NS);
    default: return stream->state_since_ns + KEEP_ALIVE_NS;
    }
}

static enum stream_verdict go_on(struct stream *stream) {
    int64_t timer_ns = next_timer_ns(stream), over_ns = end_ns(stream);
    stream->timer_ns = timer_ns < over_ns ? timer_ns : over_ns;
    return STREAM_GOES_ON;
}

static enum stream_verdict mark_ended(struct stream *stream) {
    stream->state = STREAM_OVER;
    stream->timer_ns = 0;
    return STREAM_ENDS;
}

/* Sends whatever can be sent. */
static enum stream_verdict push(struct stream *stream) {
    enum err error = stream->state != STREAM_OVER ? ERR_OK : ERR_CLOSED;
    while (error == ERR_OK) {
        if (is_over(stream)) {
            return mark_ended(stream);
        }
        if (stream->offset == 0 && (error = choose_parts(stream)) == ERR_OK) {
            error = await_room(stream);
        }
        if (error == ERR_OK) {
            error = send_parts(stream);
        }
    }
    return error == ERR_BUSY ? go_on(stream) : mark_ended(stream);
}

void stream_note_news(struct channel *channel) { enqueue(channel); }

enum stream_verdict stream_send_news(struct stream *stream) {
    return stream->state == STREAM_BLOCKED ? STREAM_GOES_ON : push(stream);
}

enum stream_verdict stream_begin(struct stream *stream) {
    stream->begun_ns = stream->state_since_ns = clock_monotonic_ns();
    for (size_t i = 0; i < stream->settings.topic_count; i++) {
        enqueue(&stream->channels[i]);
    }
    return push(stream);
}

enum stream_verdict stream_on_writable(struct stream *stream) { return push(stream); }

static bool has_stalled(const struct stream *stream, int64_t now_ns) {
    bool waits = stream->state == STREAM_BLOCKED || stream->state == STREAM_AWAITS_ROOM;
    return waits && now_ns - stream->state_since_ns >= STALLED_AFTER_NS;
}

enum stream_verdict stream_on_timer(struct stream *stream, int64_t now_ns) {
    if (now_ns >= end_ns(stream) || has_stalled(stream, now_ns)) {
        return mark_ended(stream);
    }
    if (stream->state == STREAM_QUIET || stream->state == STREAM_REPEATED) {
        bool can_repeat = stream->last.frame != NULL && stream->last.channel->subscriber != NULL;
        stream->state = can_repeat ? STREAM_SENDING : stream->state;
        stream->state_since_ns = now_ns; /* nothing to repeat: before the first frame, or of a closed topic */
    }
    return push(stream);
}
