#include "web/access/access.h"

#include "broker/base/refcount.h"
#include "web/access/credentials.h"

#include <fnmatch.h>
#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* All of it is one block: the accounts, then the patterns' addresses, then the texts. */
struct access {
    struct refcount references;
    struct signing_key session_key, link_key;
    size_t account_count;
    struct account accounts[];
};

bool access_is_token(const char *text) {
    size_t count = strlen(text);
    return count >= TOKEN_MIN_BYTES && count <= TOKEN_MAX_BYTES && strspn(text, CREDENTIALS_TOKEN_CHARACTERS) == count;
}

void access_digest_token(const char *token, unsigned char digest[TOKEN_DIGEST_BYTES]) {
    crypto_hash_sha256(digest, (const unsigned char *)token, strlen(token));
}

/* ---- Lifecycle ---- */

static size_t size_with_nul(const char *text) { return strlen(text) + 1; }

/* What the patterns and texts of an account take. */
static void measure(const struct account_settings *settings, size_t *pattern_count, size_t *text_bytes) {
    *pattern_count += settings->camera_count;
    *text_bytes += size_with_nul(settings->name);
    if (settings->kind == ACCOUNT_USER) {
        *text_bytes += size_with_nul(settings->password_hash);
    }
    for (size_t i = 0; i < settings->camera_count; i++) {
        *text_bytes += size_with_nul(settings->cameras[i]);
    }
}

static const char *copy_text(const char *text, char **room) {
    size_t count = size_with_nul(text);
    char *copy = memcpy(*room, text, count);
    *room += count;
    return copy;
}

static struct account_settings copy_settings(const struct account_settings *settings, const char ***patterns,
                                             char **room) {
    struct account_settings copy = *settings;
    copy.name = copy_text(settings->name, room);
    if (settings->kind == ACCOUNT_USER) {
        copy.password_hash = copy_text(settings->password_hash, room);
    }
    copy.cameras = *patterns;
    for (size_t i = 0; i < settings->camera_count; i++) {
        *(*patterns)++ = copy_text(settings->cameras[i], room);
    }
    return copy;
}

static struct fingerprint make_fingerprint(const struct signing_key *key, const struct account_settings *settings) {
    struct fingerprint fingerprint;
    crypto_generichash_state state;
    crypto_generichash_init(&state, key->bytes, sizeof key->bytes, sizeof fingerprint.bytes);
    crypto_generichash_update(&state, (const unsigned char *)&settings->kind, sizeof settings->kind);
    crypto_generichash_update(&state, (const unsigned char *)settings->name, strlen(settings->name) + 1);
    if (settings->kind == ACCOUNT_USER) {
        crypto_generichash_update(&state, (const unsigned char *)settings->password_hash,
                                  strlen(settings->password_hash));
    } else {
        crypto_generichash_update(&state, settings->token_digest, sizeof settings->token_digest);
    }
    crypto_generichash_final(&state, fingerprint.bytes, sizeof fingerprint.bytes);
    return fingerprint;
}

/* Of those who have no secret: the same for as long as the process runs. */
static struct signing_key process_key;
static pthread_once_t process_key_made = PTHREAD_ONCE_INIT;

static void make_process_key(void) { randombytes_buf(process_key.bytes, sizeof process_key.bytes); }

static struct signing_key master_key(const char *secret) {
    if (secret == NULL) {
        pthread_once(&process_key_made, make_process_key);
        return process_key;
    }
    struct signing_key key;
    crypto_generichash(key.bytes, sizeof key.bytes, (const unsigned char *)secret, strlen(secret), NULL, 0);
    return key;
}

