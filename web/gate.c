#include "web/gate.h"

#include "broker/sync.h"
#include "web/assets.h"
#include "web/edge.h"
#include "web/urlencoded.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define ADDRESS_MAX_BYTES 1024

struct gate {
    struct identifier *identifier;
    struct access *open; /* without any account */
    struct lock lock;
    struct access *access GUARDED_BY(lock);
    struct gate_answer *answers GUARDED_BY(lock);
};

/* ---- Lifecycle ---- */

enum err gate_create(struct gate **out) {
    if (sodium_init() < 0) {
        return ERR_IO;
    }
    struct gate *gate = calloc(1, sizeof *gate);
    if (gate == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&gate->lock);
    enum err error = identifier_create(&gate->identifier);
    if (error == ERR_OK) {
        error = access_create(&(struct access_settings){.account_count = 0}, &gate->open);
    }
    if (error != ERR_OK) {
        gate_destroy(&gate);
        return error;
    }
    gate->access = access_ref(gate->open);
    *out = gate;
    return ERR_OK;
}

void gate_destroy(struct gate **gate_pointer) {
    struct gate *gate = *gate_pointer;
    *gate_pointer = NULL;
    if (gate == NULL) {
        return;
    }
    access_unref(&gate->access);
    access_unref(&gate->open);
    identifier_destroy(&gate->identifier);
    lock_finish(&gate->lock);
    free(gate);
}

struct identifier *gate_identifier(struct gate *gate) {
    return gate->identifier;
}

/* ---- Settings, and the answers that they concern ---- */

static bool may_go_on(const struct gate_answer *answer, struct access *access) {
    struct visitor renewed;
    visitor_renew(answer->visitor, access, &renewed);
    bool may = true;
    for (size_t i = 0; i < answer->camera_count && may; i++) {
        may = access_may_view(&renewed, topic_id(answer->cameras[i]));
    }
    visitor_finish(&renewed);
    return may;
}

/* Under the lock, so that the descriptor is still the answer's. Does not wait. */
static void end_answer(const struct gate_answer *answer) { shutdown(answer->fd, SHUT_RDWR); }

void gate_set_access(struct gate *gate, struct access *access) {
    access = access_ref(access != NULL ? access : gate->open);
    lock_acquire(&gate->lock);
    struct access *replaced = gate->access;
    gate->access = access;
    for (struct gate_answer *answer = gate->answers; answer != NULL; answer = answer->next) {
        if (!may_go_on(answer, access)) {
            end_answer(answer);
        }
    }
    lock_release(&gate->lock);
    access_unref(&replaced);
}

void gate_renew_visitor(struct gate *gate, const struct visitor *visitor, struct visitor *renewed) {
    lock_acquire(&gate->lock);
    struct access *access = access_ref(gate->access);
    lock_release(&gate->lock);
    visitor_renew(visitor, access, renewed);
    access_unref(&access);
    if (visitor->has_session && !identifier_knows_session(gate->identifier, &visitor->session)) {
        renewed->account = NULL;
        renewed->has_session = false;
    }
}

void gate_end_session(struct gate *gate, const struct session *session) {
    identifier_end_session(gate->identifier, session);
    lock_acquire(&gate->lock);
    for (struct gate_answer *answer = gate->answers; answer != NULL; answer = answer->next) {
        if (answer->visitor->has_session && session_is_same(&answer->visitor->session, session)) {
            end_answer(answer);
        }
    }
    lock_release(&gate->lock);
}

bool gate_begin_answer(struct gate *gate, struct gate_answer *answer, const struct visitor *visitor,
                       struct topic *const *cameras, size_t camera_count, int fd) {
    *answer = (struct gate_answer){.visitor = visitor, .cameras = cameras, .camera_count = camera_count, .fd = fd};
    lock_acquire(&gate->lock);
    /* The settings may have changed, and the session may have ended, since the visitor came. */
    bool may = (visitor->access == gate->access || may_go_on(answer, gate->access)) &&
               (!visitor->has_session || identifier_knows_session(gate->identifier, &visitor->session));
    if (may) {
        answer->next = gate->answers;
        if (answer->next != NULL) {
            answer->next->previous = answer;
        }
        gate->answers = answer;
    }
    lock_release(&gate->lock);
    return may;
}

