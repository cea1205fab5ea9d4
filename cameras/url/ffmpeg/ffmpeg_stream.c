#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "cameras/url/ffmpeg/ffmpeg_stream.h"

#include "broker/base/clock.h"
#include "broker/base/saturating.h"
#include "cameras/url/address.h"
#include "cameras/url/backlog.h"
#include "cameras/url/ffmpeg/ffmpeg_library.h"
#include "cameras/url/ffmpeg/lag.h"
#include "cameras/url/ffmpeg/url_demuxer.h"
#include "cameras/url/ffmpeg/url_picture.h"
#include "cameras/url/ffmpeg/url_schedule.h"

#include <libavcodec/avcodec.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PICTURE_MAX_PIXELS (INT64_C(7680) * 4320)
/* Of a file without a rate of its own. */
#define DEFAULT_FPS 25
/* A read that takes packets but makes no frame returns after this. */
#define REPORT_LIFE_NS (500 * NS_PER_MS)
#define TIME_UNKNOWN INT64_MIN

enum url_stream_state {
    STREAM_LIVE,     /* a live source: every packet counts */
    STREAM_SKIPPING, /* packets are dropped until the newest is reached ... */
    STREAM_RESUMING, /* ... and then until a key frame */
    STREAM_CUED,     /* a recording: its next frame starts the schedule */
    STREAM_PLAYING,  /* its frames are due by the schedule */
};

struct url_stream {
    struct url_link *link;
    struct url_demuxer demuxer;
    AVCodecContext *decoder; /* NULL: JPEG that passes through */
    AVPacket *packet;
    AVFrame *picture;
    struct SwsContext *scaler;
    enum url_stream_state state;
    /* Of a live source. */
    struct lag lag;
    struct backlog backlog;
    int64_t epoch_offset_ns; /* from the stream's clock to the wall's; TIME_UNKNOWN */
    /* Of a recording. */
    struct url_schedule schedule;
    int64_t cue_ns; /* monotonic; STREAM_CUED: when the next frame is due */
    int64_t played; /* frames since then */
    /* Of a file, since its begin. */
    bool has_packets; /* some were of its video */
    bool is_drained;  /* the decoder gives what it held back */
};

/* ---- Opening ---- */

static bool is_file(const struct url_stream *stream) { return url_link_is_file(stream->link); }

static bool is_recording(const struct url_stream *stream) {
    return stream->state == STREAM_CUED || stream->state == STREAM_PLAYING;
}

static const uint8_t *find_display_matrix(const AVStream *video, size_t *size) {
#if LIBAVFORMAT_VERSION_INT < AV_VERSION_INT(60, 15, 100)
    return av_stream_get_side_data(video, AV_PKT_DATA_DISPLAYMATRIX, size);
#else /* from FFmpeg 6.1 on */
    const AVCodecParameters *parameters = video->codecpar;
    const AVPacketSideData *side =
        av_packet_side_data_get(parameters->coded_side_data, parameters->nb_coded_side_data, AV_PKT_DATA_DISPLAYMATRIX);
    *size = side != NULL ? side->size : 0;
    return side != NULL ? side->data : NULL;
#endif
}

static bool is_jpeg(const struct url_stream *stream) {
    return stream->demuxer.video->codecpar->codec_id == AV_CODEC_ID_MJPEG;
}

/* JPEG passes through, unless the container or the codec says that it is shown in another shape, which viewers of the
 * JPEG would not know. */
static bool passes_through(const struct url_stream *stream) {
    const struct source_settings *source = stream->link->context->settings;
    AVStream *video = stream->demuxer.video;
    size_t size = 0;
    const uint8_t *matrix = find_display_matrix(video, &size);
    return is_jpeg(stream) && (source->width_px != 0 || source->height_px != 0 ||
                               url_picture_is_shown_as_stored(
                                   av_guess_sample_aspect_ratio(stream->demuxer.context, video, NULL), matrix, size));
}

static int open_decoder(struct url_stream *stream) {
    const struct url_settings *settings = url_link_settings(stream->link);
    const AVCodecParameters *parameters = stream->demuxer.video->codecpar;
    if (passes_through(stream)) {
        return 0;
    }
    const AVCodec *codec = avcodec_find_decoder(parameters->codec_id);
    if (codec == NULL) {
        return AVERROR_DECODER_NOT_FOUND;
    }
    AVCodecContext *decoder = stream->decoder = avcodec_alloc_context3(codec);
    if (decoder == NULL) {
        return AVERROR(ENOMEM);
    }
    int result = avcodec_parameters_to_context(decoder, parameters);
    if (result < 0) {
        return result;
    }
    decoder->pkt_timebase = stream->demuxer.video->time_base;
    decoder->thread_count = (int)settings->threads;
    decoder->thread_type = FF_THREAD_SLICE; /* frame threads delay by as many frames */
    decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    decoder->max_pixels = PICTURE_MAX_PIXELS;
    if (settings->frames == URL_FRAMES_KEYFRAMES) {
        decoder->skip_frame = AVDISCARD_NONKEY;
    }
    return avcodec_open2(decoder, codec, NULL);
}

