#include "web/stream.h"

#include "broker/clock.h"
#include "broker/timing.h"
#include "web/peer_window.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

/* A client that takes nothing for so long is gone. */
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
    int64_t interval_ns = settings->fps > 0 ? (int64_t)((double)NS_PER_S / settings->fps) : 0;
    for (size_t i = 0; i < settings->topic_count; i++) {
        stream->channels[i] = (struct channel){.stream = stream, .pace.interval_ns = interval_ns};
    }
    lock_init(&stream->lock);
    condition_init(&stream->ended);
    return ERR_OK;
}

void stream_finish(struct stream *stream) {
    for (size_t i = 0; i < stream->part_count; i++) {
        frame_unref(&stream->parts[i].frame);
    }
    frame_unref(&stream->last.frame);
    condition_finish(&stream->ended);
    lock_finish(&stream->lock);
    free(stream->channels);
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

/* The topic is gone; those of other cameras go on. */
static enum err close_channel(struct channel *channel) {
    subscriber_destroy(&channel->subscriber);
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
    size_t most = stream->on_probation > 0 ? 1 : STREAM_PARTS_MAX;
    size_t bytes = 0;
    for (size_t i = 0; i < stream->part_count; i++) {
        bytes += part_bytes(&stream->parts[i]);
    }
    struct channel *channel;
    while (stream->part_count < most && bytes < ENOUGH_BYTES && (channel = dequeue(stream)) != NULL) {
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

static void repeat_last(struct stream *stream) {
    stream->parts[0] = stream->last;
    stream->last.frame = NULL;
    stream->part_count = 1;
    stream->is_repetition = true;
}

static void withdraw_repetition(struct stream *stream) {
    stream->last = stream->parts[0];
    stream->part_count = 0;
    stream->is_repetition = false;
}

/* Makes the frames whose turn it is the ones to send; none is begun. ERR_BUSY: there is nothing to send. */
static enum err choose_parts(struct stream *stream) {
    bool was_repetition = stream->is_repetition;
    if (was_repetition) {
        withdraw_repetition(stream);
    }
    enum err error = refresh_parts(stream);
    if (error == ERR_OK) {
        error = add_parts(stream);
    }
    if (error == ERR_OK && stream->part_count == 0 && was_repetition) {
        repeat_last(stream);
    }
    return error == ERR_OK && stream->part_count == 0 ? ERR_BUSY : error;
}

/* The socket has just taken the last of a frame. What was published before the client came says nothing. */
static void time_delivery(const struct stream *stream, const struct frame *frame) {
    const struct frame_info *info = frame_info(frame);
    if (!stream->is_repetition && info->state == STATE_LIVE && info->published_monotonic_ns >= stream->begun_ns) {
        timing_observe(TIMING_DELIVERY, stream->last_progress_ns - info->published_monotonic_ns);
    }
}

/* The socket has taken so many bytes of the parts. */
static void advance(struct stream *stream, size_t bytes) {
    stream->offset += bytes;
    size_t done = 0;
    while (done < stream->part_count && stream->offset >= part_bytes(&stream->parts[done])) {
        struct part *part = &stream->parts[done++];
        stream->offset -= part_bytes(part);
        if (part->channel->subscriber != NULL) {
            subscriber_count_sent(part->channel->subscriber, stream->is_repetition ? 0 : 1, part_bytes(part));
        }
        time_delivery(stream, part->frame);
        frame_unref(&stream->last.frame);
        stream->last = *part;
        stream->was_repeated = stream->is_repetition;
        stream->is_repetition = false;
    }
    stream->part_count -= done;
    memmove(stream->parts, stream->parts + done, stream->part_count * sizeof stream->parts[0]);
}

/* The rest of a part that was begun goes alone, so that those behind it can still give way to newer ones. */
static size_t fill_pieces(const struct stream *stream, struct iovec pieces[STREAM_PARTS_MAX]) {
    size_t count = stream->offset > 0 || stream->on_probation > 0 ? 1 : stream->part_count;
    size_t offset = stream->offset;
    for (size_t i = 0; i < count; i++) {
        struct span part = frame_part(stream->parts[i].frame);
        pieces[i] =
            (struct iovec){.iov_base = (void *)(uintptr_t)(part.bytes + offset), .iov_len = part.count - offset};
        offset = 0;
    }
    return count;
}

/* Sends some of the parts. ERR_BUSY: the socket takes no more for now; ERR_CLOSED: the client has gone. */
static enum err send_parts(struct stream *stream) {
    struct iovec pieces[STREAM_PARTS_MAX];
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = fill_pieces(stream, pieces)};
    ssize_t sent = sendmsg(stream->settings.fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
        stream->last_progress_ns = clock_monotonic_ns();
        stream->is_blocked = false;
        advance(stream, (size_t)sent);
        return ERR_OK;
    }
    if (sent < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        if (!stream->is_blocked) {
            stream->is_blocked = true;
            stream->on_probation = PROBATION_FRAMES;
            stream->last_progress_ns = clock_monotonic_ns();
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
    size_t window_bytes = peer_window_bytes(stream->settings.fd);
    if (window_bytes > stream->window_bytes) { /* it has read something: it is alive */
        stream->waiting_since_ns = clock_monotonic_ns();
    }
    stream->window_bytes = window_bytes;
    if (window_bytes > stream->largest_window_bytes) {
        stream->largest_window_bytes = window_bytes;
    }
    size_t needed_bytes = part_bytes(&stream->parts[0]);
    size_t most_bytes = stream->largest_window_bytes / 4 * 3; /* an open window is not always all open */
    if (window_bytes > 0 && window_bytes >= (needed_bytes < most_bytes ? needed_bytes : most_bytes)) {
        return true;
    }
    /* A kernel may never again open its window as wide as it once did: what we hope for shrinks while we wait. */
    stream->largest_window_bytes -= stream->largest_window_bytes / 64;
    return false;
}

/* Before a frame is begun. ERR_BUSY: not now. */
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
    if (stream->awaits_room) {
        return clock_monotonic_ns() + LOOK_FOR_ROOM_NS;
    }
    bool for_display = stream->settings.repeat_for_display && !stream->was_repeated;
    int64_t wait_ns = stream->is_blocked ? STALLED_AFTER_NS : for_display ? REPEAT_FOR_DISPLAY_NS : KEEP_ALIVE_NS;
    return stream->last_progress_ns + wait_ns;
}

static void set_timer(struct stream *stream) {
    int64_t timer_ns = next_timer_ns(stream), over_ns = end_ns(stream);
    stream->timer_ns = timer_ns < over_ns ? timer_ns : over_ns;
}

/* Sends whatever can be sent. */
static enum stream_verdict push(struct stream *stream) {
    enum err error = ERR_OK;
    while (error == ERR_OK) {
        if (is_over(stream)) {
            return STREAM_ENDS;
        }
        if (stream->offset == 0 && (error = choose_parts(stream)) == ERR_OK) {
            error = await_room(stream);
        }
        if (error == ERR_OK) {
            error = send_parts(stream);
        }
    }
    set_timer(stream);
    return error == ERR_BUSY ? STREAM_GOES_ON : STREAM_ENDS;
}

void stream_note_news(struct channel *channel) { enqueue(channel); }

enum stream_verdict stream_send_news(struct stream *stream) {
    return stream->is_blocked ? STREAM_GOES_ON : push(stream);
}

enum stream_verdict stream_begin(struct stream *stream) {
    for (size_t i = 0; i < stream->settings.topic_count; i++) {
        enqueue(&stream->channels[i]);
    }
    return push(stream);
}

enum stream_verdict stream_on_writable(struct stream *stream) { return push(stream); }

enum stream_verdict stream_on_timer(struct stream *stream, int64_t now_ns) {
    if (now_ns >= end_ns(stream) || stream->is_blocked ||
        (stream->awaits_room && now_ns - stream->waiting_since_ns >= STALLED_AFTER_NS)) {
        return STREAM_ENDS;
    }
    if (stream->awaits_room) {
        return push(stream);
    }
    if (stream->last.frame != NULL && stream->last.channel->subscriber != NULL) {
        repeat_last(stream);
    } else {
        stream->last_progress_ns = now_ns; /* nothing to repeat: before the first frame, or of a camera that is gone */
    }
    return push(stream);
}
