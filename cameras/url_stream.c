#define _GNU_SOURCE /* RUSAGE_THREAD */
#include "cameras/url_stream.h"

#include "broker/clock.h"
#include "cameras/address.h"
#include "cameras/backlog.h"
#include "cameras/lag.h"
#include "cameras/url_picture.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define PICTURE_MAX_PIXELS (INT64_C(7680) * 4320)
/* Of a file without a rate of its own. */
#define USUAL_FPS 25
/* A recording that is this far from its schedule starts a new one: it stood still, or its clock jumped. */
#define SCHEDULE_LATE_NS (1 * NS_PER_S)
#define SCHEDULE_EARLY_NS (15 * NS_PER_S)

struct url_stream {
    struct url_link *link;
    AVFormatContext *demuxer;
    AVIOContext *io; /* ours, where the demuxer did not open it itself */
    int (*open_further)(AVFormatContext *, AVIOContext **, const char *, int, AVDictionary **);
    AVCodecContext *decoder; /* NULL: JPEG, which passes through */
    AVPacket *packet;
    AVFrame *picture;
    struct SwsContext *scaler;
    int video; /* index of the stream */
    bool is_recording, is_file;
    struct backlog backlog;
    struct lag lag;
    bool resumes_at_key; /* packets were left out, which those up to the next key frame build upon */
    /* When the frame of time 0 is due (monotonic); only recordings have a schedule. */
    int64_t schedule_ns;
    int64_t played; /* since then */
    bool scheduled;
    int64_t epoch_offset_us; /* from the stream's clock to the wall's; AV_NOPTS_VALUE: unknown */
};

/* ---- Opening ---- */

/* What a playlist leads to is held to the same rules. */
static int open_further(AVFormatContext *demuxer, AVIOContext **io, const char *url, int flags,
                        AVDictionary **options) {
    struct url_stream *stream = demuxer->opaque;
    url_link_options(stream->link, options);
    return stream->open_further(demuxer, io, url, flags, options);
}

static int open_demuxer(struct url_stream *stream) {
    struct url_link *link = stream->link;
    const struct url_settings *settings = &link->context->settings->url;
    AVDictionary *options = NULL;
    url_link_options(link, &options);
    av_dict_set(&options, "fflags", "nobuffer+discardcorrupt", 0);
    av_dict_set(&options, "probesize", "2000000", 0);
    av_dict_set(&options, "analyzeduration", "1000000", 0);
    av_dict_set(&options, "fpsprobesize", "0", 0);
    if (address_has_scheme(settings->url, "rtsp") || address_has_scheme(settings->url, "rtsps")) {
        av_dict_set(&options, "rtsp_transport", settings->transport == URL_TRANSPORT_UDP ? "udp" : "tcp", 0);
    }
    stream->demuxer->interrupt_callback = (AVIOInterruptCB){url_link_is_over, link};
    stream->demuxer->opaque = stream;
    stream->demuxer->pb = stream->io;
    stream->open_further = stream->demuxer->io_open;
    stream->demuxer->io_open = open_further;
    int result = avformat_open_input(&stream->demuxer, link->location, NULL, &options);
    av_dict_free(&options);
    return result;
}

/* RTSP tells its codecs before the first packet; looking at packets would only cost time. */
static bool is_described(const AVFormatContext *demuxer) {
    for (unsigned i = 0; i < demuxer->nb_streams; i++) {
        if (demuxer->streams[i]->codecpar->codec_id == AV_CODEC_ID_NONE) {
            return false;
        }
    }
    return demuxer->nb_streams > 0 && strcmp(demuxer->iformat->name, "rtsp") == 0;
}

