/* Failures of url_client in words that a person can act on. Private to it.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_URL_CLIENT_ERRORS_H
#define CAMERAS_URL_URL_CLIENT_ERRORS_H

#include "broker/base/curl_library.h"
#include "cameras/url/url_link.h"

#define URL_CLIENT_HEAD_MAX_BYTES ((size_t)64 << 10)

struct url_client_failure {
    CURLcode result; /* CURLE_OK: the answer has ended in order */
    int os_error;    /* an errno, or 0 */
    const char *location;
    const char *complaint; /* what CURLOPT_ERRORBUFFER got */
};

enum err url_client_explain(const struct url_link *link, const struct url_client_failure *failure,
                            struct reason *reason);
/* status: neither 2xx nor 3xx. */
enum err url_client_explain_status(const struct url_link *link, long status, struct reason *reason);

#endif