static enum err open_stream(struct url_stream *stream, struct url_client *client, struct reason *reason) {
    enum err error = url_demuxer_open(&stream->demuxer, stream->link, client, reason);
    if (error != ERR_OK) {
        return error;
    }
    const bool is_playlist = strcmp(stream->demuxer.context->iformat->name, "hls") == 0;
    stream->state = is_file(stream) || is_playlist ? STREAM_CUED : STREAM_LIVE;
    int result = open_decoder(stream);
    return result < 0 ? ffmpeg_explain(stream->link, result, reason) : ERR_OK;
}

static void stream_close(struct url_stream **stream_pointer) {
    struct url_stream *stream = *stream_pointer;
    *stream_pointer = NULL;
    if (stream == NULL) {
        return;
    }
    sws_freeContext(stream->scaler);
    av_frame_free(&stream->picture);
    av_packet_free(&stream->packet);
    avcodec_free_context(&stream->decoder);
    url_demuxer_close(&stream->demuxer);
    free(stream);
}

static enum err stream_open(struct url_link *link, struct url_client *client, struct url_stream **out,
                            struct reason *reason) {
    ffmpeg_setup();
    struct url_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        url_client_destroy(&client);
        return ERR_MEMORY;
    }
    stream->link = link;
    stream->epoch_offset_ns = TIME_UNKNOWN;
    stream->packet = av_packet_alloc();
    stream->picture = av_frame_alloc();
    enum err error = open_stream(stream, client, reason);
    if (error == ERR_OK && (stream->packet == NULL || stream->picture == NULL)) {
        error = ERR_MEMORY;
    }
    if (error != ERR_OK) {
        stream_close(&stream);
        return error;
    }
    *out = stream;
    return ERR_OK;
}

static const char *stream_format(const struct url_stream *stream) {
    if (is_jpeg(stream)) {
        return frame_format_name(FRAME_JPEG);
    }
    return avcodec_get_name(stream->demuxer.video->codecpar->codec_id);
}

/* ---- Times ---- */

static int64_t rescale_time(int64_t time, AVRational unit) {
    bool is_known = time != AV_NOPTS_VALUE && unit.num > 0 && unit.den > 0;
    return is_known ? clock_scale_ns(time, unit.num, unit.den) : TIME_UNKNOWN;
}

static int64_t stream_time_ns(const struct url_stream *stream, int64_t timestamp) {
    return rescale_time(timestamp, stream->demuxer.video->time_base);
}

/* RTSP cameras report in RTCP which wall-clock time belongs to which of the stream's. */
static void note_epoch(struct url_stream *stream) {
    size_t size;
    const uint8_t *data = av_packet_get_side_data(stream->packet, AV_PKT_DATA_PRFT, &size);
    const int64_t time_ns = stream_time_ns(stream, stream->packet->pts);
    if (data != NULL && size >= sizeof(AVProducerReferenceTime) && time_ns != TIME_UNKNOWN) {
        AVProducerReferenceTime reference;
        memcpy(&reference, data, sizeof reference);
        const int64_t wall_ns = rescale_time(reference.wallclock, (AVRational){1, 1000000});
        stream->epoch_offset_ns = wall_ns != TIME_UNKNOWN ? subtract_i64(wall_ns, time_ns) : TIME_UNKNOWN;
    }
}

static void note_key_frame(const struct url_stream *stream) {
    if (stream->decoder != NULL && (stream->packet->flags & AV_PKT_FLAG_KEY) != 0) {
        source_facts_count_key_frame(stream->link->facts, clock_monotonic_ns());
    }
}

static int64_t frame_period_ns(const struct url_stream *stream) {
    AVRational rate = stream->demuxer.video->avg_frame_rate;
    return rate.num > 0 && rate.den > 0 ? clock_scale_ns(1, rate.den, rate.num) : NS_PER_S / DEFAULT_FPS;
}

static void set_capture_time(struct url_stream *stream, struct frame *frame, int64_t time_ns) {
    struct frame_info *info = frame_edit_info(frame);
    info->state = STATE_LIVE;
    if (stream->link->context->is_unpaced) {
        info->captured_monotonic_ns =
            time_ns != TIME_UNKNOWN ? time_ns : multiply_i64(stream->played, frame_period_ns(stream));
        stream->played++;
        return;
    }
    if (stream->epoch_offset_ns != TIME_UNKNOWN && time_ns != TIME_UNKNOWN) {
        info->captured_realtime_ns = add_i64(stream->epoch_offset_ns, time_ns);
    }
}