static int find_video(struct url_stream *stream) {
    AVFormatContext *demuxer = stream->demuxer;
    if (!is_described(demuxer)) {
        int result = avformat_find_stream_info(demuxer, NULL);
        if (result < 0) {
            return result;
        }
    }
    stream->video = av_find_best_stream(demuxer, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (stream->video < 0) {
        return AVERROR_STREAM_NOT_FOUND;
    }
    for (int i = 0; i < (int)demuxer->nb_streams; i++) {
        if (i != stream->video) {
            demuxer->streams[i]->discard = AVDISCARD_ALL;
        }
    }
    return 0;
}

static int open_decoder(struct url_stream *stream) {
    const struct url_settings *settings = &stream->link->context->settings->url;
    const AVCodecParameters *parameters = stream->demuxer->streams[stream->video]->codecpar;
    if (parameters->codec_id == AV_CODEC_ID_MJPEG) {
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
    decoder->pkt_timebase = stream->demuxer->streams[stream->video]->time_base;
    decoder->thread_count = (int)settings->threads;
    decoder->thread_type = FF_THREAD_SLICE; /* threads a frame each would delay by as many frames */
    decoder->flags |= AV_CODEC_FLAG_LOW_DELAY;
    decoder->max_pixels = PICTURE_MAX_PIXELS;
    if (settings->keyframes_only) {
        decoder->skip_frame = AVDISCARD_NONKEY;
    }
    return avcodec_open2(decoder, codec, NULL);
}

static int open_all(struct url_stream *stream) {
    int result = open_demuxer(stream);
    if (result >= 0) {
        const char *format = stream->demuxer->iformat->name;
        stream->is_file = address_is_path(stream->link->context->settings->url.url);
        stream->is_recording = stream->is_file || strcmp(format, "hls") == 0;
        result = find_video(stream);
    }
    if (result >= 0) {
        result = open_decoder(stream);
    }
    return result;
}

enum err url_stream_open(struct url_link *link, AVIOContext *io, struct url_stream **out, struct reason *reason) {
    struct url_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        avio_closep(&io);
        return ERR_MEMORY;
    }
    stream->link = link;
    stream->io = io;
    stream->epoch_offset_us = AV_NOPTS_VALUE;
    stream->demuxer = avformat_alloc_context();
    stream->packet = av_packet_alloc();
    stream->picture = av_frame_alloc();
    enum err error = ERR_MEMORY;
    if (stream->demuxer != NULL && stream->packet != NULL && stream->picture != NULL) {
        int result = open_all(stream);
        error = result < 0 ? url_link_explain(link, result, reason) : ERR_OK;
    }
    if (error != ERR_OK) {
        url_stream_close(&stream);
        return error;
    }
    *out = stream;
    return ERR_OK;
}

void url_stream_close(struct url_stream **stream_pointer) {
    struct url_stream *stream = *stream_pointer;
    *stream_pointer = NULL;
    if (stream == NULL) {
        return;
    }
    sws_freeContext(stream->scaler);
    av_frame_free(&stream->picture);
    av_packet_free(&stream->packet);
    avcodec_free_context(&stream->decoder);
    avformat_close_input(&stream->demuxer);
    avio_closep(&stream->io);
    free(stream);
}

const char *url_stream_format(const struct url_stream *stream) {
    if (stream->decoder == NULL) {
        return frame_format_name(FRAME_JPEG);
    }
    return avcodec_get_name(stream->demuxer->streams[stream->video]->codecpar->codec_id);
}

/* ---- Times ---- */

static int64_t to_us(const struct url_stream *stream, int64_t timestamp) {
    const AVRational us = {1, 1000000};
    return timestamp == AV_NOPTS_VALUE
               ? AV_NOPTS_VALUE
               : av_rescale_q(timestamp, stream->demuxer->streams[stream->video]->time_base, us);
}

/* RTSP cameras tell in RTCP how their two clocks belong together. */
static void note_epoch(struct url_stream *stream) {
    size_t size;
    const uint8_t *data = av_packet_get_side_data(stream->packet, AV_PKT_DATA_PRFT, &size);
    int64_t pts_us = to_us(stream, stream->packet->pts);
    if (data != NULL && size >= sizeof(AVProducerReferenceTime) && pts_us != AV_NOPTS_VALUE) {
        AVProducerReferenceTime reference;
        memcpy(&reference, data, sizeof reference);
        stream->epoch_offset_us = reference.wallclock - pts_us;
    }
}

static int64_t frame_distance_ns(const struct url_stream *stream) {
    AVRational rate = stream->demuxer->streams[stream->video]->avg_frame_rate;
    return rate.num > 0 && rate.den > 0 ? av_rescale(NS_PER_S, rate.den, rate.num) : NS_PER_S / USUAL_FPS;
}

/* Blocks: until a recording's frame is due. */
static enum err wait_for_schedule(struct url_stream *stream, int64_t pts_us) {
    int64_t now_ns = clock_monotonic_ns();
    int64_t at_ns = pts_us != AV_NOPTS_VALUE ? pts_us * NS_PER_US : stream->played * frame_distance_ns(stream);
    int64_t due_ns = stream->schedule_ns + at_ns;
    stream->played++;
    if (!stream->scheduled || due_ns < now_ns - SCHEDULE_LATE_NS || due_ns > now_ns + SCHEDULE_EARLY_NS) {
        stream->scheduled = true;
        stream->schedule_ns = now_ns - at_ns;
        return ERR_OK;
    }
    const int64_t deadline_ns = stream->link->deadline_ns;
    enum err error = driver_sleep_until(stream->link->context, due_ns < deadline_ns ? due_ns : deadline_ns);
    return error == ERR_OK && due_ns > deadline_ns ? ERR_TIMEOUT : error;
}

/* ERR_BUSY: the frame is not to be shown. */
static enum err place_in_time(struct url_stream *stream, int64_t pts_us, uint64_t *lost) {
    if (stream->is_recording) {
        return wait_for_schedule(stream, pts_us);
    }
    if (backlog_is_late(&stream->backlog, clock_monotonic_ns())) {
        ++*lost;
        return ERR_BUSY;
    }
    return ERR_OK;
}

static void set_times(const struct url_stream *stream, struct frame *frame, int64_t pts_us) {
    struct frame_info *info = frame_edit_info(frame);
    info->state = STATE_LIVE;
    if (stream->epoch_offset_us != AV_NOPTS_VALUE && pts_us != AV_NOPTS_VALUE) {
        info->captured_realtime_ns = (stream->epoch_offset_us + pts_us) * NS_PER_US;
    }
}

/* ---- Reading ---- */

/* From the start again; the schedule goes on with the next frame. */
static int rewind_file(struct url_stream *stream) {
    int result = avformat_seek_file(stream->demuxer, -1, INT64_MIN, 0, INT64_MAX, 0);
    if (result < 0) {
        result = av_seek_frame(stream->demuxer, stream->video, 0, AVSEEK_FLAG_BYTE);
    }
    if (stream->decoder != NULL) {
        avcodec_flush_buffers(stream->decoder);
    }
    stream->schedule_ns = clock_monotonic_ns() + frame_distance_ns(stream);
    stream->played = 0;
    return result;
}

/* How often this thread has waited for something, unlike being interrupted by others. */
static long count_waits(void) {
    struct rusage usage;
    getrusage(RUSAGE_THREAD, &usage);
    return usage.ru_nvcsw;
}

/* The next packet of the video. *waited_ns: for how long it had to be waited for. */
static int read_packet(struct url_stream *stream, int64_t *waited_ns) {
    const bool loop = stream->is_file && stream->link->context->settings->url.loop;
    const int64_t began_ns = clock_monotonic_ns();
    const long waits = count_waits();
    bool rewound = false;
    for (;;) {
        av_packet_unref(stream->packet);
        int result = av_read_frame(stream->demuxer, stream->packet);
        if (result == AVERROR_EOF && loop && !rewound) {
            rewound = true;
            result = rewind_file(stream);
        } else if (result >= 0 && stream->packet->stream_index == stream->video) {
            note_epoch(stream);
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

/* Whether the packet is not even to be decoded, because what is decoded falls behind. */
static bool is_left_out(struct url_stream *stream, int64_t waited_ns) {
    const AVPacket *packet = stream->packet;
    const int64_t time_us = to_us(stream, packet->dts != AV_NOPTS_VALUE ? packet->dts : packet->pts);
    if (stream->is_recording || time_us == AV_NOPTS_VALUE) {
        return false;
    }
    if (lag_leaves_out(&stream->lag, time_us * NS_PER_US, clock_monotonic_ns(), waited_ns)) {
        stream->resumes_at_key = stream->decoder != NULL;
        return true;
    }
    if (stream->resumes_at_key && (packet->flags & AV_PKT_FLAG_KEY) != 0) {
        stream->resumes_at_key = false;
        avcodec_flush_buffers(stream->decoder);
    }
    return stream->resumes_at_key;
}

static enum err take_packet(struct url_stream *stream, struct frame **frame, uint64_t *lost) {
    const AVPacket *packet = stream->packet;
    int64_t pts_us = to_us(stream, packet->pts);
    enum err error = place_in_time(stream, pts_us, lost);
    if (error == ERR_OK) {
        error = frame_create(stream->link->context->pool, (size_t)packet->size, frame);
    }
    if (error == ERR_OK) {
        memcpy(frame_data(*frame), packet->data, (size_t)packet->size);
        frame_set_size(*frame, (size_t)packet->size);
        set_times(stream, *frame, pts_us);
    }
    return error;
}

static enum err take_picture(struct url_stream *stream, struct frame **frame, uint64_t *lost) {
    const struct source_settings *settings = stream->link->context->settings;
    int64_t pts_us = to_us(stream, stream->picture->best_effort_timestamp);
    enum err error = place_in_time(stream, pts_us, lost);
    if (error == ERR_OK) {
        error = url_picture_take(stream->link->context->pool, &stream->scaler, stream->picture, settings->width_px,
                                 settings->height_px, frame);
    }
    if (error == ERR_OK) {
        set_times(stream, *frame, pts_us);
    }
    return error;
}

/* ERR_BUSY: it takes more packets to make a picture. */
static enum err decode_packet(struct url_stream *stream, struct reason *reason) {
    const bool keyframes_only = stream->link->context->settings->url.keyframes_only;
    if (keyframes_only && (stream->packet->flags & AV_PKT_FLAG_KEY) == 0) {
        return ERR_BUSY;
    }
    int result = avcodec_send_packet(stream->decoder, stream->packet);
    if (result == AVERROR_INVALIDDATA) {
        reason_set(reason, "it does not decode");
        return ERR_INVALID;
    }
    return result < 0 && result != AVERROR(EAGAIN) ? url_link_explain(stream->link, result, reason) : ERR_BUSY;
}

static enum err read_once(struct url_stream *stream, struct frame **frame, uint64_t *lost, struct reason *reason) {
    if (stream->decoder != NULL && avcodec_receive_frame(stream->decoder, stream->picture) >= 0) {
        enum err error = take_picture(stream, frame, lost);
        av_frame_unref(stream->picture);
        return error;
    }
    int64_t waited_ns = 0;
    int result = read_packet(stream, &waited_ns);
    if (result == AVERROR_EOF && stream->is_file) {
        reason_set(reason, stream->link->context->settings->url.loop
                               ? "the file cannot begin again; single pictures are for the source type \"emulated\""
                               : "the file has ended; with \"loop\": true it would begin again at once");
        return ERR_GONE;
    }
    if (result < 0) {
        return url_link_explain(stream->link, result, reason);
    }
    if (is_left_out(stream, waited_ns)) {
        ++*lost;
        return ERR_BUSY;
    }
    return stream->decoder != NULL ? decode_packet(stream, reason) : take_packet(stream, frame, lost);
}

enum err url_stream_read(struct url_stream *stream, struct frame **frame, uint64_t *lost, struct reason *reason) {
    enum err error = ERR_BUSY;
    while (error == ERR_BUSY) {
        error = url_link_is_over(stream->link) ? url_link_explain(stream->link, AVERROR_EXIT, reason)
                                               : read_once(stream, frame, lost, reason);
    }
    return error;
}
