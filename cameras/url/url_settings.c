#include "cameras/url/url_settings.h"

#include "cameras/source_rows.h"
#include "cameras/url/address.h"

#define OWN(field) .block = 1, .offset = offsetof(struct url_settings, field)

static const char *const transports[] = {
    [URL_TRANSPORT_AUTO] = "auto", [URL_TRANSPORT_TCP] = "tcp", [URL_TRANSPORT_UDP] = "udp", NULL};
const char *const url_frame_choices[] = {[URL_FRAMES_ALL] = "all", [URL_FRAMES_KEYFRAMES] = "keyframes", NULL};

static enum err check_url(const char *text, struct reason *reason) {
    if (text[0] == '\0') {
        reason_set(reason, "must be an address, such as \"rtsp://host/stream\", or the path of a file");
        return ERR_INVALID;
    }
    return address_is_path(text) ? ERR_OK : address_check(text, reason);
}

static const struct setting rows[] = {
    {.name = "url",
     .type = SETTING_TEXT,
     OWN(url),
     .required = true,
     .min = 1,
     .is_path = address_is_path,
     .what = "video",
     .check = check_url,
     .help = "An address with rtsp, rtsps, http, https, rtmp, rtmps, rtp, udp or srt, or the path of a file. It may "
             "contain the login, percent-encoded, which is never shown."},
    {.name = "username", .type = SETTING_TEXT, OWN(username), .help = "Replaces the user name in the URL."},
    {.name = "password", .type = SETTING_TEXT, OWN(password), .help = "Replaces the password in the URL."},
    {.name = "transport",
     .type = SETTING_CHOICE,
     OWN(transport),
     .choices = transports,
     .what = "transport",
     .help = "Transport of RTSP media; auto: TCP, or UDP if the camera refuses TCP."},
    {.name = "redirects",
     .type = SETTING_BOOLEAN,
     OWN(redirects),
     .fallback = 1,
     .help = "Whether a redirect is followed. The login never goes to another host or port, and no redirect leads to "
             "this machine."},
    {.name = "proxy",
     .type = SETTING_BOOLEAN,
     OWN(proxy),
     .help =
         "Whether HTTP goes through the proxies that http_proxy, https_proxy and no_proxy name in the environment."},
    {.name = "loop", .type = SETTING_BOOLEAN, OWN(loop), .help = "Plays a file over and over."},
    {.name = "insecure", .type = SETTING_BOOLEAN, OWN(insecure), .help = "Accepts any TLS certificate."},
    {.name = "frames",
     .type = SETTING_CHOICE,
     OWN(frames),
     .choices = url_frame_choices,
     .what = "choice of frames",
     .help = "Which frames are decoded: all, or key frames only, which costs much less."},
    {.name = "threads",
     .type = SETTING_INTEGER,
     OWN(threads),
     .min = 1,
     .max = 16,
     .fallback = 1,
     .help = "Threads of the decoder."},
    {SOURCE_FPS, .optional = true,
     .help = "How often a picture is fetched, if the URL answers with single pictures. Default: as often as possible."},
    {SOURCE_WIDTH, .optional = true,
     .help = "Width in pixels to which decoded pictures are scaled. Without height, the aspect ratio is kept. Without "
             "either, the sample aspect ratio and the rotation of the video are applied, for which Motion JPEG in "
             "a container is decoded too."},
    {SOURCE_HEIGHT, .optional = true, .help = "Height in pixels to which decoded pictures are scaled."},
    SOURCE_QUALITY,
    SOURCE_FAULTS,
};

static const char *check_certificates(void *const blocks[], struct reason *reason) {
    const struct url_settings *settings = blocks[1];
    if (settings->url == NULL || settings->insecure || !address_has_scheme(settings->url, "rtsps")) {
        return NULL;
    }
    reason_set(reason, "FFmpeg does not check the certificates of rtsps cameras; if the network between can be "
                       "trusted, set \"insecure\": true");
    return "url";
}

const struct setting_table url_settings_table = {
    .name = "url",
    .help = "A camera on the network, another broker, or a video file.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
    .size = sizeof(struct url_settings),
    .finish = check_certificates,
};

const char *url_needed_module(const struct source_settings *settings) {
    const char *url = ((const struct url_settings *)settings->own)->url;
    const bool decides_later = url == NULL || address_has_scheme(url, "http") || address_has_scheme(url, "https");
    return decides_later ? NULL : "ffmpeg";
}
