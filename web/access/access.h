/* Who may do what: the accounts of a configuration.
 *
 * An account is a user, who has a password, or a token. Each has rights, over every camera or over those whose ids
 * match one of its patterns. Without any account everybody may do everything.
 *
 * Lifecycle: struct access never changes; another takes its place when the configuration does. It is counted.
 * Threads: any. */
#ifndef WEB_ACCESS_ACCESS_H
#define WEB_ACCESS_ACCESS_H

#include "broker/topic_settings.h"
#include "web/access/signed_text.h"

#include <stdint.h>

#define ACCOUNT_NAME_MAX_BYTES 64
#define TOKEN_MIN_BYTES 20
#define TOKEN_MAX_BYTES 256
#define TOKEN_DIGEST_BYTES 32
#define SECRET_MIN_BYTES 32
#define FINGERPRINT_BYTES 16

/* Each holds those before it. */
enum rights { RIGHTS_NONE, RIGHTS_VIEW, RIGHTS_ADMIN };

enum account_kind { ACCOUNT_USER, ACCOUNT_TOKEN };

struct account_settings {
    enum account_kind kind;
    const char *name;                               /* no other's of the kind */
    const char *password_hash;                      /* of a user */
    unsigned char token_digest[TOKEN_DIGEST_BYTES]; /* of a token: SHA-256 */
    enum rights rights;
    bool views_recordings;      /* of the cameras that it may view */
    const char *const *cameras; /* ids; * matches any characters, ? one */
    size_t camera_count;        /* 0: every camera */
};

struct access_settings {
    const struct account_settings *accounts;
    size_t account_count;
    const char *secret; /* what cookies and links are signed with; NULL: another one in each process */
};

/* Whether a text can be a token: long enough to be beyond guessing, and of characters that a header can carry. */
bool access_is_token(const char *text);
void access_digest_token(const char *token, unsigned char digest[TOKEN_DIGEST_BYTES]);

/* Stands for an account with its password or token as they are now: with another password it is another. */
struct fingerprint {
    unsigned char bytes[FINGERPRINT_BYTES];
};

struct account {
    struct account_settings settings;
    struct fingerprint fingerprint;
};

struct access;

/* settings is copied. ERR_MEMORY. */
CHECKED enum err access_create(const struct access_settings *settings, struct access **access);
struct access *access_ref(struct access *access);
/* *access may be NULL. */
void access_unref(struct access **access);

/* What cookies and links are signed with; borrowed. */
const struct signing_key *access_session_key(const struct access *access);
const struct signing_key *access_link_key(const struct access *access);

/* Whether everybody may do everything. */
bool access_is_open(const struct access *access);
/* All borrowed; NULL: there is none. */
const struct account *access_find_user(const struct access *access, const char *name);
const struct account *access_find_token(const struct access *access, const char *token);
const struct account *access_find_fingerprint(const struct access *access, const struct fingerprint *fingerprint);
/* Some user, always the same for the same name; NULL where there are no users. */
const struct account *access_pick_user(const struct access *access, const char *name);
bool account_may_view(const struct account *account, const char *camera_id);

#endif