void gate_end_answer(struct gate *gate, struct gate_answer *answer) {
    lock_acquire(&gate->lock);
    if (answer->previous != NULL) {
        answer->previous->next = answer->next;
    } else {
        gate->answers = answer->next;
    }
    if (answer->next != NULL) {
        answer->next->previous = answer->previous;
    }
    lock_release(&gate->lock);
}

/* ---- What routes need ---- */

enum need {
    NEED_ADMIN,   /* all rights */
    NEED_VIEW,    /* the right to view */
    NEED_PICTURE, /* that, or a link */
    NEED_NOTHING, /* and who asks is not looked at */
    NEED_NO_NAME, /* nothing, but it matters who asks */
};

static enum need need_of(const struct route *route) {
    static const enum need needs[] = {
        [ROUTE_GALLERY] = NEED_VIEW,        [ROUTE_CAMERA_PAGE] = NEED_VIEW,
        [ROUTE_STATUS_PAGE] = NEED_VIEW,    [ROUTE_VIDEO_FEED] = NEED_PICTURE,
        [ROUTE_SNAPSHOT] = NEED_PICTURE,    [ROUTE_PUSH_FRAME] = NEED_NOTHING, /* but the camera's own key */
        [ROUTE_PUSH_STREAM] = NEED_NOTHING, [ROUTE_FEED] = NEED_VIEW,
        [ROUTE_STATUS] = NEED_VIEW,         [ROUTE_CAMERAS] = NEED_VIEW,
        [ROUTE_CAMERA] = NEED_VIEW,         [ROUTE_CONTROLS] = NEED_VIEW,
        [ROUTE_RELOAD] = NEED_ADMIN,        [ROUTE_HEALTH] = NEED_NOTHING,
        [ROUTE_READY] = NEED_NO_NAME,       [ROUTE_ASSET] = NEED_VIEW,
        [ROUTE_LOGIN] = NEED_NOTHING,       [ROUTE_LOGOUT] = NEED_NO_NAME,
        [ROUTE_TOKENS] = NEED_VIEW,         [ROUTE_EVENTS] = NEED_VIEW,
        [ROUTE_OPENAPI] = NEED_VIEW,        [ROUTE_METRICS] = NEED_VIEW,
    };
    if (route->target == ROUTE_ASSET && asset_is_public(route->name)) {
        return NEED_NOTHING;
    }
    if (route->target == ROUTE_CONTROLS && route->method == METHOD_PUT) {
        return NEED_ADMIN;
    }
    return (size_t)route->target < sizeof needs / sizeof needs[0] ? needs[route->target] : NEED_ADMIN;
}

static bool is_enough(const struct visitor *visitor, enum need need) {
    enum rights rights = visitor_rights(visitor);
    switch (need) {
    case NEED_ADMIN: return rights >= RIGHTS_ADMIN;
    case NEED_VIEW: return rights >= RIGHTS_VIEW;
    case NEED_PICTURE: return rights >= RIGHTS_VIEW || visitor->lender != NULL;
    case NEED_NOTHING:
    case NEED_NO_NAME: break;
    }
    return true;
}

/* ---- Refusing ---- */

static bool has_prefix(const char *text, const char *prefix) {
    return text != NULL && strncasecmp(text, prefix, strlen(prefix)) == 0;
}

/* Whether a person looks at a page, and can be sent to the login. */
static bool wants_page(const struct http_request *request, const struct route *route) {
    const char *accept = http_header(request, "Accept");
    return (route->method == METHOD_GET || route->method == METHOD_HEAD) && accept != NULL &&
           strstr(accept, "text/html") != NULL;
}

static void send_to_login(const struct http_request *request) {
    const char *base = edge_settings(request->edge)->base_path;
    char *location = NULL;
    size_t count = 0;
    FILE *out = open_memstream(&location, &count);
    if (out != NULL) {
        char address[ADDRESS_MAX_BYTES]; /* three times as long once it is written */
        snprintf(address, sizeof address, "%s%s%s%s", base, request->path, request->query != NULL ? "?" : "",
                 request->query != NULL ? request->query : "");
        fprintf(out, "Location: %s/login?next=", base);
        urlencoded_write(out, address);
        fputs("\r\n", out);
        fclose(out);
    }
    http_reply(request, &(struct http_reply){.status = 303, .content_type = "text/plain", .headers = location});
    free(location);
}

