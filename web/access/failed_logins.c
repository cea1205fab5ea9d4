#include "web/access/failed_logins.h"

#include "broker/base/clock.h"

#include <stdio.h>
#include <string.h>

#define INTERVAL_NS (60 * NS_PER_S)

void failed_logins_init(struct failed_logins *logins) { lock_init(&logins->lock); }

void failed_logins_finish(struct failed_logins *logins) { lock_finish(&logins->lock); }

static bool has_rested(int64_t taken_ns, int64_t now_ns) { return taken_ns == 0 || now_ns - taken_ns >= INTERVAL_NS; }

/* That of the address; else one that nothing waits in; else that of all others. */
static size_t find_entry_locked(const struct failed_logins *logins, const char *address, int64_t now_ns) {
    size_t found = FAILED_LOGINS_ADDRESSES_MAX;
    for (size_t i = 0; i < FAILED_LOGINS_ADDRESSES_MAX; i++) {
        const struct failed_login *login = &logins->entries[i].login;
        if (strcmp(login->address, address) == 0) {
            return i;
        }
        if (found == FAILED_LOGINS_ADDRESSES_MAX && login->count == 0 &&
            has_rested(logins->entries[i].taken_ns, now_ns)) {
            found = i;
        }
    }
    return found;
}

void failed_logins_note(struct failed_logins *logins, const struct login_attempt *attempt, const char *user,
                        int64_t now_ns) {
    char address[ADDRESS_TEXT_BYTES];
    client_address_owner(attempt->address, address);
    lock_acquire(&logins->lock);
    const size_t number = find_entry_locked(logins, address, now_ns);
    struct failed_login *login = &logins->entries[number].login;
    if (number < FAILED_LOGINS_ADDRESSES_MAX && strcmp(login->address, address) != 0) {
        memcpy(login->address, address, sizeof address);
        logins->entries[number].taken_ns = 0;
    }
    login->kind = attempt->kind;
    snprintf(login->user, sizeof login->user, "%s", user);
    login->count++;
    lock_release(&logins->lock);
}

bool failed_logins_take(struct failed_logins *logins, int64_t now_ns, struct failed_login *due) {
    bool is_due = false;
    lock_acquire(&logins->lock);
    for (size_t i = 0; i <= FAILED_LOGINS_ADDRESSES_MAX && !is_due; i++) {
        if (logins->entries[i].login.count > 0 && has_rested(logins->entries[i].taken_ns, now_ns)) {
            is_due = true;
            *due = logins->entries[i].login;
            logins->entries[i].login.count = 0;
            logins->entries[i].taken_ns = now_ns;
        }
    }
    lock_release(&logins->lock);
    return is_due;
}
