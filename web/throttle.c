#include "web/throttle.h"

#include "broker/clock.h"
#include "broker/sync.h"
#include "web/client_address.h"

#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX 1024
#define FREE_FAILURES 3u
#define DELAY_FIRST_NS NS_PER_S
#define DELAY_DOUBLINGS_MAX 6u
#define DELAY_MAX_NS (60 * NS_PER_S)
#define FORGOTTEN_AFTER_NS (600 * NS_PER_S)

struct suspect {
    char owner[ADDRESS_TEXT_BYTES]; /* see client_address_owner() */
    unsigned failures;              /* 0: empty */
    int64_t last_ns;
};

struct throttle {
    struct lock lock;
    struct suspect suspects[ADDRESSES_MAX] GUARDED_BY(lock);
};

enum err throttle_create(struct throttle **out) {
    struct throttle *throttle = calloc(1, sizeof *throttle);
    if (throttle == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&throttle->lock);
    *out = throttle;
    return ERR_OK;
}

void throttle_destroy(struct throttle **throttle) {
    if (*throttle != NULL) {
        lock_finish(&(*throttle)->lock);
    }
    free(*throttle);
    *throttle = NULL;
}

static struct suspect *find_locked(struct throttle *throttle, const char *owner) REQUIRES(&throttle->lock) {
    for (size_t i = 0; i < ADDRESSES_MAX; i++) {
        struct suspect *suspect = &throttle->suspects[i];
        if (suspect->failures > 0 && strcmp(suspect->owner, owner) == 0) {
            return suspect;
        }
    }
    return NULL;
}

/* An empty place, or that of the one who has failed longest ago. */
static struct suspect *find_place_locked(struct throttle *throttle) REQUIRES(&throttle->lock) {
    struct suspect *place = &throttle->suspects[0];
    for (size_t i = 0; i < ADDRESSES_MAX && place->failures > 0; i++) {
        struct suspect *suspect = &throttle->suspects[i];
        if (suspect->failures == 0 || suspect->last_ns < place->last_ns) {
            place = suspect;
        }
    }
    return place;
}

static int64_t delay_ns(const struct suspect *suspect) {
    if (suspect->failures < FREE_FAILURES) {
        return 0;
    }
    unsigned doublings = suspect->failures - FREE_FAILURES;
    return doublings < DELAY_DOUBLINGS_MAX ? DELAY_FIRST_NS << doublings : DELAY_MAX_NS;
}

int64_t throttle_wait_ns(struct throttle *throttle, const char *address, int64_t now_ns) {
    int64_t wait_ns = 0;
    char owner[ADDRESS_TEXT_BYTES];
    client_address_owner(address, owner);
    lock_acquire(&throttle->lock);
    const struct suspect *suspect = find_locked(throttle, owner);
    if (suspect != NULL && suspect->last_ns + delay_ns(suspect) > now_ns) {
        wait_ns = suspect->last_ns + delay_ns(suspect) - now_ns;
    }
    lock_release(&throttle->lock);
    return wait_ns;
}

unsigned throttle_tries_at_once(struct throttle *throttle, const char *address) {
    char owner[ADDRESS_TEXT_BYTES];
    client_address_owner(address, owner);
    lock_acquire(&throttle->lock);
    const struct suspect *suspect = find_locked(throttle, owner);
    unsigned failures = suspect != NULL ? suspect->failures : 0;
    lock_release(&throttle->lock);
    return failures < FREE_FAILURES ? FREE_FAILURES - failures : 1;
}

void throttle_failed(struct throttle *throttle, const char *address, int64_t now_ns) {
    char owner[ADDRESS_TEXT_BYTES];
    client_address_owner(address, owner);
    lock_acquire(&throttle->lock);
    struct suspect *suspect = find_locked(throttle, owner);
    if (suspect == NULL) {
        suspect = find_place_locked(throttle);
        suspect->failures = 0;
        memcpy(suspect->owner, owner, sizeof owner);
    }
    if (now_ns - suspect->last_ns > FORGOTTEN_AFTER_NS) {
        suspect->failures = 0;
    }
    suspect->failures++;
    suspect->last_ns = now_ns;
    lock_release(&throttle->lock);
}
