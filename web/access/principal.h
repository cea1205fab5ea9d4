/* The principal of a request: the account or signed link that it is made with, and what that may see.
 * Threads: any; a principal belongs to the thread of its request. */
#ifndef WEB_ACCESS_PRINCIPAL_H
#define WEB_ACCESS_PRINCIPAL_H

#include "web/access/access.h"
#include "web/access/session.h"
#include "web/access/signed_link.h"

/* Zeroed but for access: anonymous. */
struct principal {
    struct access *access;         /* a reference: the settings by which it was admitted */
    const struct account *account; /* NULL: none */
    const struct account *lender;  /* the account that made the signed link; NULL: there is no link */
    struct signed_link link;       /* with lender */
    bool has_session;              /* the account is known by a cookie */
    struct session session;        /* with has_session */
};

void principal_finish(struct principal *principal);
/* *copy is finished separately. */
void principal_copy(const struct principal *principal, struct principal *copy);
/* The same principal under other settings, without accounts that were removed or have another password.
 * *renewed is finished separately. */
void principal_renew(const struct principal *principal, struct access *access, struct principal *renewed);

/* When its session or link expires, since the epoch; INT64_MAX: never. */
int64_t principal_until_s(const struct principal *principal);
/* Not counting what a link allows. */
enum rights principal_rights(const struct principal *principal);
/* Whether it may know of a camera and view it, by its account or its link. */
bool access_may_view(const struct principal *principal, const char *camera_id);
/* Whether that is so for every camera, now and later. */
bool access_may_view_all(const struct principal *principal);
/* Whether it may view recordings of the cameras that it may view. A link shows what its camera shows now. */
bool access_may_view_recordings(const struct principal *principal);

#endif
