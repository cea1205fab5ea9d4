/* Why a connection to a camera failed, whichever library made it, in words that a person can act on. Private to the url
 * driver.
 * Threads: the camera's. */
#ifndef CAMERAS_URL_URL_FAILURE_H
#define CAMERAS_URL_URL_FAILURE_H

#include "cameras/url/url_link.h"

enum url_failure {
    URL_FAILURE_TIMEOUT, /* or the cancel event, which is looked at */
    URL_FAILURE_UNAUTHORIZED,
    URL_FAILURE_FORBIDDEN,
    URL_FAILURE_NOT_FOUND,
    URL_FAILURE_BAD_REQUEST,
    URL_FAILURE_OTHER_4XX,
    URL_FAILURE_SERVER_ERROR,
    URL_FAILURE_REFUSED,
    URL_FAILURE_NO_ROUTE,
    URL_FAILURE_NO_NETWORK,
    URL_FAILURE_SILENT,
    URL_FAILURE_RESET,
    URL_FAILURE_ENDED,
    URL_FAILURE_ALIEN,
    URL_FAILURE_NO_VIDEO,
    URL_FAILURE_NO_DECODER,
    URL_FAILURE_NO_PROTOCOL,
    URL_FAILURE_BAD_URL,
    URL_FAILURE_NO_FILE,
    URL_FAILURE_NO_PERMISSION,
    URL_FAILURE_MEMORY,
    URL_FAILURE_COUNT
};

/* Writes the sentence, and gives its error; ERR_INTERRUPTED whatever the failure, if the cancel event is set. */
enum err url_failure_explain(const struct url_link *link, enum url_failure failure, struct reason *reason);
/* The same for an errno of the connection. */
enum err url_failure_explain_errno(const struct url_link *link, int number, struct reason *reason);
/* The same for a failure that only its library has words for. */
enum err url_failure_explain_words(const struct url_link *link, const char *words, struct reason *reason);

#endif
