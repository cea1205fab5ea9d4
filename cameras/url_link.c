#include "cameras/url_link.h"

#include "broker/clock.h"
#include "broker/log.h"
#include "cameras/address.h"

#include <errno.h>
#include <libavformat/avformat.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The largest single piece of memory that FFmpeg may take, whatever a stream claims. */
#define ALLOCATION_MAX_BYTES ((size_t)256 << 20)
/* FFmpeg asks several times for each piece that it reads; a look at the cancel event is a system call. */
#define LOOK_AGAIN_NS (100 * NS_PER_MS)
#define FAREWELL_NS (200 * NS_PER_MS)
/* What a stream may make FFmpeg open: nothing on this machine. */
#define NETWORK_PROTOCOLS                                                                                              \
    "rtsp,rtsps,rtp,srtp,udp,tcp,tls,http,https,httpproxy,crypto,rtmp,rtmps,rtmpt,rtmpts,ffrtmphttp,srt"

/* ---- FFmpeg's messages ---- */

PRINTF_LIKE(3, 0)
PRINTF_LIKE(3, 0)
static void hand_to_log(void *source, int level, const char *format, va_list arguments) {
    if (level > AV_LOG_WARNING) {
        return;
    }
    (void)source;
    char line[4096];
    if (vsnprintf(line, sizeof line, format, arguments) >= (int)sizeof line) {
        return; /* in what is cut, secrets cannot be told from the rest */
    }
    address_hide_secrets(line);
    line[strcspn(line, "\r\n")] = '\0';
    log_event(LOG_LEVEL_DEBUG, NULL, "FFmpeg: %s", line);
}

static void setup(void) {
    av_log_set_callback(hand_to_log);
    av_max_alloc(ALLOCATION_MAX_BYTES);
    avformat_network_init();
}

void url_link_setup(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, setup);
}

/* ---- The link ---- */

static enum err locate(const struct url_settings *settings, char **location) {
    if (!address_is_path(settings->url)) {
        return address_with_login(settings->url, settings->username, settings->password, location);
    }
    size_t room = strlen(settings->url) + sizeof "file:";
    *location = malloc(room);
    if (*location == NULL) {
        return ERR_MEMORY;
    }
    snprintf(*location, room, "file:%s", settings->url);
    return ERR_OK;
}

enum err url_link_init(struct url_link *link, const struct driver_context *context) {
    *link = (struct url_link){.context = context};
    return locate(&context->settings->url, &link->location);
}

void url_link_finish(struct url_link *link) {
    free(link->location);
    link->location = NULL;
}

static bool is_cancelled(const struct url_link *link) {
    struct pollfd cancel = {.fd = link->context->cancel->fd, .events = POLLIN};
    return !link->closing && poll(&cancel, 1, 0) > 0;
}

int url_link_is_over(void *user) {
    struct url_link *link = user;
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns >= link->deadline_ns) {
        return true;
    }
    if (now_ns - link->looked_ns < LOOK_AGAIN_NS) {
        return false;
    }
    link->looked_ns = now_ns;
    return is_cancelled(link);
}

void url_link_begin_close(struct url_link *link) {
    link->closing = true;
    link->deadline_ns = clock_monotonic_ns() + FAREWELL_NS;
}

void url_link_options(const struct url_link *link, struct AVDictionary **options) {
    const struct url_settings *settings = &link->context->settings->url;
    if (address_is_path(settings->url)) {
        av_dict_set(options, "protocol_whitelist", "file", 0);
        return;
    }
    av_dict_set(options, "protocol_whitelist", NETWORK_PROTOCOLS, 0);
    av_dict_set(options, "tls_verify", settings->insecure ? "0" : "1", 0);
    av_dict_set(options, "user_agent", "framebroker", 0);
    av_dict_set(options, "icy", "0", 0);
}

/* ---- Errors ---- */

static const struct {
    int averror;
    enum err error;
    const char *words;
} known_failures[] = {
    {AVERROR_HTTP_UNAUTHORIZED, ERR_DENIED, "401 from the camera: check username and password"},
    {AVERROR_HTTP_FORBIDDEN, ERR_DENIED, "403 from the camera: this user may not see the stream"},
    {AVERROR_HTTP_NOT_FOUND, ERR_NOT_FOUND, "404 from the camera: check the path of the URL"},
    {AVERROR_HTTP_BAD_REQUEST, ERR_IO, "400 from the camera: check the URL"},
    {AVERROR_HTTP_OTHER_4XX, ERR_IO, "the camera refuses the request: check the URL"},
    {AVERROR_HTTP_SERVER_ERROR, ERR_IO, "the camera reports a fault of its own (5xx)"},
    {AVERROR(ECONNREFUSED), ERR_IO, "connection refused: check host and port, and that the camera's service is on"},
    {AVERROR(EHOSTUNREACH), ERR_IO, "no route to host"},
    {AVERROR(ENETUNREACH), ERR_IO, "the network is unreachable"},
    {AVERROR(ETIMEDOUT), ERR_IO, "the camera does not answer"},
    {AVERROR(ECONNRESET), ERR_GONE, "the camera closed the connection"},
    {AVERROR(EPIPE), ERR_GONE, "the camera closed the connection"},
    {AVERROR_EOF, ERR_GONE, "the camera ended the stream"},
    {AVERROR_INVALIDDATA, ERR_INVALID, "what the camera sends is not a video stream that FFmpeg knows"},
    {AVERROR_STREAM_NOT_FOUND, ERR_UNSUPPORTED, "the stream has no video"},
    {AVERROR_DECODER_NOT_FOUND, ERR_UNSUPPORTED, "this FFmpeg has no decoder for the stream's video"},
    {AVERROR_PROTOCOL_NOT_FOUND, ERR_UNSUPPORTED, "the address leads to a protocol that this FFmpeg does not have"},
    {AVERROR(EINVAL), ERR_INVALID, "FFmpeg refuses the address, or where it leads to"},
    {AVERROR(ENOENT), ERR_NOT_FOUND, "no such file"},
    {AVERROR(EACCES), ERR_DENIED, "this user may not read it"},
    {AVERROR(ENOMEM), ERR_MEMORY, "out of memory"},
};

static enum err explain_io(const struct url_link *link, int averror, char words[ADDRESS_SHOWN_BYTES]) {
    char text[AV_ERROR_MAX_STRING_SIZE] = "";
    av_strerror(averror, text, sizeof text);
    bool tls = address_has_scheme(link->location, "https") || address_has_scheme(link->location, "rtmps");
    snprintf(words, ADDRESS_SHOWN_BYTES, "the connection failed (%.40s)%s", text,
             tls && !link->context->settings->url.insecure ? ", or the certificate is not trusted" : "");
    return ERR_IO;
}

enum err url_link_explain(const struct url_link *link, int averror, struct reason *reason) {
    if (is_cancelled(link)) {
        return ERR_INTERRUPTED;
    }
    char shown[ADDRESS_SHOWN_BYTES];
    address_show(link->location, shown);
    if (averror == AVERROR_EXIT) {
        reason_set(reason, "the camera does not answer in time (%s)", shown);
        return ERR_TIMEOUT;
    }
    for (size_t i = 0; i < sizeof known_failures / sizeof known_failures[0]; i++) {
        if (known_failures[i].averror == averror) {
            reason_set(reason, "%s (%s)", known_failures[i].words, shown);
            return known_failures[i].error;
        }
    }
    char words[ADDRESS_SHOWN_BYTES];
    enum err error = explain_io(link, averror, words);
    reason_set(reason, "%s (%s)", words, shown);
    return error;
}
