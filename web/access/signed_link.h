/* A link that shows one camera without a login until it expires: the value of ?token= in its address. It allows no more
 * than the account that made it may do when it is used, and nothing once that is removed or has another password.
 *
 * Threads: any. */
#ifndef WEB_ACCESS_SIGNED_LINK_H
#define WEB_ACCESS_SIGNED_LINK_H

#include "web/access/access.h"

#define LINK_LASTS_MIN_S 1
#define LINK_LASTS_MAX_S (366 * 24 * 3600)

struct signed_link {
    struct fingerprint fingerprint; /* of the account that made it; all 0 without accounts */
    int64_t expires_s;              /* since the epoch */
    char camera[TOPIC_ID_MAX_BYTES + 1];
};

void signed_link_write(const struct signed_link *link, const struct signing_key *key,
                       char text[SIGNED_TEXT_ROOM_BYTES]);
/* Why a link cannot be used. */
enum signed_link_fault { LINK_IS_GOOD, LINK_IS_FORGED, LINK_HAS_EXPIRED, LINK_IS_THROTTLED /* not read */ };
CHECKED enum signed_link_fault signed_link_read(const char *text, const struct signing_key *key, int64_t now_s,
                                                struct signed_link *link);

#endif