/* Blocks: until a recording's frame is due. */
static enum err wait_until_due(struct url_stream *stream, int64_t time_ns) {
    const int64_t now_ns = clock_monotonic_ns(), deadline_ns = stream->link->deadline_ns;
    if (time_ns == TIME_UNKNOWN) {
        time_ns = multiply_i64(stream->played, frame_period_ns(stream));
    }
    stream->played++;
    int64_t due_ns;
    if (stream->state == STREAM_CUED || !url_schedule_find(&stream->schedule, time_ns, now_ns, &due_ns)) {
        due_ns = max_i64(stream->cue_ns, now_ns);
        url_schedule_start(&stream->schedule, time_ns, due_ns);
        stream->state = STREAM_PLAYING;
    }
    enum err error = driver_sleep_until(stream->link->context, min_i64(due_ns, deadline_ns));
    return error == ERR_OK && due_ns > deadline_ns ? ERR_TIMEOUT : error;
}

/* Blocks: until the frame is due. ERR_BUSY: it is not to be shown. */
static enum err pace_frame(struct url_stream *stream, int64_t time_ns, uint64_t *lost) {
    if (stream->link->context->is_unpaced) {
        return ERR_OK;
    }
    if (is_recording(stream)) {
        return wait_until_due(stream, time_ns);
    }
    if (backlog_is_late(&stream->backlog, clock_monotonic_ns())) {
        ++*lost;
        return ERR_BUSY;
    }
    return ERR_OK;
}

/* ---- Reading ---- */

/* From the start again, after the last frame has been shown for its time. */
static int rewind_file(struct url_stream *stream) {
    int result = avformat_seek_file(stream->demuxer.context, -1, INT64_MIN, 0, INT64_MAX, 0);
    if (result < 0) {
        result = av_seek_frame(stream->demuxer.context, stream->demuxer.video->index, 0, AVSEEK_FLAG_BYTE);
    }
    if (stream->decoder != NULL) {
        avcodec_flush_buffers(stream->decoder);
    }
    stream->state = STREAM_CUED;
    stream->cue_ns = add_i64(clock_monotonic_ns(), frame_period_ns(stream));
    stream->played = 0;
    stream->has_packets = stream->is_drained = false;
    return result;
}

