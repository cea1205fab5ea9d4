/* The content of the cookie of a login. The server keeps only the sessions that were ended before they expired, so
 * sessions survive a restart where the configuration has a secret.
 *
 * Threads: any. */
#ifndef WEB_ACCESS_SESSION_H
#define WEB_ACCESS_SESSION_H

#include "web/access/access.h"

/* From its last renewal. */
#define SESSION_LASTS_S (7 * 24 * 3600)
/* A cookie older than that is replaced by a new one. */
#define SESSION_RENEWED_AFTER_S (24 * 3600)
#define SESSION_ID_BYTES 16

struct session {
    struct fingerprint fingerprint; /* of the account */
    unsigned char id[SESSION_ID_BYTES];
    int64_t began_s;   /* since the epoch, as all here */
    int64_t expires_s; /* SESSION_LASTS_S after its last renewal */
};

struct session session_begin(const struct account *account, int64_t now_s);
void session_write(const struct session *session, const struct signing_key *key, char text[SIGNED_TEXT_ROOM_BYTES]);
/* False: forged or cut. It may have expired, or have been ended. */
CHECKED bool session_read(const char *text, size_t count, const struct signing_key *key, struct session *session);
/* Whether they are of the same login. */
bool session_is_same(const struct session *a, const struct session *b);

/* Sessions that were ended before they expired. An account has a bounded share of the table; when that is full, its
 * oldest entries become one that ends all of the account's sessions from before. Other accounts keep theirs. */
struct ended_sessions;
CHECKED enum err ended_sessions_create(struct ended_sessions **ended);
void ended_sessions_destroy(struct ended_sessions **ended);
void ended_sessions_add(struct ended_sessions *ended, const struct session *session, int64_t now_s);
bool ended_sessions_has(struct ended_sessions *ended, const struct session *session);

#endif
