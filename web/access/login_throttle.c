#include "web/access/login_throttle.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"
#include "web/http/client_address.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RECORDS_MAX 1024
#define DELAY_FIRST_NS NS_PER_S
#define DELAY_DOUBLINGS_MAX 6u
#define DELAY_MAX_NS (60 * NS_PER_S)
#define FORGOTTEN_AFTER_NS (600 * NS_PER_S)
#define KNOWN_FOR_NS (24 * 3600 * NS_PER_S)
#define ACCOUNT_BYTES 65

/* Nobody guesses a signature, but a page may show many links that have become invalid. */
static const unsigned free_failures[] = {
    [SECRET_PASSWORD] = 3, [SECRET_TOKEN] = 3, [SECRET_PUSH_KEY] = 3, [SECRET_LINK] = 20};

struct record_key {
    enum secret_kind kind;
    bool is_of_account;             /* else of all accounts from that address */
    char owner[ADDRESS_TEXT_BYTES]; /* see client_address_owner() */
    char account[ACCOUNT_BYTES];
};

struct record {
    struct record_key key;
    unsigned count; /* 0: empty */
    int64_t last_ns;
};

struct records {
    struct record list[RECORDS_MAX];
};

struct login_throttle {
    struct lock lock;
    struct records failures GUARDED_BY(lock);
    struct records successes GUARDED_BY(lock);
};

enum err login_throttle_create(struct login_throttle **out) {
    struct login_throttle *throttle = calloc(1, sizeof *throttle);
    if (throttle == NULL) {
        return ERR_MEMORY;
    }
    lock_init(&throttle->lock);
    *out = throttle;
    return ERR_OK;
}

void login_throttle_destroy(struct login_throttle **throttle) {
    if (*throttle != NULL) {
        lock_finish(&(*throttle)->lock);
    }
    free(*throttle);
    *throttle = NULL;
}

/* ---- Records ---- */

static struct record_key key_of_address(const struct login_attempt *attempt) {
    struct record_key key = {.kind = attempt->kind};
    client_address_owner(attempt->address, key.owner);
    return key;
}

static struct record_key key_of_account(const struct login_attempt *attempt) {
    struct record_key key = key_of_address(attempt);
    key.is_of_account = true;
    snprintf(key.account, sizeof key.account, "%s", attempt->account);
    return key;
}

static bool keys_match(const struct record_key *a, const struct record_key *b) {
    return a->kind == b->kind && a->is_of_account == b->is_of_account && strcmp(a->owner, b->owner) == 0 &&
           strcmp(a->account, b->account) == 0;
}

/* NULL: none. */
static struct record *find_record(struct records *records, const struct record_key *key) {
    for (size_t i = 0; i < RECORDS_MAX; i++) {
        struct record *record = &records->list[i];
        if (record->count > 0 && keys_match(&record->key, key)) {
            return record;
        }
    }
    return NULL;
}

/* An empty one, else the oldest. */
static struct record *find_replaceable(struct records *records) {
    struct record *found = &records->list[0];
    for (size_t i = 0; i < RECORDS_MAX && found->count > 0; i++) {
        struct record *record = &records->list[i];
        if (record->count == 0 || record->last_ns < found->last_ns) {
            found = record;
        }
    }
    return found;
}

static void count_record(struct records *records, const struct record_key *key, int64_t forget_after_ns,
                         int64_t now_ns) {
    struct record *record = find_record(records, key);
    if (record == NULL) {
        record = find_replaceable(records);
        *record = (struct record){.key = *key};
    } else if (now_ns - record->last_ns > forget_after_ns) {
        record->count = 0;
    }
    record->count++;
    record->last_ns = now_ns;
}

/* ---- Decisions ---- */

static int64_t delay_ns(const struct record *record) {
    unsigned allowed = free_failures[record->key.kind];
    if (record->count < allowed) {
        return 0;
    }
    unsigned doublings = record->count - allowed;
    return doublings < DELAY_DOUBLINGS_MAX ? DELAY_FIRST_NS << doublings : DELAY_MAX_NS;
}

static int64_t wait_ns_locked(struct login_throttle *throttle, const struct record_key *key, int64_t now_ns)
    REQUIRES(&throttle->lock) {
    const struct record *record = find_record(&throttle->failures, key);
    int64_t until_ns = record != NULL ? record->last_ns + delay_ns(record) : now_ns;
    return until_ns > now_ns ? until_ns - now_ns : 0;
}

static bool is_known_locked(struct login_throttle *throttle, const struct record_key *key, int64_t now_ns)
    REQUIRES(&throttle->lock) {
    const struct record *record = find_record(&throttle->successes, key);
    return record != NULL && now_ns - record->last_ns <= KNOWN_FOR_NS;
}

int64_t login_throttle_wait_ns(struct login_throttle *throttle, const struct login_attempt *attempt, int64_t now_ns) {
    const struct record_key address = key_of_address(attempt), account = key_of_account(attempt);
    lock_acquire(&throttle->lock);
    int64_t wait_ns = wait_ns_locked(throttle, &address, now_ns);
    if (wait_ns > 0 && is_known_locked(throttle, &account, now_ns)) {
        wait_ns = wait_ns_locked(throttle, &account, now_ns);
    }
    lock_release(&throttle->lock);
    return wait_ns;
}

unsigned login_throttle_max_concurrent(struct login_throttle *throttle, const struct login_attempt *attempt) {
    const struct record_key address = key_of_address(attempt);
    unsigned allowed = free_failures[attempt->kind];
    lock_acquire(&throttle->lock);
    const struct record *record = find_record(&throttle->failures, &address);
    unsigned failures = record != NULL ? record->count : 0;
    lock_release(&throttle->lock);
    return failures < allowed ? allowed - failures : 1;
}

enum login_standing login_throttle_standing(struct login_throttle *throttle, const struct login_attempt *attempt,
                                            int64_t now_ns) {
    const struct record_key address = key_of_address(attempt);
    lock_acquire(&throttle->lock);
    const struct record *failed = find_record(&throttle->failures, &address);
    bool is_failing = failed != NULL && now_ns - failed->last_ns <= FORGOTTEN_AFTER_NS;
    bool is_known = is_known_locked(throttle, &address, now_ns);
    lock_release(&throttle->lock);
    return is_known ? STANDING_KNOWN : is_failing ? STANDING_FAILING : STANDING_NEW;
}

int64_t login_throttle_note_failure(struct login_throttle *throttle, const struct login_attempt *attempt,
                                    int64_t now_ns) {
    const struct record_key address = key_of_address(attempt), account = key_of_account(attempt);
    lock_acquire(&throttle->lock);
    int64_t wait_ns = wait_ns_locked(throttle, &address, now_ns);
    bool was_exempt = wait_ns > 0 && is_known_locked(throttle, &account, now_ns);
    count_record(&throttle->failures, was_exempt ? &account : &address, FORGOTTEN_AFTER_NS, now_ns);
    lock_release(&throttle->lock);
    return was_exempt ? wait_ns : 0;
}

void login_throttle_note_success(struct login_throttle *throttle, const struct login_attempt *attempt, int64_t now_ns) {
    const struct record_key address = key_of_address(attempt), account = key_of_account(attempt);
    lock_acquire(&throttle->lock);
    count_record(&throttle->successes, &address, KNOWN_FOR_NS, now_ns);
    count_record(&throttle->successes, &account, KNOWN_FOR_NS, now_ns);
    lock_release(&throttle->lock);
}
