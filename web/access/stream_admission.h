/* How many streams there may be, of all clients and of each address.
 * Threads: any. */
#ifndef WEB_ACCESS_STREAM_ADMISSION_H
#define WEB_ACCESS_STREAM_ADMISSION_H

#include "web/http/http.h"
#include "web/http/quota.h"

#include <stdatomic.h>

/* Relaxed: each counts for itself. */
struct stream_admission {
    struct quota *quota;
    atomic_uint active;
    atomic_uint max;
    atomic_uint max_per_address; /* 0: no limit of its own */
    _Atomic uint64_t rejected;   /* all were in use */
    _Atomic uint64_t rejected_per_address;
};

/* False after refusing the request. */
CHECKED bool stream_admission_enter(struct stream_admission *admission, const struct http_request *request);
/* client: of the request that was admitted. */
void stream_admission_leave(struct stream_admission *admission, const char *client);

#endif
