/* The visitor that a request comes from, and what he may see.
 * Threads: any; a visitor belongs to the thread of his request. */
#ifndef WEB_VISITOR_H
#define WEB_VISITOR_H

#include "web/access.h"
#include "web/session.h"
#include "web/signed_link.h"

/* Whoever sends a request. Zeroed but for access: nobody that we know. */
struct visitor {
    struct access *access;         /* a reference, to the one under which he came */
    const struct account *account; /* whose he is; NULL: nobody's */
    const struct account *lender;  /* whose signed link he has; NULL: none */
    struct signed_link link;       /* with lender */
    bool has_session;              /* the account is known by a cookie */
    struct session session;        /* with has_session */
};

void visitor_finish(struct visitor *visitor);
/* The same visitor under other settings: an account that is not there any more, or has another password, is gone.
 * *renewed is finished separately. */
void visitor_renew(const struct visitor *visitor, struct access *access, struct visitor *renewed);

/* Until when what he may do holds without another look, since the epoch; INT64_MAX: for ever. */
int64_t visitor_until_s(const struct visitor *visitor);
/* Not counting what a link allows. */
enum rights visitor_rights(const struct visitor *visitor);
/* Whether he may know of a camera and see it; its link's camera too. */
bool access_may_view(const struct visitor *visitor, const char *camera_id);
/* Whether that is so for every camera, now and later. */
bool access_may_view_all(const struct visitor *visitor);

#endif
