#include "web/access/session.h"

#include "broker/base/saturating.h"
#include "broker/base/sync.h"
#include "web/access/hex.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- The cookie ---- */

struct session session_begin(const struct account *account, int64_t now_s) {
    struct session session = {
        .fingerprint = account->fingerprint, .began_s = now_s, .expires_s = now_s + SESSION_LASTS_S};
    randombytes_buf(session.id, sizeof session.id);
    return session;
}

void session_write(const struct session *session, const struct signing_key *key, char text[SIGNED_TEXT_ROOM_BYTES]) {
    char fingerprint[2 * FINGERPRINT_BYTES + 1], id[2 * SESSION_ID_BYTES + 1];
    sodium_bin2hex(fingerprint, sizeof fingerprint, session->fingerprint.bytes, FINGERPRINT_BYTES);
    sodium_bin2hex(id, sizeof id, session->id, SESSION_ID_BYTES);
    char payload[SIGNED_PAYLOAD_MAX_BYTES + 1];
    snprintf(payload, sizeof payload, "%s %s %" PRId64 " %" PRId64, fingerprint, id, session->began_s,
             session->expires_s);
    signed_text_make(key, payload, text);
}

bool session_read(const char *text, size_t count, const struct signing_key *key, struct session *session) {
    char payload[SIGNED_PAYLOAD_MAX_BYTES + 1];
    char fingerprint[2 * FINGERPRINT_BYTES + 1], id[2 * SESSION_ID_BYTES + 1];
    return signed_text_open(key, text, count, payload) &&
           sscanf(payload, "%32s %32s %" SCNd64 " %" SCNd64, fingerprint, id, &session->began_s, &session->expires_s) ==
               4 &&
           hex_read(fingerprint, session->fingerprint.bytes, FINGERPRINT_BYTES) &&
           hex_read(id, session->id, SESSION_ID_BYTES);
}

bool session_is_same(const struct session *a, const struct session *b) {
    return sodium_memcmp(a->id, b->id, sizeof a->id) == 0;
}

/* ---- Those that have ended ---- */

/* With as many accounts as a configuration may have, each can have two entries. */
#define ENDED_MAX 2048
#define ENDED_MAX_PER_ACCOUNT 64

struct ended {
    struct fingerprint account;
    unsigned char id[SESSION_ID_BYTES];
    bool is_of_all; /* of the account's sessions that began until began_s; else of the one with that id */
    int64_t began_s;
    int64_t expires_s; /* 0: empty */
};

struct ended_sessions {
    struct lock lock;
    struct ended sessions[ENDED_MAX] GUARDED_BY(lock);
};

enum err ended_sessions_create(struct ended_sessions **out) {
    struct ended_sessions *ended = calloc(1, sizeof *ended);
    if (ended == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&ended->lock);
    *out = ended;
    return ERR_OK;
}

void ended_sessions_destroy(struct ended_sessions **ended) {
    if (*ended != NULL) {
        lock_finish(&(*ended)->lock);
    }
    free(*ended);
    *ended = NULL;
}

static bool is_of_account(const struct ended *ended, const struct fingerprint *account) {
    return ended->expires_s != 0 && memcmp(&ended->account, account, sizeof *account) == 0;
}

static void drop_expired_locked(struct ended_sessions *ended, int64_t now_s) REQUIRES(&ended->lock) {
    for (size_t i = 0; i < ENDED_MAX; i++) {
        if (ended->sessions[i].expires_s <= now_s) {
            ended->sessions[i].expires_s = 0;
        }
    }
}

static size_t count_entries_locked(struct ended_sessions *ended, const struct fingerprint *account)
    REQUIRES(&ended->lock) {
    size_t count = 0;
    for (size_t i = 0; i < ENDED_MAX; i++) {
        count += is_of_account(&ended->sessions[i], account);
    }
    return count;
}

/* The two oldest entries of an account become one for all its sessions until then. Returns the other. */
static struct ended *merge_oldest_locked(struct ended_sessions *ended, const struct fingerprint *account)
    REQUIRES(&ended->lock) {
    struct ended *first = NULL, *second = NULL;
    for (size_t i = 0; i < ENDED_MAX; i++) {
        struct ended *entry = &ended->sessions[i];
        if (!is_of_account(entry, account)) {
            continue;
        }
        if (first == NULL || entry->began_s < first->began_s) {
            second = first;
            first = entry;
        } else if (second == NULL || entry->began_s < second->began_s) {
            second = entry;
        }
    }
    if (second != NULL) {
        second->is_of_all = true;
        second->expires_s = max_i64(first->expires_s, second->expires_s);
    }
    return first;
}

static struct ended *find_empty_locked(struct ended_sessions *ended) REQUIRES(&ended->lock) {
    for (size_t i = 0; i < ENDED_MAX; i++) {
        if (ended->sessions[i].expires_s == 0) {
            return &ended->sessions[i];
        }
    }
    return NULL;
}

/* In a full table. Entries of one account mostly follow each other, so few of them are counted twice. */
static struct fingerprint largest_account_locked(struct ended_sessions *ended) REQUIRES(&ended->lock) {
    struct fingerprint largest = ended->sessions[0].account, counted = largest;
    size_t max = count_entries_locked(ended, &largest);
    for (size_t i = 1; i < ENDED_MAX; i++) {
        if (is_of_account(&ended->sessions[i], &counted)) {
            continue;
        }
        counted = ended->sessions[i].account;
        size_t count = count_entries_locked(ended, &counted);
        if (count > max) {
            max = count;
            largest = counted;
        }
    }
    return largest;
}

/* The account pays for itself as soon as it has what to pay with. */
static struct ended *find_place_locked(struct ended_sessions *ended, const struct fingerprint *account)
    REQUIRES(&ended->lock) {
    size_t count = count_entries_locked(ended, account);
    struct ended *empty = count < ENDED_MAX_PER_ACCOUNT ? find_empty_locked(ended) : NULL;
    if (empty != NULL) {
        return empty;
    }
    const struct fingerprint payer = count >= 2 ? *account : largest_account_locked(ended);
    return merge_oldest_locked(ended, &payer);
}

void ended_sessions_add(struct ended_sessions *ended, const struct session *session, int64_t now_s) {
    lock_acquire(&ended->lock);
    drop_expired_locked(ended, now_s);
    struct ended *place = find_place_locked(ended, &session->fingerprint);
    /* A cookie of it that was renewed by now may be on its way to the client. */
    *place = (struct ended){
        .account = session->fingerprint, .began_s = session->began_s, .expires_s = now_s + SESSION_LASTS_S};
    memcpy(place->id, session->id, sizeof place->id);
    lock_release(&ended->lock);
}

static bool entry_covers(const struct ended *entry, const struct session *session) {
    if (!is_of_account(entry, &session->fingerprint)) {
        return false;
    }
    return entry->is_of_all ? session->began_s <= entry->began_s
                            : sodium_memcmp(entry->id, session->id, sizeof session->id) == 0;
}

bool ended_sessions_has(struct ended_sessions *ended, const struct session *session) {
    lock_acquire(&ended->lock);
    bool has = false;
    for (size_t i = 0; i < ENDED_MAX && !has; i++) {
        has = entry_covers(&ended->sessions[i], session);
    }
    lock_release(&ended->lock);
    return has;
}