enum err access_create(const struct access_settings *settings, struct access **out) {
    size_t pattern_count = 0, text_bytes = 0;
    for (size_t i = 0; i < settings->account_count; i++) {
        measure(&settings->accounts[i], &pattern_count, &text_bytes);
    }
    struct access *access = calloc(1, sizeof *access + settings->account_count * sizeof access->accounts[0] +
                                          pattern_count * sizeof(const char *) + text_bytes);
    if (access == NULL) {
        return ERR_MEMORY;
    }
    const char **patterns = (const char **)(access->accounts + settings->account_count);
    char *room = (char *)(patterns + pattern_count);
    struct signing_key master = master_key(settings->secret);
    struct signing_key fingerprint_key = signing_key_for(&master, "account");
    refcount_init(&access->references, 1);
    access->session_key = signing_key_for(&master, "session");
    access->link_key = signing_key_for(&master, "link");
    access->account_count = settings->account_count;
    for (size_t i = 0; i < settings->account_count; i++) {
        struct account *account = &access->accounts[i];
        account->settings = copy_settings(&settings->accounts[i], &patterns, &room);
        account->fingerprint = make_fingerprint(&fingerprint_key, &account->settings);
    }
    *out = access;
    return ERR_OK;
}

struct access *access_ref(struct access *access) {
    refcount_take(&access->references);
    return access;
}

void access_unref(struct access **access_pointer) {
    struct access *access = *access_pointer;
    *access_pointer = NULL;
    if (access != NULL && refcount_drop(&access->references)) {
        free(access);
    }
}

const struct signing_key *access_session_key(const struct access *access) { return &access->session_key; }

const struct signing_key *access_link_key(const struct access *access) { return &access->link_key; }

/* ---- Accounts ---- */

bool access_is_open(const struct access *access) { return access->account_count == 0; }

static const struct account *next_user(const struct access *access, size_t *at) {
    while (*at < access->account_count) {
        const struct account *account = &access->accounts[(*at)++];
        if (account->settings.kind == ACCOUNT_USER) {
            return account;
        }
    }
    return NULL;
}

const struct account *access_find_user(const struct access *access, const char *name) {
    const struct account *user;
    size_t at = 0;
    while ((user = next_user(access, &at)) != NULL && strcmp(user->settings.name, name) != 0) {
    }
    return user;
}

const struct account *access_pick_user(const struct access *access, const char *name) {
    size_t user_count = 0, at = 0;
    while (next_user(access, &at) != NULL) {
        user_count++;
    }
    if (user_count == 0) {
        return NULL;
    }
    /* Keyed, so that the choice cannot be predicted from outside. */
    uint64_t number = 0;
    crypto_generichash((unsigned char *)&number, sizeof number, (const unsigned char *)name, strlen(name),
                       access->session_key.bytes, sizeof access->session_key.bytes);
    const struct account *user = NULL;
    at = 0;
    for (size_t i = 0; i <= number % user_count; i++) {
        user = next_user(access, &at);
    }
    return user;
}

const struct account *access_find_token(const struct access *access, const char *token) {
    unsigned char digest[TOKEN_DIGEST_BYTES];
    access_digest_token(token, digest);
    const struct account *found = NULL;
    for (size_t i = 0; i < access->account_count; i++) {
        const struct account *account = &access->accounts[i];
        if (account->settings.kind == ACCOUNT_TOKEN &&
            sodium_memcmp(account->settings.token_digest, digest, sizeof digest) == 0) {
            found = account;
        }
    }
    return found;
}

const struct account *access_find_fingerprint(const struct access *access, const struct fingerprint *fingerprint) {
    for (size_t i = 0; i < access->account_count; i++) {
        if (sodium_memcmp(access->accounts[i].fingerprint.bytes, fingerprint->bytes, sizeof fingerprint->bytes) == 0) {
            return &access->accounts[i];
        }
    }
    return NULL;
}

bool account_may_view(const struct account *account, const char *camera_id) {
    const struct account_settings *settings = &account->settings;
    bool may = settings->camera_count == 0;
    for (size_t i = 0; i < settings->camera_count && !may; i++) {
        may = fnmatch(settings->cameras[i], camera_id, 0) == 0;
    }
    return may;
}
