/* Bounds how many requests do the same thing at once, so that the other workers answer the rest: in all, for each
 * client address, and for each account. So neither an address nor an account can take every slot.
 *
 * Lifecycle: init before the first request, finish after the last.
 * Threads: any. */
#ifndef WEB_ACCESS_SLOTS_H
#define WEB_ACCESS_SLOTS_H

#include "web/http/http.h"
#include "web/http/quota.h"

#include <stdatomic.h>

/* Requests that push frames to one camera: one that sends, and those that replace it or are refused. */
#define PUSHERS_PER_CAMERA_MAX 4u

struct slots {
    struct quota *quota;
    atomic_uint taken;
    unsigned max;
    unsigned max_per_address; /* of an account: three quarters of max */
};

enum slot_result { SLOT_TAKEN, SLOTS_FULL, SLOT_SHARE_FULL };

/* ERR_MEMORY. */
CHECKED enum err slots_init(struct slots *slots, unsigned max, unsigned max_per_address);
void slots_finish(struct slots *slots);

/* Takes a slot for a client's address and a principal's account, to be released for the same ones. */
CHECKED enum slot_result slot_take(struct slots *slots, const char *client, const struct principal *principal);
void slot_release(struct slots *slots, const char *client, const struct principal *principal);
/* The same for requests that are counted by their camera, in place of the address. */
CHECKED enum slot_result slot_take_for_camera(struct slots *slots, const char *camera);
void slot_release_for_camera(struct slots *slots, const char *camera);

/* Counts one more of at most `max`; false when there are as many. */
CHECKED bool slot_count_take(atomic_uint *taken, unsigned max);
void slot_count_release(atomic_uint *taken);

#endif
