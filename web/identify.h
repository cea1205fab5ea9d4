/* Finds out whose account a request comes from: by its Authorization header, else by its session cookie; and whose link
 * it carries. Whoever guesses is slowed down (web/throttle.h).
 *
 * Threads: any. */
#ifndef WEB_IDENTIFY_H
#define WEB_IDENTIFY_H

#include "web/access.h"
#include "web/http.h"
#include "web/session.h"
#include "web/signed_link.h"

#define SESSION_COOKIE "framebroker_session"

struct identifier;

CHECKED enum err identifier_create(struct identifier **identifier);
void identifier_destroy(struct identifier **identifier);

enum verdict {
    VERDICT_RIGHT,    /* or nothing was claimed */
    VERDICT_WRONG,    /* name, password or token */
    VERDICT_TOO_SOON, /* after failures, the address has to wait */
    VERDICT_BUSY,     /* too many passwords are being checked */
};

struct identification {
    enum verdict verdict;
    unsigned retry_s;                  /* of the last two: when to try again */
    const struct account *account;     /* NULL: nobody's; borrowed from the access, as the lender */
    bool has_session;                  /* the account is known by a cookie */
    struct session session;            /* with has_session */
    const struct account *lender;      /* of a good link; NULL: none */
    enum signed_link_fault link_fault; /* of the link that was there */
    struct signed_link link;           /* with lender */
};

/* Blocks: while a password is checked, as the next. */
struct identification identify_request(struct identifier *identifier, const struct access *access,
                                       const struct http_request *request);
struct identification identify_password(struct identifier *identifier, const struct access *access, const char *address,
                                        const char *name, const char *password);
/* Of what has a secret of its own: the verdict on an address that came with a wrong one, which counts as a failure. */
struct identification identify_wrong_key(struct identifier *identifier, const char *address);
/* Whether a session goes on: it has neither expired nor been ended. */
bool identifier_knows_session(struct identifier *identifier, const struct session *session);
/* Ends one before its time. */
void identifier_end_session(struct identifier *identifier, const struct session *session);

#endif
