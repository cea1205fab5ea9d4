#include "web/access/authorization.h"

#include "broker/base/sync.h"
#include "broker/topic.h"
#include "web/access/request_policy.h"
#include "web/assets/assets.h"
#include "web/http/urlencoded.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#define ADDRESS_MAX_BYTES 1024

struct authorization {
    struct authenticator *authenticator;
    struct access *open; /* without any account */
    struct lock lock;
    struct access *access GUARDED_BY(lock);
    LIST_HEAD(, long_response) responses GUARDED_BY(lock);
};

/* ---- Lifecycle ---- */

enum err authorization_create(struct authorization **out) {
    if (sodium_init() < 0) {
        return ERR_IO;
    }
    struct authorization *authorization = calloc(1, sizeof *authorization);
    if (authorization == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&authorization->lock);
    enum err error = authenticator_create(&authorization->authenticator);
    if (error == ERR_OK) {
        error = access_create(&(struct access_settings){.account_count = 0}, &authorization->open);
    }
    if (error != ERR_OK) {
        authorization_destroy(&authorization);
        return error;
    }
    authorization->access = access_ref(authorization->open);
    *out = authorization;
    return ERR_OK;
}

void authorization_destroy(struct authorization **authorization_pointer) {
    struct authorization *authorization = *authorization_pointer;
    *authorization_pointer = NULL;
    if (authorization == NULL) {
        return;
    }
    access_unref(&authorization->access);
    access_unref(&authorization->open);
    authenticator_destroy(&authorization->authenticator);
    lock_finish(&authorization->lock);
    free(authorization);
}

struct authenticator *authorization_authenticator(struct authorization *authorization) {
    return authorization->authenticator;
}

/* ---- Settings, and the long responses that they concern ---- */

static bool may_go_on(const struct long_response *response, struct access *access) {
    struct principal renewed;
    principal_renew(response->principal, access, &renewed);
    bool may = true;
    for (size_t i = 0; i < response->camera_count && may; i++) {
        may = access_may_view(&renewed, topic_id(response->cameras[i]));
    }
    principal_finish(&renewed);
    return may;
}

/* Under the lock, so that the descriptor is still the response's. Does not wait. */
static void shut_response(const struct long_response *response) { shutdown(response->fd, SHUT_RDWR); }

void authorization_set_access(struct authorization *authorization, struct access *access) {
    access = access_ref(access != NULL ? access : authorization->open);
    lock_acquire(&authorization->lock);
    struct access *replaced = authorization->access;
    authorization->access = access;
    struct long_response *response;
    LIST_FOREACH (response, &authorization->responses, in_authorization) {
        if (!may_go_on(response, access)) {
            shut_response(response);
        }
    }
    lock_release(&authorization->lock);
    access_unref(&replaced);
}

void authorization_renew_principal(struct authorization *authorization, const struct principal *principal,
                                   struct principal *renewed) {
    lock_acquire(&authorization->lock);
    struct access *access = access_ref(authorization->access);
    lock_release(&authorization->lock);
    principal_renew(principal, access, renewed);
    access_unref(&access);
    if (principal->has_session && !authenticator_knows_session(authorization->authenticator, &principal->session)) {
        renewed->account = NULL;
        renewed->has_session = false;
    }
}

void authorization_end_session(struct authorization *authorization, const struct session *session) {
    authenticator_end_session(authorization->authenticator, session);
    lock_acquire(&authorization->lock);
    struct long_response *response;
    LIST_FOREACH (response, &authorization->responses, in_authorization) {
        if (response->principal->has_session && session_is_same(&response->principal->session, session)) {
            shut_response(response);
        }
    }
    lock_release(&authorization->lock);
}

bool authorization_register_response(struct authorization *authorization, struct long_response *response,
                                     const struct principal *principal, struct topic *const *cameras,
                                     size_t camera_count, int fd) {
    *response =
        (struct long_response){.principal = principal, .cameras = cameras, .camera_count = camera_count, .fd = fd};
    lock_acquire(&authorization->lock);
    /* The settings may have changed, and the session may have ended, since the request was admitted. */
    bool may =
        (principal->access == authorization->access || may_go_on(response, authorization->access)) &&
        (!principal->has_session || authenticator_knows_session(authorization->authenticator, &principal->session));
    if (may) {
        LIST_INSERT_HEAD(&authorization->responses, response, in_authorization);
    }
    lock_release(&authorization->lock);
    return may;
}

void authorization_unregister_response(struct authorization *authorization, struct long_response *response) {
    lock_acquire(&authorization->lock);
    LIST_REMOVE(response, in_authorization);
    lock_release(&authorization->lock);
}

