#include "web/session.h"

#include "broker/sync.h"
#include "web/hex.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ENDED_MAX 1024

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

struct ended {
    unsigned char id[SESSION_ID_BYTES];
    int64_t began_s;
    int64_t expires_s; /* 0: empty */
};

struct ended_sessions {
    struct lock lock;
    struct ended sessions[ENDED_MAX] GUARDED_BY(lock);
    int64_t all_until_s GUARDED_BY(lock); /* whatever began by then has ended */
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

/* One that has expired anyhow, else the one that began first. */
static struct ended *find_place_locked(struct ended_sessions *ended, int64_t now_s) REQUIRES(&ended->lock) {
    struct ended *first = &ended->sessions[0];
    for (size_t i = 0; i < ENDED_MAX; i++) {
        struct ended *place = &ended->sessions[i];
        if (place->expires_s <= now_s) {
            return place;
        }
        if (place->began_s < first->began_s) {
            first = place;
        }
    }
    return first;
}

void ended_sessions_add(struct ended_sessions *ended, const struct session *session, int64_t now_s) {
    lock_acquire(&ended->lock);
    struct ended *place = find_place_locked(ended, now_s);
    if (place->expires_s > now_s && place->began_s > ended->all_until_s) {
        ended->all_until_s = place->began_s;
    }
    /* A cookie of it that was renewed by now may be on its way to somebody. */
    *place = (struct ended){.began_s = session->began_s, .expires_s = now_s + SESSION_LASTS_S};
    memcpy(place->id, session->id, sizeof place->id);
    lock_release(&ended->lock);
}

bool ended_sessions_has(struct ended_sessions *ended, const struct session *session) {
    lock_acquire(&ended->lock);
    bool has = session->began_s <= ended->all_until_s;
    for (size_t i = 0; i < ENDED_MAX && !has; i++) {
        has = ended->sessions[i].expires_s != 0 &&
              sodium_memcmp(ended->sessions[i].id, session->id, sizeof session->id) == 0;
    }
    lock_release(&ended->lock);
    return has;
}
