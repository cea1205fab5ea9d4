#include "cameras/url/url_failure.h"

#include "cameras/url/url_challenge.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
    enum err error;
    const char *words;
} failures[URL_FAILURE_COUNT] = {
    [URL_FAILURE_TIMEOUT] = {ERR_TIMEOUT, "the camera does not answer in time"},
    [URL_FAILURE_FORBIDDEN] = {ERR_DENIED, "403 from the camera: this user may not see the stream"},
    [URL_FAILURE_NOT_FOUND] = {ERR_NOT_FOUND, "404 from the camera: check the path of the URL"},
    [URL_FAILURE_BAD_REQUEST] = {ERR_IO, "400 from the camera: check the URL"},
    /* RTSP's 453 among them, with which cameras refuse one client more than they permit. */
    [URL_FAILURE_OTHER_4XX] = {ERR_CLOSED, "the camera refuses the request (4xx): check the URL, and whether it "
                                           "permits another client"},
    [URL_FAILURE_SERVER_ERROR] = {ERR_CLOSED, "the camera reports an internal error (5xx)"},
    [URL_FAILURE_REFUSED] = {ERR_IO, "connection refused: check host and port, and that the camera's service is on"},
    [URL_FAILURE_NO_ROUTE] = {ERR_IO, "no route to host"},
    [URL_FAILURE_NO_NETWORK] = {ERR_IO, "the network is unreachable"},
    [URL_FAILURE_SILENT] = {ERR_CLOSED, "the camera does not answer"},
    [URL_FAILURE_RESET] = {ERR_CLOSED, "the camera closed the connection"},
    [URL_FAILURE_ENDED] = {ERR_CLOSED, "the camera ended the stream"},
    [URL_FAILURE_ALIEN] = {ERR_INVALID, "this is not a video stream that FFmpeg knows"},
    [URL_FAILURE_NO_VIDEO] = {ERR_UNSUPPORTED, "the stream has no video"},
    [URL_FAILURE_NO_DECODER] = {ERR_UNSUPPORTED, "this FFmpeg has no decoder for the stream's video"},
    [URL_FAILURE_NO_PROTOCOL] = {ERR_UNSUPPORTED, "the URL leads to a protocol that this FFmpeg does not support"},
    [URL_FAILURE_BAD_URL] = {ERR_INVALID, "FFmpeg refuses the URL, or one that it leads to"},
    [URL_FAILURE_NO_FILE] = {ERR_NOT_FOUND, "no such file"},
    [URL_FAILURE_NO_PERMISSION] = {ERR_DENIED, "permission denied"},
    [URL_FAILURE_MEMORY] = {ERR_MEMORY, "out of memory"},
};

static const struct {
    int number;
    enum url_failure failure;
} known_errnos[] = {
    {ECONNREFUSED, URL_FAILURE_REFUSED}, {EHOSTUNREACH, URL_FAILURE_NO_ROUTE}, {ENETUNREACH, URL_FAILURE_NO_NETWORK},
    {ETIMEDOUT, URL_FAILURE_SILENT},     {ECONNRESET, URL_FAILURE_RESET},      {EPIPE, URL_FAILURE_RESET},
    {ENOENT, URL_FAILURE_NO_FILE},       {EACCES, URL_FAILURE_NO_PERMISSION},  {ENOMEM, URL_FAILURE_MEMORY},
};

static enum err explain_login(const struct url_link *link, const char *shown, struct reason *reason) {
    const char *schemes = link->facts->login;
    const bool is_ffmpegs = !address_has_scheme(link->location, "http") && !address_has_scheme(link->location, "https");
    if (is_ffmpegs && url_challenge_exceeds_ffmpeg(schemes)) {
        reason_set(reason,
                   "401 from the camera: it asks for %s, but FFmpeg supports Digest MD5 alone: allow that in the "
                   "camera's settings (%s)",
                   schemes, shown);
    } else {
        reason_set(reason, "401 from the camera: check username and password (%s)%s%s", shown,
                   schemes[0] != '\0' ? "; it asks for " : "", schemes);
    }
    return ERR_DENIED;
}

enum err url_failure_explain(const struct url_link *link, enum url_failure failure, struct reason *reason) {
    if (url_link_is_cancelled(link)) {
        return ERR_INTERRUPTED;
    }
    char shown[ADDRESS_SHOWN_BYTES];
    url_link_show(link->location, shown);
    if (failure == URL_FAILURE_UNAUTHORIZED) {
        return explain_login(link, shown, reason);
    }
    reason_set(reason, "%s (%s)", failures[failure].words, shown);
    return failures[failure].error;
}

enum err url_failure_explain_errno(const struct url_link *link, int number, struct reason *reason) {
    for (size_t i = 0; i < sizeof known_errnos / sizeof known_errnos[0]; i++) {
        if (known_errnos[i].number == number) {
            return url_failure_explain(link, known_errnos[i].failure, reason);
        }
    }
    char words[64] = "";
    int result = strerror_r(number, words, sizeof words);
    (void)result; /* then the words are cut, or name the number */
    return url_failure_explain_words(link, words, reason);
}

enum err url_failure_explain_words(const struct url_link *link, const char *words, struct reason *reason) {
    if (url_link_is_cancelled(link)) {
        return ERR_INTERRUPTED;
    }
    char shown[ADDRESS_SHOWN_BYTES];
    url_link_show(link->location, shown);
    const bool is_tls = address_has_scheme(link->location, "https") || address_has_scheme(link->location, "rtmps");
    reason_set(reason, "the connection failed (%.40s)%s (%s)", words,
               is_tls && !url_link_settings(link)->insecure ? ", or the certificate is not trusted" : "", shown);
    return ERR_CLOSED;
}
