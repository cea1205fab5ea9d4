/* Finds the account of a request: by its Authorization header, else by its session cookie; and the link it carries.
 * Guessing is throttled (web/access/login_throttle.h), before anything is compared.
 *
 * Threads: any. */
#ifndef WEB_ACCESS_AUTHENTICATION_H
#define WEB_ACCESS_AUTHENTICATION_H

#include "web/access/access.h"
#include "web/access/failed_logins.h"
#include "web/access/session.h"
#include "web/access/signed_link.h"
#include "web/http/http.h"

#define SESSION_COOKIE "framebroker_session"

struct authenticator;

/* ERR_MEMORY. */
CHECKED enum err authenticator_create(struct authenticator **authenticator);
void authenticator_destroy(struct authenticator **authenticator);

/* `report` is called for failed attempts, as failed_logins.h bounds them, from now on, by any thread. To be called
 * before the first request. */
void authenticator_report_failures(struct authenticator *authenticator,
                                   void (*report)(void *user, const struct failed_login *failed), void *user);

enum authentication_result {
    AUTHENTICATION_OK,        /* or no credentials were given */
    AUTHENTICATION_WRONG,     /* name, password, token or key */
    AUTHENTICATION_THROTTLED, /* the address has to wait after failures; nothing was compared */
    AUTHENTICATION_BUSY,      /* too many passwords are being checked */
};

struct authentication {
    enum authentication_result result;
    unsigned retry_s;                  /* THROTTLED, BUSY, LINK_IS_THROTTLED: when to try again */
    const struct account *account;     /* NULL: none; borrowed from the access, as the lender */
    bool has_session;                  /* the account is known by a cookie */
    struct session session;            /* with has_session */
    const struct account *lender;      /* of a good link; NULL: none */
    enum signed_link_fault link_fault; /* of the link that was given */
    struct signed_link link;           /* with lender */
};

/* Blocks: while a password is checked, as the next. */
struct authentication authenticate_request(struct authenticator *authenticator, const struct access *access,
                                           const struct http_request *request);
struct authentication authenticate_password(struct authenticator *authenticator, const struct access *access,
                                            const char *address, const char *name, const char *password);
/* Compares the request's bearer token with a camera's own key; "": the camera has none, or there is no such camera. A
 * request without credentials is AUTHENTICATION_WRONG and counts as no failure. */
struct authentication authenticate_push(struct authenticator *authenticator, const struct http_request *request,
                                        const char *camera, const char *key);

/* Whether a session goes on: it has neither expired nor been ended. */
bool authenticator_knows_session(struct authenticator *authenticator, const struct session *session);
/* Ends one before its time. */
void authenticator_end_session(struct authenticator *authenticator, const struct session *session);

/* Attempts that were refused since the start, by the reason. */
enum refusal { REFUSAL_WRONG, REFUSAL_THROTTLED, REFUSAL_BUSY, REFUSALS };
uint64_t authenticator_refusal_count(const struct authenticator *authenticator, enum refusal refusal);

#endif
