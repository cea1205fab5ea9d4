#include "web/access/slots.h"

#include "web/access/principal.h"

#include <stdio.h>

/* An account in the quota's table of addresses, none of which begins so. */
#define ACCOUNT_MARK "@"

/* Relaxed: a slot guards a number, not memory. */
bool slot_count_take(atomic_uint *taken, unsigned max) {
    unsigned known = atomic_load_explicit(taken, memory_order_relaxed);
    while (known < max) {
        if (atomic_compare_exchange_weak_explicit(taken, &known, known + 1, memory_order_relaxed,
                                                  memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

void slot_count_release(atomic_uint *taken) { atomic_fetch_sub_explicit(taken, 1, memory_order_relaxed); }

enum err slots_init(struct slots *slots, unsigned max, unsigned max_per_address) {
    *slots = (struct slots){.max = max, .max_per_address = max_per_address};
    return quota_create(2 * max, &slots->quota); /* an address and an account each */
}

void slots_finish(struct slots *slots) { quota_destroy(&slots->quota); }

/* account: NULL: none. */
static enum slot_result take_slot(struct slots *slots, const char *owner, const char *account) {
    if (!slot_count_take(&slots->taken, slots->max)) {
        return SLOTS_FULL;
    }
    if (!quota_enter(slots->quota, owner, slots->max_per_address)) {
        slot_count_release(&slots->taken);
        return SLOT_SHARE_FULL;
    }
    if (account != NULL && !quota_enter(slots->quota, account, slots->max / 4 * 3)) {
        quota_leave(slots->quota, owner);
        slot_count_release(&slots->taken);
        return SLOT_SHARE_FULL;
    }
    return SLOT_TAKEN;
}

static void release_slot(struct slots *slots, const char *owner, const char *account) {
    if (account != NULL) {
        quota_leave(slots->quota, account);
    }
    quota_leave(slots->quota, owner);
    slot_count_release(&slots->taken);
}

/* NULL: the principal has no account. */
static const char *account_of(const struct principal *principal, char text[ADDRESS_TEXT_BYTES]) {
    if (principal == NULL || principal->account == NULL) {
        return NULL;
    }
    snprintf(text, ADDRESS_TEXT_BYTES, ACCOUNT_MARK "%.*s", ADDRESS_TEXT_BYTES - 2, principal->account->settings.name);
    return text;
}

enum slot_result slot_take(struct slots *slots, const char *client, const struct principal *principal) {
    char account[ADDRESS_TEXT_BYTES];
    return take_slot(slots, client, account_of(principal, account));
}

void slot_release(struct slots *slots, const char *client, const struct principal *principal) {
    char account[ADDRESS_TEXT_BYTES];
    release_slot(slots, client, account_of(principal, account));
}

enum slot_result slot_take_for_camera(struct slots *slots, const char *camera) {
    return take_slot(slots, camera, NULL);
}

void slot_release_for_camera(struct slots *slots, const char *camera) { release_slot(slots, camera, NULL); }
