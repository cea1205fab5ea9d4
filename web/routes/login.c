/* Login and logout for people: a page with a form, and a session whose cookie the browser keeps. */
#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "web/access/credentials.h"
#include "web/access/session_cookie.h"
#include "web/http/route.h"
#include "web/http/urlencoded.h"
#include "web/routes/support/history_note.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/server_context.h"
#include "web/views/gallery.h"

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

/* Whether a header can carry the address and it is on this server: browsers take "//host" and "/\host" for others. */
static bool is_local_address(const char *address) {
    for (const char *c = address; *c != '\0'; c++) {
        if (*c <= ' ' || *c > '~' || *c == '\\') {
            return false;
        }
    }
    return address[0] == '/' && address[1] != '/';
}

/* A field that is missing or malformed is empty. */
static void read_form_field(struct string_view text, const char *name, char *value, size_t capacity) {
    struct string_view raw;
    value[0] = '\0';
    if (urlencoded_find(text, name, &raw) != 1 || !urlencoded_decode(raw, value, capacity)) {
        value[0] = '\0';
    }
}

static const char *base_path_of(const struct http_request *request) {
    return request_policy_settings(request->policy)->base_path;
}

static void read_next_address(const struct http_request *request, struct string_view text,
                              char next[ADDRESS_MAX_BYTES + 1]) {
    read_form_field(text, "next", next, ADDRESS_MAX_BYTES + 1);
    if (!is_local_address(next)) {
        snprintf(next, ADDRESS_MAX_BYTES + 1, "%s/", base_path_of(request));
    }
}

static void reply_redirect(const struct http_request *request, const char *address, const char *cookie) {
    char headers[ADDRESS_MAX_BYTES + SESSION_COOKIE_CAPACITY + 32];
    snprintf(headers, sizeof headers, "Location: %s\r\n%s", address, cookie);
    http_reply(request, &(struct http_reply){.status = 303, .content_type = "text/plain", .headers = headers});
}

static void reply_login_page(const struct http_request *request, int status, const char *headers, const char *message,
                             const struct form *form) {
    reply_text(request, status, CONTENT_HTML, headers,
               gallery_render_login(message, form->name, form->next, base_path_of(request)));
}

static void reply_login_failure(const struct http_request *request, const struct authentication *found,
                                const struct form *form) {
    char retry[64], message[128];
    snprintf(retry, sizeof retry, "Retry-After: %u\r\n", found->retry_s);
    switch (found->result) {
    case AUTHENTICATION_THROTTLED:
        snprintf(message, sizeof message, "Too many failures. Try again in %u s.", found->retry_s);
        reply_login_page(request, 429, retry, message, form);
        break;
    case AUTHENTICATION_BUSY: reply_login_page(request, 503, retry, "The server is busy. Try again.", form); break;
    case AUTHENTICATION_WRONG:
    case AUTHENTICATION_OK: reply_login_page(request, 403, NULL, "Wrong name or password.", form); break;
    }
}

static void begin_session(const struct http_request *request, const struct account *account, const char *next) {
    struct session session = session_begin(account, clock_realtime_ns() / NS_PER_S);
    char cookie[SESSION_COOKIE_CAPACITY];
    session_cookie_set(request, &session, cookie);
    log_event(LOG_LEVEL_INFO, NULL, "access: user %s logs in from %s", account->settings.name, request->client);
    reply_redirect(request, next, cookie);
}

static void check_login(struct server_context *context, const struct http_request *request) {
    char body[BODY_MAX_BYTES];
    size_t count;
    if (!http_read_body(request, body, sizeof body, &count)) {
        return;
    }
    struct form form;
    struct string_view text = {body, count};
    read_form_field(text, "name", form.name, sizeof form.name);
    read_form_field(text, "password", form.password, sizeof form.password);
    read_next_address(request, text, form.next);
    struct authentication found =
        authenticate_password(authorization_authenticator(context->authorization), request->principal->access,
                              request->client, form.name, form.password);
    if (found.result == AUTHENTICATION_OK) {
        history_note_login(context, request, form.name);
        begin_session(request, found.account, form.next);
    } else {
        reply_login_failure(request, &found, &form);
    }
    sodium_memzero(body, sizeof body);
    sodium_memzero(&form, sizeof form);
}

static void handle_login(struct server_context *context, const struct http_request *request,
                         const struct route *route) {
    struct form form = {.name = ""};
    read_next_address(request, string_view_of(request->query != NULL ? request->query : ""), form.next);
    if (access_is_open(request->principal->access)) {
        reply_redirect(request, form.next, "");
    } else if (route->method == METHOD_POST) {
        check_login(context, request);
    } else {
        reply_login_page(request, 200, NULL, "", &form);
    }
}

static void handle_logout(struct server_context *context, const struct http_request *request,
                          const struct route *route) {
    (void)route;
    if (request->principal->has_session) {
        authorization_end_session(context->authorization, &request->principal->session);
    }
    char cookie[SESSION_COOKIE_CAPACITY], address[ADDRESS_MAX_BYTES];
    session_cookie_clear(request, cookie);
    snprintf(address, sizeof address, "%s/login", base_path_of(request));
    reply_redirect(request, address, cookie);
}

const struct route_row login_route = {
    .pattern = "/login",
    .methods = METHODS_READ | METHOD_POST,
    .need = NEED_NOTHING,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_login,
};

const struct route_row logout_route = {
    .pattern = "/logout",
    .methods = METHOD_POST,
    .need = NEED_NO_ACCOUNT,
    .parameters = PARAMETER_NONE,
    .listener = LISTENER_MAIN,
    .handle = handle_logout,
};
