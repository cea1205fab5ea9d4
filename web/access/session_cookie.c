#include "web/access/session_cookie.h"

#include "broker/base/clock.h"
#include "web/access/authentication.h"
#include "web/access/principal.h"

#include <stdio.h>

static void write_cookie(const struct http_request *request, const char *value, int lasts_s,
                         char header[SESSION_COOKIE_CAPACITY]) {
    const char *base = request_policy_settings(request->policy)->base_path;
    snprintf(header, SESSION_COOKIE_CAPACITY,
             "Set-Cookie: " SESSION_COOKIE "=%s; Max-Age=%d; Path=%s; HttpOnly; SameSite=Lax%s\r\n", value, lasts_s,
             base[0] != '\0' ? base : "/", request->is_https ? "; Secure" : "");
}

void session_cookie_set(const struct http_request *request, const struct session *session,
                        char header[SESSION_COOKIE_CAPACITY]) {
    char text[SIGNED_TEXT_ROOM_BYTES];
    session_write(session, access_session_key(request->principal->access), text);
    write_cookie(request, text, SESSION_LASTS_S, header);
}

void session_cookie_clear(const struct http_request *request, char header[SESSION_COOKIE_CAPACITY]) {
    write_cookie(request, "", 0, header);
}

void session_cookie_renew(const struct http_request *request, char header[SESSION_COOKIE_CAPACITY]) {
    const struct principal *principal = request->principal;
    int64_t now_s = clock_realtime_ns() / NS_PER_S;
    header[0] = '\0';
    if (principal->has_session && now_s > principal->session.expires_s - SESSION_LASTS_S + SESSION_RENEWED_AFTER_S) {
        struct session renewed = principal->session;
        renewed.expires_s = now_s + SESSION_LASTS_S;
        session_cookie_set(request, &renewed, header);
    }
}
