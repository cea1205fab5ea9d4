#include "web/identify.h"

#include "broker/clock.h"
#include "broker/log.h"
#include "web/credentials.h"
#include "web/password_checker.h"
#include "web/throttle.h"
#include "web/urlencoded.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct identifier {
    struct throttle *throttle;
    struct ended_sessions *ended;
    struct password_checker *checker;
};

enum err identifier_create(struct identifier **out) {
    struct identifier *identifier = calloc(1, sizeof *identifier);
    if (identifier == NULL) {
        return ERR_MEMORY;
    }
    enum err error = throttle_create(&identifier->throttle);
    if (error == ERR_OK) {
        error = ended_sessions_create(&identifier->ended);
    }
    if (error == ERR_OK) {
        error = password_checker_create(&identifier->checker);
    }
    if (error != ERR_OK) {
        identifier_destroy(&identifier);
        return error;
    }
    *out = identifier;
    return ERR_OK;
}

void identifier_destroy(struct identifier **identifier_pointer) {
    struct identifier *identifier = *identifier_pointer;
    *identifier_pointer = NULL;
    if (identifier == NULL) {
        return;
    }
    password_checker_destroy(&identifier->checker);
    ended_sessions_destroy(&identifier->ended);
    throttle_destroy(&identifier->throttle);
    free(identifier);
}

static int64_t now_s(void) { return clock_realtime_ns() / NS_PER_S; }

/* ---- Passwords and tokens ---- */

static unsigned round_up_s(int64_t duration_ns) { return (unsigned)((duration_ns + NS_PER_S - 1) / NS_PER_S); }

static struct identification fail(struct identifier *identifier, const char *address, const struct account *account,
                                  const char *what) {
    throttle_failed(identifier->throttle, address, clock_monotonic_ns());
    /* A name that is not one of ours may be a password in the wrong place. */
    log_event(LOG_LEVEL_WARNING, NULL, "access: %s%s%s from %s", what, account != NULL ? " of user " : "",
              account != NULL ? account->settings.name : "", address);
    return (struct identification){.verdict = VERDICT_WRONG};
}

/* What is known to be wrong without a check. */
static struct identification refuse(struct identifier *identifier, const char *address, const char *what) {
    int64_t wait_ns = throttle_wait_ns(identifier->throttle, address, clock_monotonic_ns());
    if (wait_ns > 0) {
        return (struct identification){.verdict = VERDICT_TOO_SOON, .retry_s = round_up_s(wait_ns)};
    }
    return fail(identifier, address, NULL, what);
}

struct identification identify_password(struct identifier *identifier, const struct access *access, const char *address,
                                        const char *name, const char *password) {
    const struct account *user = access_find_user(access, name);
    /* An unknown name costs the same time as a known one. */
    const struct account *asked = user != NULL ? user : access_pick_user(access, name);
    if (asked == NULL) {
        return refuse(identifier, address, "there are no users, but a password came");
    }
    const char *hash = asked->settings.password_hash;
    int64_t wait_ns = throttle_wait_ns(identifier->throttle, address, clock_monotonic_ns());
    if (wait_ns > 0 && !password_checker_knows(identifier->checker, address, hash, password)) {
        return (struct identification){.verdict = VERDICT_TOO_SOON, .retry_s = round_up_s(wait_ns)};
    }
    bool matches = false;
    unsigned most = throttle_tries_at_once(identifier->throttle, address);
    enum err error = password_checker_ask(identifier->checker, address, hash, password, most, &matches);
    if (error == ERR_BUSY || error == ERR_MEMORY) {
        return (struct identification){.verdict = VERDICT_BUSY, .retry_s = 1};
    }
    if (!matches || user == NULL) {
        return fail(identifier, address, user, user != NULL ? "wrong password" : "unknown user");
    }
    return (struct identification){.verdict = VERDICT_RIGHT, .account = user};
}

/* The right token is known at once, so that nobody who has one suffers from others at his address. */
static struct identification identify_token(struct identifier *identifier, const struct access *access,
                                            const char *address, const char *token) {
    const struct account *account = access_find_token(access, token);
    return account != NULL ? (struct identification){.verdict = VERDICT_RIGHT, .account = account}
                           : refuse(identifier, address, "unknown token");
}

struct identification identify_wrong_key(struct identifier *identifier, const char *address) {
    return refuse(identifier, address, "wrong key for pushing");
}

/* ---- Sessions and links ---- */

bool identifier_knows_session(struct identifier *identifier, const struct session *session) {
    return now_s() < session->expires_s && !ended_sessions_has(identifier->ended, session);
}

static void identify_session(struct identifier *identifier, const struct access *access, const char *header,
                             struct identification *found) {
    size_t count = 0;
    const char *cookie = credentials_find_cookie(header, SESSION_COOKIE, &count);
    if (cookie == NULL || !session_read(cookie, count, access_session_key(access), &found->session) ||
        !identifier_knows_session(identifier, &found->session)) {
        return;
    }
    found->account = access_find_fingerprint(access, &found->session.fingerprint);
    found->has_session = found->account != NULL;
}

static void identify_link(const struct access *access, const char *query, struct identification *found) {
    struct piece value;
    if (query == NULL || urlencoded_find(piece_of(query), "token", &value) == 0) {
        return;
    }
    char token[SIGNED_TEXT_ROOM_BYTES];
    found->link_fault = LINK_IS_FORGED;
    if (urlencoded_decode(value, token, sizeof token)) {
        found->link_fault = signed_link_read(token, access_link_key(access), now_s(), &found->link);
    }
    if (found->link_fault == LINK_IS_GOOD) {
        found->lender = access_find_fingerprint(access, &found->link.fingerprint);
        found->link_fault = found->lender == NULL ? LINK_IS_FORGED : LINK_IS_GOOD;
    }
}

void identifier_end_session(struct identifier *identifier, const struct session *session) {
    ended_sessions_add(identifier->ended, session, now_s());
}

/* ---- All ---- */

struct identification identify_request(struct identifier *identifier, const struct access *access,
                                       const struct http_request *request) {
    struct identification found = {.verdict = VERDICT_RIGHT};
    if (access_is_open(access)) {
        return found;
    }
    struct credentials credentials;
    credentials_parse(http_header(request, "Authorization"), &credentials);
    switch (credentials.kind) {
    case CREDENTIALS_BASIC:
        found = identify_password(identifier, access, request->client, credentials.name, credentials.secret);
        break;
    case CREDENTIALS_BEARER: found = identify_token(identifier, access, request->client, credentials.secret); break;
    case CREDENTIALS_MALFORMED: found.verdict = VERDICT_WRONG; break;
    case CREDENTIALS_NONE: identify_session(identifier, access, http_header(request, "Cookie"), &found); break;
    }
    sodium_memzero(&credentials, sizeof credentials);
    identify_link(access, request->query, &found);
    return found;
}