/* ---- What routes need ---- */

static enum route_need need_of(const struct route *route) {
    if (route->row->need == NEED_PUBLIC_ASSET) {
        return asset_is_public(route->name) ? NEED_NOTHING : NEED_VIEW;
    }
    return route->row->need;
}

static bool is_enough(const struct principal *principal, enum route_need need) {
    enum rights rights = principal_rights(principal);
    switch (need) {
    case NEED_ADMIN: return rights >= RIGHTS_ADMIN;
    case NEED_VIEW: return rights >= RIGHTS_VIEW;
    case NEED_PICTURE: return rights >= RIGHTS_VIEW || principal->lender != NULL;
    case NEED_NOTHING:
    case NEED_NO_ACCOUNT: return true;
    case NEED_PUBLIC_ASSET: break; /* need_of() has resolved it */
    }
    return false;
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
    const char *base = request_policy_settings(request->policy)->base_path;
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

static void reply_throttled(const struct http_request *request, unsigned retry_s) {
    char headers[64];
    snprintf(headers, sizeof headers, "Retry-After: %u\r\n", retry_s);
    http_reply_error(request, 429, headers, "too_many_failures",
                     "too many failed attempts from your address; try again in %u s", retry_s);
}

void authorization_refuse(const struct http_request *request, const struct authentication *found) {
    switch (found->result) {
    case AUTHENTICATION_THROTTLED: reply_throttled(request, found->retry_s); break;
    case AUTHENTICATION_BUSY:
        http_reply_error(request, 503, "Retry-After: 1\r\n", "too_many_logins",
                         "too many passwords are being checked; try again");
        break;
    case AUTHENTICATION_WRONG:
        http_reply_error(request, 401, challenge(request), "wrong_credentials", "wrong name, password or token");
        break;
    case AUTHENTICATION_OK: break;
    }
}

static void refuse_anonymous(const struct http_request *request, const struct route *route,
                             const struct authentication *found) {
    if (found->link_fault == LINK_HAS_EXPIRED) {
        http_reply_error(request, 401, challenge(request), "link_expired", "this link has expired; ask for a new one");
    } else if (found->link_fault == LINK_IS_THROTTLED) {
        reply_throttled(request, found->retry_s);
    } else if (found->link_fault == LINK_IS_FORGED) {
        http_reply_error(request, 401, challenge(request), "bad_link", "this link is invalid or has been revoked");
    } else if (wants_page(request, route)) {
        send_to_login(request);
    } else {
        http_reply_error(request, 401, challenge(request), "unauthorized",
                         "this needs a name and password or a token; people log in at /login");
    }
}

/* ---- Admitting ---- */

static struct principal principal_of(struct access *access, const struct authentication *found) {
    return (struct principal){.access = access,
                              .account = found->account,
                              .lender = found->lender,
                              .link = found->link,
                              .has_session = found->has_session,
                              .session = found->session};
}

/* False after refusing the request. */
static bool check_need(const struct http_request *request, const struct route *route, enum route_need need,
                       const struct principal *principal, const struct authentication *found) {
    if (found->result != AUTHENTICATION_OK && need != NEED_NO_ACCOUNT) {
        authorization_refuse(request, found);
        return false;
    }
    if (!is_enough(principal, need)) {
        if (principal->account == NULL) {
            refuse_anonymous(request, route, found);
        } else {
            http_reply_error(request, 403, NULL, "forbidden", "this needs the right \"admin\"");
        }
        return false;
    }
    bool is_reading = route->method == METHOD_GET || route->method == METHOD_HEAD;
    /* Where the header is present, the request policy has checked it; browsers always send it. */
    if (principal->has_session && !is_reading && http_header(request, "Origin") == NULL) {
        http_reply_error(request, 403, NULL, "origin_not_said",
                         "a request that changes something with a session cookie must have an Origin header");
        return false;
    }
    return true;
}

bool authorization_admit(struct authorization *authorization, const struct http_request *request,
                         const struct route *route, struct principal *principal) {
    lock_acquire(&authorization->lock);
    struct access *access = access_ref(authorization->access);
    lock_release(&authorization->lock);
    enum route_need need = need_of(route);
    struct authentication found = {.result = AUTHENTICATION_OK};
    if (need != NEED_NOTHING) {
        found = authenticate_request(authorization->authenticator, access, request);
    }
    *principal = principal_of(access, &found);
    if (!check_need(request, route, need, principal, &found)) {
        principal_finish(principal);
        return false;
    }
    return true;
}
