#include "web/access/authentication.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "web/access/credentials.h"
#include "web/access/login_throttle.h"
#include "web/access/password_checker.h"
#include "web/http/urlencoded.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct authenticator {
    struct login_throttle *throttle;
    struct ended_sessions *ended;
    struct password_checker *checker;
    struct failed_logins failed;
    void (*report)(void *user, const struct failed_login *failed); /* NULL: nobody asks */
    void *report_user;
    _Atomic uint64_t refusals[REFUSALS]; /* relaxed: each counts for itself */
};

enum err authenticator_create(struct authenticator **out) {
    struct authenticator *authenticator = calloc(1, sizeof *authenticator);
    if (authenticator == NULL) {
        return ERR_MEMORY;
    }
    failed_logins_init(&authenticator->failed);
    enum err error = login_throttle_create(&authenticator->throttle);
    if (error == ERR_OK) {
        error = ended_sessions_create(&authenticator->ended);
    }
    if (error == ERR_OK) {
        error = password_checker_create(&authenticator->checker);
    }
    if (error != ERR_OK) {
        authenticator_destroy(&authenticator);
        return error;
    }
    *out = authenticator;
    return ERR_OK;
}

void authenticator_destroy(struct authenticator **authenticator_pointer) {
    struct authenticator *authenticator = *authenticator_pointer;
    *authenticator_pointer = NULL;
    if (authenticator == NULL) {
        return;
    }
    password_checker_destroy(&authenticator->checker);
    ended_sessions_destroy(&authenticator->ended);
    login_throttle_destroy(&authenticator->throttle);
    failed_logins_finish(&authenticator->failed);
    free(authenticator);
}

static int64_t now_s(void) { return clock_realtime_ns() / NS_PER_S; }

/* ---- Counting what is refused ---- */

static void count_refusal(struct authenticator *authenticator, enum refusal refusal) {
    atomic_fetch_add_explicit(&authenticator->refusals[refusal], 1, memory_order_relaxed);
}

uint64_t authenticator_refusal_count(const struct authenticator *authenticator, enum refusal refusal) {
    return atomic_load_explicit(&authenticator->refusals[refusal], memory_order_relaxed);
}

void authenticator_report_failures(struct authenticator *authenticator,
                                   void (*report)(void *user, const struct failed_login *failed), void *user) {
    authenticator->report = report;
    authenticator->report_user = user;
}

static void report_failures(struct authenticator *authenticator, int64_t now_ns) {
    struct failed_login due;
    while (authenticator->report != NULL && failed_logins_take(&authenticator->failed, now_ns, &due)) {
        authenticator->report(authenticator->report_user, &due);
    }
}

static unsigned round_up_s(int64_t duration_ns) { return (unsigned)((duration_ns + NS_PER_S - 1) / NS_PER_S); }

static struct authentication refuse_for_now(struct authenticator *authenticator, const struct login_attempt *attempt,
                                            int64_t wait_ns) {
    count_refusal(authenticator, REFUSAL_THROTTLED);
    log_rate_limited(LOG_LEVEL_WARNING, NULL, "login throttled", "access: %s has to wait after failed attempts",
                     attempt->address);
    return (struct authentication){.result = AUTHENTICATION_THROTTLED, .retry_s = round_up_s(wait_ns)};
}

/* Comes before any comparison. */
static bool is_throttled(struct authenticator *authenticator, const struct login_attempt *attempt,
                         struct authentication *refused) {
    int64_t wait_ns = login_throttle_wait_ns(authenticator->throttle, attempt, clock_monotonic_ns());
    if (wait_ns > 0) {
        *refused = refuse_for_now(authenticator, attempt, wait_ns);
    }
    return wait_ns > 0;
}

/* user: whose password it was not; NULL: not that of a user. */
static struct authentication fail_attempt(struct authenticator *authenticator, const struct login_attempt *attempt,
                                          const struct account *user, const char *what) {
    const int64_t now_ns = clock_monotonic_ns();
    int64_t wait_ns = login_throttle_note_failure(authenticator->throttle, attempt, now_ns);
    count_refusal(authenticator, REFUSAL_WRONG);
    /* An unknown name may be a password in the wrong place. */
    failed_logins_note(&authenticator->failed, attempt, user != NULL ? user->settings.name : "", now_ns);
    report_failures(authenticator, now_ns);
    log_event(LOG_LEVEL_WARNING, NULL, "access: %s%s%s from %s", what, user != NULL ? " of user " : "",
              user != NULL ? user->settings.name : "", attempt->address);
    return wait_ns > 0 ? refuse_for_now(authenticator, attempt, wait_ns)
                       : (struct authentication){.result = AUTHENTICATION_WRONG};
}

static struct authentication accept_attempt(struct authenticator *authenticator, const struct login_attempt *attempt,
                                            const struct account *account) {
    const int64_t now_ns = clock_monotonic_ns();
    login_throttle_note_success(authenticator->throttle, attempt, now_ns);
    report_failures(authenticator, now_ns);
    return (struct authentication){.result = AUTHENTICATION_OK, .account = account};
}

/* ---- Passwords, tokens and keys ---- */