/* How often this thread has blocked by itself, unlike being preempted. */
static long count_waits(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

/* The next packet of the video. *waited_ns: for how long it blocked. */
static int read_packet(struct url_stream *stream, int64_t *waited_ns) {
    const int64_t began_ns = clock_monotonic_ns();
    const long waits = count_waits();
    for (;;) {
        av_packet_unref(stream->packet);
        int result = av_read_frame(stream->demuxer.context, stream->packet);
        if (result >= 0 && stream->packet->stream_index == stream->demuxer.video->index) {
            note_epoch(stream);
            note_key_frame(stream);
            stream->has_packets = true;
            *waited_ns = count_waits() > waits ? clock_monotonic_ns() - began_ns : 0;
            return 0;
        }
        if (result < 0 && result != AVERROR(EAGAIN)) {
            return result;
        }
        if (url_link_is_over(stream->link)) {
            return AVERROR_EXIT;
        }
    }
}

/* Whether the packet is not even decoded, because decoding lags behind. */
static bool skip_packet(struct url_stream *stream, int64_t waited_ns) {
    const AVPacket *packet = stream->packet;
    const int64_t time_ns = stream_time_ns(stream, packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts);
    if (is_recording(stream) || time_ns == TIME_UNKNOWN) {
        return false;
    }
    if (lag_leaves_out(&stream->lag, time_ns, clock_monotonic_ns(), waited_ns)) {
        stream->state = STREAM_SKIPPING;
    } else if (stream->state != STREAM_LIVE) {
        stream->state = STREAM_RESUMING;
        if (stream->decoder == NULL) {
            stream->state = STREAM_LIVE;
        } else if ((packet->flags & AV_PKT_FLAG_KEY) != 0) {
            stream->state = STREAM_LIVE;
            avcodec_flush_buffers(stream->decoder);
        }
    }
    return stream->state != STREAM_LIVE;
}

static enum err take_packet(struct url_stream *stream, struct frame **frame, uint64_t *lost) {
    const AVPacket *packet = stream->packet;
    int64_t time_ns = stream_time_ns(stream, packet->pts);
    enum err error = pace_frame(stream, time_ns, lost);
    if (error == ERR_OK) {
        error = frame_create(stream->link->context->pool, (size_t)packet->size, frame);
    }
    if (error == ERR_OK) {
        memcpy(frame_data(*frame), packet->data, (size_t)packet->size);
        frame_set_size(*frame, (size_t)packet->size);
        set_capture_time(stream, *frame, time_ns);
    }
    return error;
}

/* What the container says about the picture, where that itself does not. */
static enum err describe_picture(const struct url_stream *stream) {
    AVFrame *picture = stream->picture;
    AVStream *video = stream->demuxer.video;
    picture->sample_aspect_ratio = av_guess_sample_aspect_ratio(stream->demuxer.context, video, picture);
    size_t size = 0;
    const uint8_t *matrix = find_display_matrix(video, &size);
    if (matrix != NULL && av_frame_get_side_data(picture, AV_FRAME_DATA_DISPLAYMATRIX) == NULL) {
        AVFrameSideData *side = av_frame_new_side_data(picture, AV_FRAME_DATA_DISPLAYMATRIX, size);
        if (side == NULL) {
            return ERR_MEMORY;
        }
        memcpy(side->data, matrix, size);
    }
    return ERR_OK;
}

static enum err take_picture(struct url_stream *stream, struct frame **frame, uint64_t *lost) {
    const struct source_settings *settings = stream->link->context->settings;
    int64_t time_ns = stream_time_ns(stream, stream->picture->best_effort_timestamp);
    enum err error = pace_frame(stream, time_ns, lost);
    if (error == ERR_OK) {
        error = describe_picture(stream);
    }
    if (error == ERR_OK) {
        error = url_picture_take(stream->link->context->pool, &stream->scaler, stream->picture, settings->width_px,
                                 settings->height_px, frame);
    }
    if (error == ERR_OK) {
        set_capture_time(stream, *frame, time_ns);
    }
    return error;
}

/* ERR_BUSY: a picture takes more packets. */
static enum err decode_packet(struct url_stream *stream, struct reason *reason) {
    const bool keyframes_only = url_link_settings(stream->link)->frames == URL_FRAMES_KEYFRAMES;
    if (keyframes_only && (stream->packet->flags & AV_PKT_FLAG_KEY) == 0) {
        return ERR_BUSY;
    }
    int result = avcodec_send_packet(stream->decoder, stream->packet);
    if (result == AVERROR_INVALIDDATA) {
        reason_set(reason, "it does not decode");
        return ERR_INVALID;
    }
    return result < 0 && result != AVERROR(EAGAIN) ? ffmpeg_explain(stream->link, result, reason) : ERR_BUSY;
}

/* Behind the last packet of a file. ERR_BUSY: there is more, of the decoder or from the start again. */
static enum err end_file(struct url_stream *stream, struct reason *reason) {
    const bool loop = url_link_settings(stream->link)->loop;
    if (stream->decoder != NULL && !stream->is_drained) {
        stream->is_drained = true;
        avcodec_send_packet(stream->decoder, NULL);
        return ERR_BUSY;
    }
    if (loop && stream->has_packets) {
        const int result = rewind_file(stream);
        return result < 0 ? ffmpeg_explain(stream->link, result, reason) : ERR_BUSY;
    }
    reason_set(reason, loop ? "the file cannot be played again; single pictures are for the source type \"emulated\""
                            : "the file has ended; with \"loop\": true it begins again at once");
    return ERR_GONE;
}

static enum err read_step(struct url_stream *stream, struct frame **frame, uint64_t *lost, struct reason *reason) {
    if (stream->decoder != NULL && avcodec_receive_frame(stream->decoder, stream->picture) >= 0) {
        enum err error = take_picture(stream, frame, lost);
        av_frame_unref(stream->picture);
        return error;
    }
    int64_t waited_ns = 0;
    int result = read_packet(stream, &waited_ns);
    if (result == AVERROR_EOF && is_file(stream)) {
        return end_file(stream, reason);
    }
    if (result < 0) {
        return ffmpeg_explain(stream->link, result, reason);
    }
    if (skip_packet(stream, waited_ns)) {
        ++*lost;
        return ERR_BUSY;
    }
    return stream->decoder != NULL ? decode_packet(stream, reason) : take_packet(stream, frame, lost);
}

static enum err stream_read(struct url_stream *stream, struct frame **frame, uint64_t *lost, struct reason *reason) {
    const int64_t report_ns = clock_monotonic_ns() + REPORT_LIFE_NS;
    enum err error;
    do {
        error = url_link_is_over(stream->link) ? ffmpeg_explain(stream->link, AVERROR_EXIT, reason)
                                               : read_step(stream, frame, lost, reason);
    } while (error == ERR_BUSY && clock_monotonic_ns() < report_ns);
    return error;
}

const struct url_stream_ops ffmpeg_stream_ops = {
    .open = stream_open,
    .read = stream_read,
    .close = stream_close,
    .format = stream_format,
};
