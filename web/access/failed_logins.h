/* Attempts with a wrong secret, for a record of them that nobody who guesses can flood: each address (of IPv6: a
 * network of 64 bits) is due at once, and then once a minute, with the count of its attempts since. Where there are
 * more than FAILED_LOGINS_ADDRESSES_MAX of them in a minute, others are due together, as "".
 *
 * Lifecycle: init; note and take; finish. Threads: any. Blocks: no. */
#ifndef WEB_ACCESS_FAILED_LOGINS_H
#define WEB_ACCESS_FAILED_LOGINS_H

#include "broker/base/sync.h"
#include "web/access/credentials.h"
#include "web/access/login_throttle.h"
#include "web/http/client_address.h"

#define FAILED_LOGINS_ADDRESSES_MAX 64

struct failed_login {
    char address[ADDRESS_TEXT_BYTES];
    enum secret_kind kind;                     /* of the newest attempt, as the next */
    char user[CREDENTIALS_NAME_MAX_BYTES + 1]; /* whose password it was not; "": not that of a user */
    uint64_t count;
};

/* Zeroed before. The fields are private. */
struct failed_logins {
    struct lock lock;
    struct {
        struct failed_login login; /* count: since it was taken */
        int64_t taken_ns;          /* 0: never */
    } entries[FAILED_LOGINS_ADDRESSES_MAX + 1] GUARDED_BY(lock);
};

void failed_logins_init(struct failed_logins *logins);
void failed_logins_finish(struct failed_logins *logins);

/* user: "" for none. now_ns: monotonic, here and below. */
void failed_logins_note(struct failed_logins *logins, const struct login_attempt *attempt, const char *user,
                        int64_t now_ns);
/* One that is due, which then begins to count anew. False: none is. */
CHECKED bool failed_logins_take(struct failed_logins *logins, int64_t now_ns, struct failed_login *due);

#endif