/* Programs are asked for a name and password. Browsers would ask with a window of their own, also for what a page
 * fetches, so they are asked for what they do not know. */
static const char *challenge(const struct http_request *request) {
    bool is_browser =
        http_header(request, "Sec-Fetch-Mode") != NULL || has_prefix(http_header(request, "User-Agent"), "Mozilla/");
    return is_browser ? "WWW-Authenticate: Bearer realm=\"framebroker\"\r\n"
                      : "WWW-Authenticate: Basic realm=\"framebroker\", charset=\"UTF-8\"\r\n";
}

void gate_refuse(const struct http_request *request, const struct identification *found) {
    char headers[64];
    snprintf(headers, sizeof headers, "Retry-After: %u\r\n", found->retry_s);
    switch (found->verdict) {
    case VERDICT_TOO_SOON:
        http_reply_error(request, 429, headers, "too_many_failures",
                         "too many wrong passwords came from your address; try again in %u s", found->retry_s);
        break;
    case VERDICT_BUSY:
        http_reply_error(request, 503, headers, "too_many_logins", "too many passwords are being checked");
        break;
    case VERDICT_WRONG:
        http_reply_error(request, 401, challenge(request), "wrong_credentials", "wrong name, password or token");
        break;
    case VERDICT_RIGHT: break;
    }
}

static void refuse_stranger(const struct http_request *request, const struct route *route,
                            const struct identification *found) {
    if (found->link_fault == LINK_HAS_EXPIRED) {
        http_reply_error(request, 401, challenge(request), "link_expired", "this link has expired; ask for a new one");
    } else if (found->link_fault == LINK_IS_FORGED) {
        http_reply_error(request, 401, challenge(request), "bad_link", "this link is not valid, or not any more");
    } else if (wants_page(request, route)) {
        send_to_login(request);
    } else {
        http_reply_error(request, 401, challenge(request), "unauthorized",
                         "this needs a name and password or a token; people log in at /login");
    }
}

/* ---- Admitting ---- */

static struct visitor visitor_of(struct access *access, const struct identification *found) {
    return (struct visitor){.access = access,
                            .account = found->account,
                            .lender = found->lender,
                            .link = found->link,
                            .has_session = found->has_session,
                            .session = found->session};
}

/* False after refusing the request. */
static bool check(const struct http_request *request, const struct route *route, enum need need,
                  const struct visitor *visitor, const struct identification *found) {
    if (found->verdict != VERDICT_RIGHT && need != NEED_NO_NAME) {
        gate_refuse(request, found);
        return false;
    }
    if (!is_enough(visitor, need)) {
        if (visitor->account == NULL) {
            refuse_stranger(request, route, found);
        } else {
            http_reply_error(request, 403, NULL, "forbidden", "this needs the right \"admin\"");
        }
        return false;
    }
    bool is_reading = route->method == METHOD_GET || route->method == METHOD_HEAD;
    /* The edge has looked at it where it is said, as browsers always do. */
    if (visitor->has_session && !is_reading && http_header(request, "Origin") == NULL) {
        http_reply_error(request, 403, NULL, "origin_not_said",
                         "with a login's cookie, a request that changes something must say from which page it comes");
        return false;
    }
    return true;
}

bool gate_admit(struct gate *gate, const struct http_request *request, const struct route *route,
                struct visitor *visitor) {
    lock_acquire(&gate->lock);
    struct access *access = access_ref(gate->access);
    lock_release(&gate->lock);
    enum need need = need_of(route);
    struct identification found = {.verdict = VERDICT_RIGHT};
    if (need != NEED_NOTHING) {
        found = identify_request(gate->identifier, access, request);
    }
    *visitor = visitor_of(access, &found);
    if (!check(request, route, need, visitor, &found)) {
        visitor_finish(visitor);
        return false;
    }
    return true;
}
