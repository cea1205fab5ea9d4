/* The cookie that carries a session.
 * Threads: a request's own. */
#ifndef WEB_ACCESS_SESSION_COOKIE_H
#define WEB_ACCESS_SESSION_COOKIE_H

#include "web/access/request_policy.h"
#include "web/access/session.h"

#define SESSION_COOKIE_CAPACITY (SIGNED_TEXT_ROOM_BYTES + BASE_PATH_MAX_BYTES + 128)

/* The header that sets it for a session of the request's principal. */
void session_cookie_set(const struct http_request *request, const struct session *session,
                        char header[SESSION_COOKIE_CAPACITY]);
/* The header that removes it. */
void session_cookie_clear(const struct http_request *request, char header[SESSION_COOKIE_CAPACITY]);
/* The header that prolongs the principal's session when it is time for that; otherwise "". */
void session_cookie_renew(const struct http_request *request, char header[SESSION_COOKIE_CAPACITY]);

#endif
