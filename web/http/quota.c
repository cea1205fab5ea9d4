#include "web/http/quota.h"

#include "broker/base/sync.h"
#include "web/http/client_address.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct share {
    char owner[ADDRESS_TEXT_BYTES]; /* see client_address_owner() */
    unsigned count;                 /* at least 1 */
};

struct quota {
    struct lock lock;
    unsigned capacity;
    unsigned share_count GUARDED_BY(lock);
    struct share shares[];
};

enum err quota_create(unsigned capacity, struct quota **out) {
    struct quota *quota = calloc(1, sizeof *quota + capacity * sizeof quota->shares[0]);
    if (quota == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&quota->lock);
    quota->capacity = capacity;
    *out = quota;
    return ERR_OK;
}

void quota_destroy(struct quota **quota_pointer) {
    struct quota *quota = *quota_pointer;
    *quota_pointer = NULL;
    if (quota != NULL) {
        lock_finish(&quota->lock);
        free(quota);
    }
}

/* NULL: it has none. */
static struct share *find_locked(struct quota *quota, const char *owner) REQUIRES(&quota->lock) {
    for (unsigned i = 0; i < quota->share_count; i++) {
        if (strcmp(quota->shares[i].owner, owner) == 0) {
            return &quota->shares[i];
        }
    }
    return NULL;
}

bool quota_enter(struct quota *quota, const char *address, unsigned max) {
    char owner[ADDRESS_TEXT_BYTES];
    client_address_owner(address, owner);
    lock_acquire(&quota->lock);
    struct share *share = find_locked(quota, owner);
    if (share == NULL && quota->share_count < quota->capacity) {
        share = &quota->shares[quota->share_count++];
        share->count = 0;
        memcpy(share->owner, owner, sizeof owner);
    }
    bool is_admitted = share != NULL && (max == 0 || share->count < max);
    if (is_admitted) {
        share->count++;
    }
    lock_release(&quota->lock);
    return is_admitted;
}

void quota_leave(struct quota *quota, const char *address) {
    char owner[ADDRESS_TEXT_BYTES];
    client_address_owner(address, owner);
    lock_acquire(&quota->lock);
    struct share *share = find_locked(quota, owner);
    assert(share != NULL); /* the caller has entered it: no input chooses what it leaves */
    if (--share->count == 0) {
        *share = quota->shares[--quota->share_count];
    }
    lock_release(&quota->lock);
}