struct authentication authenticate_password(struct authenticator *authenticator, const struct access *access,
                                            const char *address, const char *name, const char *password) {
    const struct login_attempt attempt = {SECRET_PASSWORD, address, name};
    struct authentication refused;
    if (is_throttled(authenticator, &attempt, &refused)) {
        return refused;
    }
    const struct account *user = access_find_user(access, name);
    /* An unknown name costs the same time as a known one. */
    const struct account *checked = user != NULL ? user : access_pick_user(access, name);
    if (checked == NULL) {
        return fail_attempt(authenticator, &attempt, NULL, "password, but there are no users,");
    }
    const struct password_question question = {
        .address = address,
        .hash = checked->settings.password_hash,
        .password = password,
        .max_concurrent = login_throttle_max_concurrent(authenticator->throttle, &attempt),
        .standing = login_throttle_standing(authenticator->throttle, &attempt, clock_monotonic_ns()),
    };
    bool matches = false;
    enum err error = password_checker_ask(authenticator->checker, &question, &matches);
    if (error == ERR_BUSY || error == ERR_MEMORY) {
        count_refusal(authenticator, REFUSAL_BUSY);
        return (struct authentication){.result = AUTHENTICATION_BUSY, .retry_s = 1};
    }
    if (!matches || user == NULL) {
        return fail_attempt(authenticator, &attempt, user, user != NULL ? "wrong password" : "unknown user");
    }
    return accept_attempt(authenticator, &attempt, user);
}

static struct authentication authenticate_token(struct authenticator *authenticator, const struct access *access,
                                                const char *address, const char *token) {
    const struct login_attempt attempt = {SECRET_TOKEN, address, ""};
    struct authentication refused;
    if (is_throttled(authenticator, &attempt, &refused)) {
        return refused;
    }
    const struct account *account = access_find_token(access, token);
    return account != NULL ? accept_attempt(authenticator, &attempt, account)
                           : fail_attempt(authenticator, &attempt, NULL, "unknown token");
}

/* Takes the same time whatever the guess, and whether there is a key. */
static bool is_push_key(const char *given, const char *key) {
    unsigned char given_digest[TOKEN_DIGEST_BYTES], key_digest[TOKEN_DIGEST_BYTES];
    access_digest_token(given, given_digest);
    access_digest_token(key, key_digest);
    return sodium_memcmp(given_digest, key_digest, sizeof key_digest) == 0 && key[0] != '\0';
}

struct authentication authenticate_push(struct authenticator *authenticator, const struct http_request *request,
                                        const char *camera, const char *key) {
    const struct login_attempt attempt = {SECRET_PUSH_KEY, request->client, camera};
    const char *header = http_header(request, "Authorization");
    const char *given = credentials_find_bearer(header);
    struct authentication refused = {.result = AUTHENTICATION_WRONG};
    if (header == NULL || is_throttled(authenticator, &attempt, &refused)) {
        return refused;
    }
    return given != NULL && is_push_key(given, key)
               ? accept_attempt(authenticator, &attempt, NULL)
               : fail_attempt(authenticator, &attempt, NULL, "wrong key for pushing");
}

/* ---- Sessions and links ---- */

bool authenticator_knows_session(struct authenticator *authenticator, const struct session *session) {
    return now_s() < session->expires_s && !ended_sessions_has(authenticator->ended, session);
}

static void authenticate_session(struct authenticator *authenticator, const struct access *access, const char *header,
                                 struct authentication *found) {
    size_t count = 0;
    const char *cookie = credentials_find_cookie(header, SESSION_COOKIE, &count);
    if (cookie == NULL || !session_read(cookie, count, access_session_key(access), &found->session) ||
        !authenticator_knows_session(authenticator, &found->session)) {
        return;
    }
    found->account = access_find_fingerprint(access, &found->session.fingerprint);
    found->has_session = found->account != NULL;
}

static void authenticate_link(struct authenticator *authenticator, const struct access *access,
                              const struct http_request *request, struct authentication *found) {
    const struct login_attempt attempt = {SECRET_LINK, request->client, ""};
    struct authentication throttled;
    struct string_view value;
    if (request->query == NULL || urlencoded_find(string_view_of(request->query), "token", &value) == 0) {
        return;
    }
    if (is_throttled(authenticator, &attempt, &throttled)) {
        found->link_fault = LINK_IS_THROTTLED;
        found->retry_s = throttled.retry_s;
        return;
    }
    char token[SIGNED_TEXT_ROOM_BYTES];
    found->link_fault = LINK_IS_FORGED;
    if (urlencoded_decode(value, token, sizeof token)) {
        found->link_fault = signed_link_read(token, access_link_key(access), now_s(), &found->link);
    }
    if (found->link_fault == LINK_IS_FORGED) {
        struct authentication failed = fail_attempt(authenticator, &attempt, NULL, "invalid link");
        (void)failed; /* a link that is refused may come beside good credentials */
        return;
    }
    accept_attempt(authenticator, &attempt, NULL);
    if (found->link_fault == LINK_IS_GOOD) {
        found->lender = access_find_fingerprint(access, &found->link.fingerprint);
        found->link_fault = found->lender == NULL ? LINK_IS_FORGED : LINK_IS_GOOD;
    }
}

void authenticator_end_session(struct authenticator *authenticator, const struct session *session) {
    ended_sessions_add(authenticator->ended, session, now_s());
}

/* ---- All ---- */

struct authentication authenticate_request(struct authenticator *authenticator, const struct access *access,
                                           const struct http_request *request) {
    struct authentication found = {.result = AUTHENTICATION_OK};
    if (access_is_open(access)) {
        return found;
    }
    struct credentials credentials;
    credentials_parse(http_header(request, "Authorization"), &credentials);
    switch (credentials.kind) {
    case CREDENTIALS_BASIC:
        found = authenticate_password(authenticator, access, request->client, credentials.name, credentials.secret);
        break;
    case CREDENTIALS_BEARER:
        found = authenticate_token(authenticator, access, request->client, credentials.secret);
        break;
    case CREDENTIALS_MALFORMED: found.result = AUTHENTICATION_WRONG; break;
    case CREDENTIALS_NONE: authenticate_session(authenticator, access, http_header(request, "Cookie"), &found); break;
    }
    sodium_memzero(&credentials, sizeof credentials);
    authenticate_link(authenticator, access, request, &found);
    return found;
}
