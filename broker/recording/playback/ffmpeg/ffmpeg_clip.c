/* The module's side of broker/recording/playback/clip_muxer.h. */
#include "broker/base/module.h"
#include "broker/base/saturating.h"
#include "broker/recording/playback/clip_muxer.h"

#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
#include <stdlib.h>
#include <string.h>

#define IO_BYTES ((size_t)64 << 10)
/* Matroska's own; a multiple of what MP4 needs. */
#define TICKS_PER_S 1000
#define NS_PER_TICK (INT64_C(1000000000) / TICKS_PER_S)
#define GOP_FRAMES 60

struct clip_muxer {
    struct clip_muxer_settings settings;
    AVFormatContext *format;
    AVStream *stream;
    bool has_head;
    int64_t last_ticks; /* of the picture before; -1: none */
    AVPacket *packet;
    /* Of MP4: */
    AVCodecContext *decoder, *encoder;
    AVFrame *decoded, *scaled;
    struct SwsContext *scaler;
};

static enum err fail(int averror, const char *what, struct reason *reason) {
    char words[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(averror, words, sizeof words);
    reason_set(reason, "%s: %s", what, words);
    return averror == AVERROR(ENOMEM) ? ERR_MEMORY : averror == AVERROR_EXIT ? ERR_CLOSED : ERR_INVALID;
}

#if LIBAVFORMAT_VERSION_MAJOR < 61
typedef uint8_t written_byte;
#else /* from FFmpeg 7 on */
typedef const uint8_t written_byte;
#endif

static int write_bytes(void *user, written_byte *bytes, int count) {
    const struct clip_muxer *muxer = user;
    return muxer->settings.write(muxer->settings.user, bytes, (size_t)count) ? count : AVERROR_EXIT;
}

static void muxer_close(struct clip_muxer **muxer_pointer) {
    struct clip_muxer *muxer = *muxer_pointer;
    *muxer_pointer = NULL;
    if (muxer == NULL) {
        return;
    }
    sws_freeContext(muxer->scaler);
    av_frame_free(&muxer->scaled);
    av_frame_free(&muxer->decoded);
    avcodec_free_context(&muxer->encoder);
    avcodec_free_context(&muxer->decoder);
    av_packet_free(&muxer->packet);
    if (muxer->format != NULL && muxer->format->pb != NULL) {
        av_freep(&muxer->format->pb->buffer);
        avio_context_free(&muxer->format->pb);
    }
    avformat_free_context(muxer->format);
    free(muxer);
}

static bool allocate(struct clip_muxer *muxer) {
    const char *name = muxer->settings.is_mp4 ? "mp4" : "matroska";
    uint8_t *buffer = av_malloc(IO_BYTES);
    muxer->packet = av_packet_alloc();
    muxer->decoded = av_frame_alloc();
    if (buffer == NULL || muxer->packet == NULL || muxer->decoded == NULL ||
        avformat_alloc_output_context2(&muxer->format, NULL, name, NULL) < 0) {
        av_free(buffer);
        return false;
    }
    muxer->format->pb = avio_alloc_context(buffer, (int)IO_BYTES, 1, muxer, NULL, write_bytes, NULL);
    if (muxer->format->pb == NULL) {
        av_free(buffer);
        return false;
    }
    muxer->format->pb->seekable = 0;
    muxer->format->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_FLUSH_PACKETS;
    muxer->stream = avformat_new_stream(muxer->format, NULL);
    return muxer->stream != NULL;
}

static enum err muxer_open(const struct clip_muxer_settings *settings, struct clip_muxer **out, struct reason *reason) {
    if (settings->is_mp4 && avcodec_find_encoder_by_name("libx264") == NULL) {
        reason_set(reason, "this build of FFmpeg cannot encode H.264: ask for format=mkv");
        return ERR_UNSUPPORTED;
    }
    struct clip_muxer *muxer = calloc(1, sizeof *muxer);
    if (muxer == NULL) {
        return ERR_MEMORY;
    }
    muxer->settings = *settings;
    muxer->last_ticks = -1;
    if (!allocate(muxer)) {
        muxer_close(&muxer);
        return ERR_MEMORY;
    }
    *out = muxer;
    return ERR_OK;
}

/* ---- The head, once the first picture is known ---- */

static enum err open_decoder(struct clip_muxer *muxer, struct reason *reason) {
    const AVCodec *codec = avcodec_find_decoder(AV_CODEC_ID_MJPEG);
    muxer->decoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (muxer->decoder == NULL) {
        return ERR_MEMORY;
    }
    muxer->decoder->thread_count = 1;
    int result = avcodec_open2(muxer->decoder, codec, NULL);
    return result < 0 ? fail(result, "the pictures cannot be decoded", reason) : ERR_OK;
}

/* Decodes a picture into muxer->decoded. */
static enum err decode(struct clip_muxer *muxer, struct span jpeg, struct reason *reason) {
    int result = av_new_packet(muxer->packet, (int)jpeg.count);
    if (result >= 0) {
        memcpy(muxer->packet->data, jpeg.bytes, jpeg.count);
        result = avcodec_send_packet(muxer->decoder, muxer->packet);
        av_packet_unref(muxer->packet);
    }
    if (result >= 0) {
        result = avcodec_receive_frame(muxer->decoder, muxer->decoded);
    }
    return result < 0 ? fail(result, "a picture cannot be decoded", reason) : ERR_OK;
}

static enum err open_encoder(struct clip_muxer *muxer, struct reason *reason) {
    const AVCodec *codec = avcodec_find_encoder_by_name("libx264");
    AVCodecContext *encoder = muxer->encoder = codec != NULL ? avcodec_alloc_context3(codec) : NULL;
    if (encoder == NULL) {
        return ERR_MEMORY;
    }
    encoder->width = (muxer->decoded->width + 1) & ~1;
    encoder->height = (muxer->decoded->height + 1) & ~1;
    encoder->pix_fmt = AV_PIX_FMT_YUV420P;
    encoder->color_range = AVCOL_RANGE_MPEG;
    encoder->time_base = (AVRational){1, TICKS_PER_S};
    encoder->gop_size = GOP_FRAMES;
    encoder->max_b_frames = 0;
    encoder->thread_count = 1;
    encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    av_opt_set(encoder->priv_data, "preset", "veryfast", 0);
    av_opt_set(encoder->priv_data, "tune", "zerolatency", 0);
    av_opt_set(encoder->priv_data, "crf", "23", 0);
    int result = avcodec_open2(encoder, codec, NULL);
    if (result < 0) {
        return fail(result, "H.264 cannot be encoded", reason);
    }
    result = avcodec_parameters_from_context(muxer->stream->codecpar, encoder);
    return result < 0 ? fail(result, "H.264 cannot be encoded", reason) : ERR_OK;
}

static enum err write_head(struct clip_muxer *muxer, struct span jpeg, struct reason *reason) {
    enum err error = open_decoder(muxer, reason);
    if (error == ERR_OK) {
        error = decode(muxer, jpeg, reason);
    }
    if (error == ERR_OK && muxer->settings.is_mp4) {
        error = open_encoder(muxer, reason);
    }
    if (error != ERR_OK) {
        return error;
    }
    AVCodecParameters *parameters = muxer->stream->codecpar;
    if (!muxer->settings.is_mp4) {
        parameters->codec_type = AVMEDIA_TYPE_VIDEO;
        parameters->codec_id = AV_CODEC_ID_MJPEG;
        parameters->width = muxer->decoded->width;
        parameters->height = muxer->decoded->height;
    }
    muxer->stream->time_base = (AVRational){1, TICKS_PER_S};
    AVDictionary *options = NULL;
    av_dict_set(&options, "movflags", "frag_keyframe+empty_moov+default_base_moof", 0);
    av_dict_set(&options, "live", "1", 0); /* Matroska: without an index at the end */
    int result = avformat_write_header(muxer->format, &options);
    av_dict_free(&options);
    muxer->has_head = result >= 0;
    return result < 0 ? fail(result, "the clip cannot be started", reason) : ERR_OK;
}

/* ---- Pictures ---- */

static enum err write_packet(struct clip_muxer *muxer, struct reason *reason) {
    muxer->packet->stream_index = 0;
    av_packet_rescale_ts(muxer->packet, (AVRational){1, TICKS_PER_S}, muxer->stream->time_base);
    int result = av_write_frame(muxer->format, muxer->packet);
    av_packet_unref(muxer->packet);
    if (result >= 0 && muxer->format->pb->error < 0) {
        result = muxer->format->pb->error;
    }
    return result < 0 ? fail(result, "the clip cannot be written", reason) : ERR_OK;
}

static enum err add_jpeg(struct clip_muxer *muxer, struct span jpeg, int64_t ticks, struct reason *reason) {
    int result = av_new_packet(muxer->packet, (int)jpeg.count);
    if (result < 0) {
        return fail(result, "the clip cannot be written", reason);
    }
    memcpy(muxer->packet->data, jpeg.bytes, jpeg.count);
    muxer->packet->pts = muxer->packet->dts = ticks;
    muxer->packet->flags |= AV_PKT_FLAG_KEY;
    return write_packet(muxer, reason);
}

/* Passes on what the encoder has. */
static enum err drain(struct clip_muxer *muxer, struct reason *reason) {
    enum err error = ERR_OK;
    while (error == ERR_OK && avcodec_receive_packet(muxer->encoder, muxer->packet) >= 0) {
        error = write_packet(muxer, reason);
    }
    return error;
}

/* The decoded picture as the encoder takes it. */
static enum err scale(struct clip_muxer *muxer, struct reason *reason) {
    const AVCodecContext *encoder = muxer->encoder;
    AVFrame *decoded = muxer->decoded;
    muxer->scaler =
        sws_getCachedContext(muxer->scaler, decoded->width, decoded->height, decoded->format, encoder->width,
                             encoder->height, encoder->pix_fmt, SWS_BILINEAR, NULL, NULL, NULL);
    if (muxer->scaler == NULL) {
        reason_set(reason, "a picture cannot be converted");
        return ERR_UNSUPPORTED;
    }
    av_frame_free(&muxer->scaled);
    AVFrame *scaled = muxer->scaled = av_frame_alloc();
    if (scaled == NULL) {
        return ERR_MEMORY;
    }
    scaled->width = encoder->width;
    scaled->height = encoder->height;
    scaled->format = encoder->pix_fmt;
    int result = av_frame_get_buffer(scaled, 0);
    if (result >= 0) {
        result = sws_scale(muxer->scaler, (const uint8_t *const *)decoded->data, decoded->linesize, 0, decoded->height,
                           scaled->data, scaled->linesize);
    }
    return result < 0 ? fail(result, "a picture cannot be converted", reason) : ERR_OK;
}

static enum err encode_decoded(struct clip_muxer *muxer, int64_t ticks, struct reason *reason) {
    enum err error = scale(muxer, reason);
    if (error != ERR_OK) {
        return error;
    }
    muxer->scaled->pts = ticks;
    int result = avcodec_send_frame(muxer->encoder, muxer->scaled);
    return result < 0 ? fail(result, "H.264 cannot be encoded", reason) : drain(muxer, reason);
}

static enum err muxer_add(struct clip_muxer *muxer, struct span jpeg, int64_t shown_ns, struct reason *reason) {
    int64_t ticks = max_i64(shown_ns / NS_PER_TICK, muxer->last_ticks + 1);
    enum err error;
    if (!muxer->has_head) {
        error = write_head(muxer, jpeg, reason);
    } else {
        error = muxer->settings.is_mp4 ? decode(muxer, jpeg, reason) : ERR_OK;
    }
    if (error == ERR_OK) {
        error = muxer->settings.is_mp4 ? encode_decoded(muxer, ticks, reason) : add_jpeg(muxer, jpeg, ticks, reason);
    }
    if (error == ERR_OK) {
        muxer->last_ticks = ticks;
    }
    return error;
}

static enum err muxer_finish(struct clip_muxer *muxer, struct reason *reason) {
    enum err error = ERR_OK;
    if (!muxer->has_head) {
        return ERR_OK;
    }
    if (muxer->encoder != NULL && avcodec_send_frame(muxer->encoder, NULL) >= 0) {
        error = drain(muxer, reason);
    }
    int result = av_write_trailer(muxer->format);
    return error == ERR_OK && result < 0 ? fail(result, "the clip cannot be finished", reason) : error;
}

MODULE_EXPORT extern const struct clip_muxer_ops clip_muxer_ops;
const struct clip_muxer_ops clip_muxer_ops = {
    .open = muxer_open,
    .add = muxer_add,
    .finish = muxer_finish,
    .close = muxer_close,
};
