#include "cameras/url/url_client_errors.h"

#include "cameras/secrets.h"
#include "cameras/url/url_failure.h"

#include <stdio.h>

static enum err explain_client_failure(const struct url_client_failure *failure, enum err error, struct reason *reason,
                                       const char *words, const char *detail) {
    char complaint[CURL_ERROR_SIZE], shown[ADDRESS_SHOWN_BYTES];
    snprintf(complaint, sizeof complaint, "%s", detail);
    secrets_mask(complaint); /* the names in a certificate are the camera's choice */
    url_link_show(failure->location, shown);
    reason_set(reason, "%s%s%.80s (%s)", words, detail[0] != '\0' ? ": " : "", complaint, shown);
    return error;
}

static const char *protocol_words(const char *location) {
    return address_has_scheme(location, "http") || address_has_scheme(location, "https")
               ? "the camera does not speak HTTP at this port: check the URL"
               : "the camera redirects to another protocol: set \"url\" to where it leads";
}

enum err url_client_explain(const struct url_link *link, const struct url_client_failure *failure,
                            struct reason *reason) {
    switch (failure->result) {
    case CURLE_OK: return url_failure_explain(link, URL_FAILURE_ENDED, reason);
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR: return url_failure_explain(link, URL_FAILURE_RESET, reason);
    case CURLE_OUT_OF_MEMORY: return ERR_MEMORY;
    case CURLE_COULDNT_CONNECT:
        if (failure->os_error != 0) {
            return url_failure_explain_errno(link, failure->os_error, reason);
        }
        break;
    case CURLE_WRITE_ERROR:
        reason_set(reason, "the headers of the answer exceed %zu KB", URL_CLIENT_HEAD_MAX_BYTES >> 10);
        return ERR_INVALID;
    case CURLE_PEER_FAILED_VERIFICATION:
        return explain_client_failure(failure, ERR_CLOSED, reason,
                                      "the camera's certificate is not trusted; \"insecure\": true accepts it",
                                      failure->complaint);
    case CURLE_UNSUPPORTED_PROTOCOL:
        return explain_client_failure(failure, ERR_UNSUPPORTED, reason, protocol_words(failure->location), "");
    default: break;
    }
    return explain_client_failure(failure, ERR_CLOSED, reason, "the connection failed",
                                  curl->easy_strerror(failure->result));
}

enum err url_client_explain_status(const struct url_link *link, long status, struct reason *reason) {
    switch (status) {
    case 400: return url_failure_explain(link, URL_FAILURE_BAD_REQUEST, reason);
    case 401: return url_failure_explain(link, URL_FAILURE_UNAUTHORIZED, reason);
    case 403: return url_failure_explain(link, URL_FAILURE_FORBIDDEN, reason);
    case 404: return url_failure_explain(link, URL_FAILURE_NOT_FOUND, reason);
    case 408:
    case 429: reason_set(reason, "the camera answers %ld: it is busy", status); return ERR_CLOSED;
    default: return url_failure_explain(link, status < 500 ? URL_FAILURE_OTHER_4XX : URL_FAILURE_SERVER_ERROR, reason);
    }
}
