#include "cameras/url/ffmpeg/ffmpeg_library.h"

#include "broker/base/log.h"
#include "cameras/secrets.h"
#include "cameras/url/address_secrets.h"
#include "cameras/url/url_challenge.h"
#include "cameras/url/url_failure.h"

#include <errno.h>
#include <libavformat/avformat.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

/* Of a single allocation by FFmpeg, whatever a stream claims. */
#define ALLOCATION_MAX_BYTES ((size_t)256 << 20)
/* What a stream may make FFmpeg open: no files. */
#define NETWORK_PROTOCOLS                                                                                              \
    "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,rtmp,rtmps,rtmpt,rtmpts,ffrtmphttp,srt"

/* ---- FFmpeg's messages ---- */

/* The link that this thread opens over RTSP. */
static _Thread_local struct url_link *watched;

/* FFmpeg shows the lines of an RTSP reply in its log alone. */
#define RTSP_LINE_FORMAT "line='%s'\n"
#define RTSP_LINE_PREFIX "line='"

PRINTF_LIKE(1, 0)
static void watch_reply(const char *format, va_list arguments) {
    if (watched != NULL && strcmp(format, RTSP_LINE_FORMAT) == 0) {
        char line[512];
        vsnprintf(line, sizeof line, format, arguments);
        url_challenge_note(line + sizeof RTSP_LINE_PREFIX - 1, watched->facts->login, sizeof watched->facts->login);
    }
}

PRINTF_LIKE(3, 0)
static void hand_to_log(void *source, int level, const char *format, va_list arguments) {
    if (level > AV_LOG_WARNING) {
        watch_reply(format, arguments);
        return;
    }
    (void)source;
    char line[4096];
    if (vsnprintf(line, sizeof line, format, arguments) >= (int)sizeof line) {
        return; /* a secret that is cut is not recognized */
    }
    secrets_mask(line);
    address_hide_secrets(line);
    line[strcspn(line, "\r\n")] = '\0';
    log_event(LOG_LEVEL_DEBUG, NULL, "FFmpeg: %s", line);
}

static void setup(void) {
    av_log_set_callback(hand_to_log);
    av_max_alloc(ALLOCATION_MAX_BYTES);
    avformat_network_init();
}

void ffmpeg_setup(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, setup);
}

void ffmpeg_watch_replies(struct url_link *link) { watched = link; }

/* ---- Connections ---- */

void ffmpeg_connection_options(const struct url_link *link, struct AVDictionary **options) {
    const struct url_settings *settings = url_link_settings(link);
    if (link->source != NULL) {
        av_dict_set(options, "protocol_whitelist", "none", 0);
        return;
    }
    if (url_link_is_file(link)) {
        av_dict_set(options, "protocol_whitelist", "file", 0);
        return;
    }
    av_dict_set(options, "protocol_whitelist", NETWORK_PROTOCOLS, 0);
    av_dict_set(options, "tls_verify", settings->insecure ? "0" : "1", 0);
    av_dict_set(options, "user_agent", "framebroker", 0);
    av_dict_set(options, "icy", "0", 0);
    if (!settings->proxy) {
        av_dict_set(options, "http_proxy", "", 0); /* FFmpeg would take it from the environment */
    }
}

/* ---- Errors ---- */

static const struct {
    int averror;
    enum url_failure failure;
} known_errors[] = {
    {AVERROR_EXIT, URL_FAILURE_TIMEOUT},
    {AVERROR_HTTP_UNAUTHORIZED, URL_FAILURE_UNAUTHORIZED},
    {AVERROR_HTTP_FORBIDDEN, URL_FAILURE_FORBIDDEN},
    {AVERROR_HTTP_NOT_FOUND, URL_FAILURE_NOT_FOUND},
    {AVERROR_HTTP_BAD_REQUEST, URL_FAILURE_BAD_REQUEST},
    {AVERROR_HTTP_OTHER_4XX, URL_FAILURE_OTHER_4XX},
    {AVERROR_HTTP_SERVER_ERROR, URL_FAILURE_SERVER_ERROR},
    {AVERROR_EOF, URL_FAILURE_ENDED},
    {AVERROR_INVALIDDATA, URL_FAILURE_ALIEN},
    {AVERROR_STREAM_NOT_FOUND, URL_FAILURE_NO_VIDEO},
    {AVERROR_DECODER_NOT_FOUND, URL_FAILURE_NO_DECODER},
    {AVERROR_PROTOCOL_NOT_FOUND, URL_FAILURE_NO_PROTOCOL},
    {AVERROR(EINVAL), URL_FAILURE_BAD_URL},
};

/* An errno is a small number, FFmpeg's own errors are four letters. */
static bool is_errno(int averror) { return averror < 0 && AVUNERROR(averror) < 4096; }

enum err ffmpeg_explain(const struct url_link *link, int averror, struct reason *reason) {
    for (size_t i = 0; i < sizeof known_errors / sizeof known_errors[0]; i++) {
        if (known_errors[i].averror == averror) {
            return url_failure_explain(link, known_errors[i].failure, reason);
        }
    }
    if (is_errno(averror)) {
        return url_failure_explain_errno(link, AVUNERROR(averror), reason);
    }
    char words[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(averror, words, sizeof words);
    return url_failure_explain_words(link, words, reason);
}
