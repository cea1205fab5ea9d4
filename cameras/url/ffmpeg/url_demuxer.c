#include "cameras/url/ffmpeg/url_demuxer.h"

#include "cameras/url/address.h"
#include "cameras/url/ffmpeg/ffmpeg_library.h"
#include "cameras/url/ffmpeg/url_io.h"
#include "cameras/url/url_redirect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool is_rtsp(const char *location) {
    return address_has_scheme(location, "rtsp") || address_has_scheme(location, "rtsps");
}

static const char *current_location(const struct url_demuxer *demuxer) {
    return demuxer->location != NULL ? demuxer->location : demuxer->link->location;
}

/* ---- Callbacks of FFmpeg ---- */

/* FFmpeg follows an RTSP redirect by itself, and sends the login along. It stores the new URL before it connects, and
 * asks here before it sends: that is the moment to stop it. */
static int interrupt_demuxer(void *user) {
    struct url_demuxer *demuxer = user;
    const char *location = current_location(demuxer);
    const char *url = demuxer->context != NULL ? demuxer->context->url : NULL;
    if (demuxer->redirect == NULL && url != NULL && is_rtsp(location) && strcmp(url, location) != 0) {
        demuxer->redirect = strdup(url);
    }
    return demuxer->redirect != NULL || url_link_is_over(demuxer->link);
}

/* The parts of a playlist follow the same rules as the playlist. */
static int open_nested(AVFormatContext *context, AVIOContext **io, const char *url, int flags, AVDictionary **options) {
    struct url_demuxer *demuxer = context->opaque;
    if (url_redirect_check(demuxer->link, url, NULL, NULL) != ERR_OK) {
        return AVERROR(EACCES);
    }
    ffmpeg_connection_options(demuxer->link, options);
    return demuxer->open_nested(context, io, url, flags, options);
}

/* ---- Opening ---- */

static int open_context(struct url_demuxer *demuxer, enum url_transport transport) {
    AVFormatContext *context = demuxer->context = avformat_alloc_context();
    if (context == NULL) {
        return AVERROR(ENOMEM);
    }
    AVDictionary *options = NULL;
    ffmpeg_connection_options(demuxer->link, &options);
    /* A connection begins anywhere, a program or a file with a key frame, which must not be lost. */
    const bool is_source = demuxer->link->source != NULL;
    const bool has_begin = is_source || url_link_is_file(demuxer->link);
    av_dict_set(&options, "fflags", has_begin ? "discardcorrupt" : "nobuffer+discardcorrupt", 0);
    av_dict_set(&options, "analyzeduration", is_source ? "300000" : "1000000", 0);
    av_dict_set(&options, "probesize", "2000000", 0);
    av_dict_set(&options, "fpsprobesize", "0", 0);
    if (is_rtsp(current_location(demuxer))) {
        av_dict_set(&options, "rtsp_transport", transport == URL_TRANSPORT_UDP ? "udp" : "tcp", 0);
        av_dict_set(&options, "allowed_media_types", "video", 0);
        av_dict_set(&options, "initial_pause", "1", 0); /* until it is known that there is a video */
    }
    context->interrupt_callback = (AVIOInterruptCB){interrupt_demuxer, demuxer};
    context->opaque = demuxer;
    context->pb = demuxer->io;
    demuxer->open_nested = context->io_open;
    context->io_open = open_nested;
    ffmpeg_watch_replies(demuxer->link);
    int result = avformat_open_input(&demuxer->context, current_location(demuxer), NULL, &options);
    ffmpeg_watch_replies(NULL);
    av_dict_free(&options);
    if (result >= 0 && is_rtsp(current_location(demuxer))) {
        result = demuxer->context->nb_streams > 0 ? av_read_play(demuxer->context) : AVERROR_STREAM_NOT_FOUND;
    }
    return result;
}

static enum err follow_redirect(struct url_demuxer *demuxer, struct reason *reason) {
    char *location = NULL;
    enum err error = url_redirect_follow(demuxer->link, demuxer->redirect, &location, NULL, reason);
    free(demuxer->redirect);
    demuxer->redirect = NULL;
    if (error == ERR_OK) {
        free(demuxer->location);
        demuxer->location = location;
    }
    return error;
}

