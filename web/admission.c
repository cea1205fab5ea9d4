#include "web/admission.h"

#include "broker/sync.h"
#include "web/client_address.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct client {
    char owner[ADDRESS_TEXT_BYTES]; /* see client_address_owner() */
    unsigned streams;               /* at least 1 */
};

struct admission {
    struct lock lock;
    unsigned room;
    unsigned client_count GUARDED_BY(lock);
    struct client clients[];
};

enum err admission_create(unsigned room, struct admission **out) {
    struct admission *admission = calloc(1, sizeof *admission + room * sizeof admission->clients[0]);
    if (admission == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&admission->lock);
    admission->room = room;
    *out = admission;
    return ERR_OK;
}

void admission_destroy(struct admission **admission_pointer) {
    struct admission *admission = *admission_pointer;
    *admission_pointer = NULL;
    if (admission != NULL) {
        lock_finish(&admission->lock);
        free(admission);
    }
}

/* NULL: it has no stream. */
static struct client *find_locked(struct admission *admission, const char *owner) REQUIRES(&admission->lock) {
    for (unsigned i = 0; i < admission->client_count; i++) {
        if (strcmp(admission->clients[i].owner, owner) == 0) {
            return &admission->clients[i];
        }
    }
    return NULL;
}

bool admission_enter(struct admission *admission, const char *address, unsigned most) {
    char owner[ADDRESS_TEXT_BYTES];
    client_address_owner(address, owner);
    lock_acquire(&admission->lock);
    struct client *client = find_locked(admission, owner);
    if (client == NULL) {
        assert(admission->client_count < admission->room);
        client = &admission->clients[admission->client_count++];
        client->streams = 0;
        memcpy(client->owner, owner, sizeof owner);
    }
    bool is_admitted = most == 0 || client->streams < most;
    client->streams += is_admitted;
    lock_release(&admission->lock);
    return is_admitted;
}

void admission_leave(struct admission *admission, const char *address) {
    char owner[ADDRESS_TEXT_BYTES];
    client_address_owner(address, owner);
    lock_acquire(&admission->lock);
    struct client *client = find_locked(admission, owner);
    assert(client != NULL);
    if (--client->streams == 0) {
        *client = admission->clients[--admission->client_count];
    }
    lock_release(&admission->lock);
}
