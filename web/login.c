/* Logging in and out, for people: a page with a form, and the cookie that remembers who has filled it in. */
#include "broker/clock.h"
#include "broker/log.h"
#include "web/credentials.h"
#include "web/gallery.h"
#include "web/handlers.h"
#include "web/urlencoded.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BODY_MAX_BYTES 4096
#define ADDRESS_MAX_BYTES 1024

struct form {
    char name[CREDENTIALS_NAME_MAX_BYTES + 1];
    char password[PASSWORD_MAX_BYTES + 1];
    char next[ADDRESS_MAX_BYTES + 1];
};

/* Whether it is an address of ours, which a header can carry: browsers take "//host" and "/\host" for other servers. */
static bool is_local(const char *address) {
    for (const char *c = address; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~' || *c == '\\') {
            return false;
        }
    }
    return address[0] == '/' && address[1] != '/';
}

/* A field that is missing or malformed is empty. */
static void read_field(struct piece text, const char *name, char *value, size_t room) {
    struct piece raw;
    value[0] = '\0';
    if (urlencoded_find(text, name, &raw) != 1 || !urlencoded_decode(raw, value, room)) {
        value[0] = '\0';
    }
}

static const char *base_of(const struct http_request *request) { return edge_settings(request->edge)->base_path; }

static void read_next(const struct http_request *request, struct piece text, char next[ADDRESS_MAX_BYTES + 1]) {
    read_field(text, "next", next, ADDRESS_MAX_BYTES + 1);
    if (!is_local(next)) {
        snprintf(next, ADDRESS_MAX_BYTES + 1, "%s/", base_of(request));
    }
}

static void redirect(const struct http_request *request, const char *address, const char *cookie) {
    char headers[ADDRESS_MAX_BYTES + SESSION_COOKIE_ROOM_BYTES + 32];
    snprintf(headers, sizeof headers, "Location: %s\r\n%s", address, cookie);
    http_reply(request, &(struct http_reply){.status = 303, .content_type = "text/plain", .headers = headers});
}

/* The header that sets the session's cookie. */
static void write_cookie(const struct http_request *request, const char *value, int lasts_s,
                         char header[SESSION_COOKIE_ROOM_BYTES]) {
    const char *base = base_of(request);
    snprintf(header, SESSION_COOKIE_ROOM_BYTES,
             "Set-Cookie: " SESSION_COOKIE "=%s; Max-Age=%d; Path=%s; HttpOnly; SameSite=Lax%s\r\n", value, lasts_s,
             base[0] != '\0' ? base : "/", request->is_https ? "; Secure" : "");
}

static void reply_page(const struct http_request *request, int status, const char *headers, const char *message,
                       const struct form *form) {
    reply_text(request, status, CONTENT_HTML, headers,
               gallery_render_login(message, form->name, form->next, base_of(request)));
}

static void reply_failure(const struct http_request *request, const struct identification *found,
                          const struct form *form) {
    char retry[64], message[128];
    snprintf(retry, sizeof retry, "Retry-After: %u\r\n", found->retry_s);
    switch (found->verdict) {
    case VERDICT_TOO_SOON:
        snprintf(message, sizeof message, "Too many failures. Try again in %u s.", found->retry_s);
        reply_page(request, 429, retry, message, form);
        break;
    case VERDICT_BUSY: reply_page(request, 503, retry, "The server is busy. Try again.", form); break;
    case VERDICT_WRONG:
    case VERDICT_RIGHT: reply_page(request, 403, NULL, "Wrong name or password.", form); break;
    }
}

static int64_t now_s(void) { return clock_realtime_ns() / NS_PER_S; }

void session_cookie_renew(const struct http_request *request, char header[SESSION_COOKIE_ROOM_BYTES]) {
    const struct visitor *visitor = request->visitor;
    header[0] = '\0';
    if (visitor->has_session && now_s() > visitor->session.expires_s - SESSION_LASTS_S + SESSION_RENEWED_AFTER_S) {
        struct session renewed = visitor->session;
        renewed.expires_s = now_s() + SESSION_LASTS_S;
        char text[SIGNED_TEXT_ROOM_BYTES];
        session_write(&renewed, access_session_key(visitor->access), text);
        write_cookie(request, text, SESSION_LASTS_S, header);
    }
}

static void begin_session(const struct http_request *request, const struct account *account, const char *next) {
    struct session session = session_begin(account, now_s());
    char text[SIGNED_TEXT_ROOM_BYTES], cookie[SESSION_COOKIE_ROOM_BYTES];
    session_write(&session, access_session_key(request->visitor->access), text);
    write_cookie(request, text, SESSION_LASTS_S, cookie);
    log_event(LOG_LEVEL_INFO, NULL, "access: user %s logs in from %s", account->settings.name, request->client);
    redirect(request, next, cookie);
}

static void log_in(struct site *site, const struct http_request *request) {
    char body[BODY_MAX_BYTES];
    size_t count;
    if (!http_read_body(request, body, sizeof body, &count)) {
        return;
    }
    struct form form;
    struct piece text = {body, count};
    read_field(text, "name", form.name, sizeof form.name);
    read_field(text, "password", form.password, sizeof form.password);
    read_next(request, text, form.next);
    struct identification found = identify_password(gate_identifier(site->gate), request->visitor->access,
                                                    request->client, form.name, form.password);
    if (found.verdict == VERDICT_RIGHT) {
        begin_session(request, found.account, form.next);
    } else {
        reply_failure(request, &found, &form);
    }
    sodium_memzero(body, sizeof body);
    sodium_memzero(&form, sizeof form);
}

void handle_login(struct site *site, const struct http_request *request, const struct route *route) {
    struct form form = {.name = ""};
    read_next(request, piece_of(request->query != NULL ? request->query : ""), form.next);
    if (access_is_open(request->visitor->access)) {
        redirect(request, form.next, "");
    } else if (route->method == METHOD_POST) {
        log_in(site, request);
    } else {
        reply_page(request, 200, NULL, "", &form);
    }
}

void handle_logout(struct site *site, const struct http_request *request) {
    if (request->visitor->has_session) {
        gate_end_session(site->gate, &request->visitor->session);
    }
    char cookie[SESSION_COOKIE_ROOM_BYTES], address[ADDRESS_MAX_BYTES];
    write_cookie(request, "", 0, cookie);
    snprintf(address, sizeof address, "%s/login", base_of(request));
    redirect(request, address, cookie);
}