/* What the source is, unless HTTP has said it. */
static void note_answer(const struct url_demuxer *demuxer, enum url_transport transport) {
    struct source_facts *facts = demuxer->link->facts;
    if (is_rtsp(current_location(demuxer))) {
        const bool is_udp = transport == URL_TRANSPORT_UDP;
        source_facts_set_answer(facts, is_udp ? "RTSP, media over UDP" : "RTSP, media over TCP");
    } else if (facts->answer[0] == '\0') {
        source_facts_set_answer(facts, demuxer->context->iformat->long_name);
    }
}

static enum err open_over(struct url_demuxer *demuxer, enum url_transport transport, int *result,
                          struct reason *reason) {
    for (unsigned redirects = 0;; redirects++) {
        *result = open_context(demuxer, transport);
        if (*result >= 0) {
            note_answer(demuxer, transport);
            return ERR_OK;
        }
        if (demuxer->redirect == NULL) {
            return ffmpeg_explain(demuxer->link, *result, reason);
        }
        if (redirects == URL_REDIRECTS_MAX) {
            reason_set(reason, "the camera redirects more than %d times", URL_REDIRECTS_MAX);
            return ERR_IO;
        }
        enum err error = follow_redirect(demuxer, reason);
        if (error != ERR_OK) {
            return error;
        }
    }
}

static enum err open_over_any(struct url_demuxer *demuxer, struct reason *reason) {
    const enum url_transport transport = url_link_settings(demuxer->link)->transport;
    int result = 0;
    enum err error = open_over(demuxer, transport, &result, reason);
    if (error == ERR_OK || result != AVERROR(EPROTONOSUPPORT) || !is_rtsp(current_location(demuxer))) {
        return error;
    }
    if (transport != URL_TRANSPORT_AUTO) {
        reason_set(reason, "the camera refuses RTSP over %s: set \"transport\" to \"auto\"",
                   transport == URL_TRANSPORT_UDP ? "UDP" : "TCP");
        return error;
    }
    source_facts_note(demuxer->link->facts, "it refuses RTSP over TCP; over UDP, packets can get lost");
    error = open_over(demuxer, URL_TRANSPORT_UDP, &result, reason);
    if (error != ERR_OK && error != ERR_INTERRUPTED) {
        struct reason udp = *reason;
        reason_set(reason, "tried transport tcp, which the camera refuses, then udp: %s",
                   result == AVERROR(EPROTONOSUPPORT) ? "the same" : udp.text);
    }
    return error;
}

/* ---- The video of it ---- */

/* RTSP describes its codecs before the first packet: analyzing packets would only take time. */
static bool is_described(const AVFormatContext *context) {
    for (unsigned i = 0; i < context->nb_streams; i++) {
        if (context->streams[i]->codecpar->codec_id == AV_CODEC_ID_NONE) {
            return false;
        }
    }
    return context->nb_streams > 0 && strcmp(context->iformat->name, "rtsp") == 0;
}

static int find_video(struct url_demuxer *demuxer) {
    AVFormatContext *context = demuxer->context;
    if (!is_described(context)) {
        int result = avformat_find_stream_info(context, NULL);
        if (result < 0) {
            return result;
        }
    }
    int video = av_find_best_stream(context, AVMEDIA_TYPE_VIDEO, -1, -1, NULL, 0);
    if (video < 0) {
        return AVERROR_STREAM_NOT_FOUND;
    }
    for (int i = 0; i < (int)context->nb_streams; i++) {
        if (i != video) {
            context->streams[i]->discard = AVDISCARD_ALL;
        }
    }
    demuxer->video = context->streams[video];
    return 0;
}

enum err url_demuxer_open(struct url_demuxer *demuxer, struct url_link *link, struct url_client *client,
                          struct reason *reason) {
    demuxer->link = link;
    demuxer->client = client;
    enum err error = ERR_OK;
    if (client != NULL || link->source != NULL) {
        error = url_io_create(link, client, &demuxer->io);
    }
    /* Playlists resolve what they name against the URL that answered. */
    if (error == ERR_OK && client != NULL && (demuxer->location = strdup(url_client_location(client))) == NULL) {
        error = ERR_MEMORY;
    }
    if (error == ERR_OK) {
        error = open_over_any(demuxer, reason);
    }
    if (error == ERR_OK) {
        int result = find_video(demuxer);
        error = result < 0 ? ffmpeg_explain(link, result, reason) : ERR_OK;
    }
    return error;
}

void url_demuxer_close(struct url_demuxer *demuxer) {
    avformat_close_input(&demuxer->context);
    url_io_destroy(&demuxer->io);
    url_client_destroy(&demuxer->client);
    free(demuxer->location);
    free(demuxer->redirect);
    *demuxer = (struct url_demuxer){0};
}
