/* Slows down guessing of secrets. An address (of IPv6: a network of 64 bits) that has failed three times has to wait
 * before its next attempt: a second at first and twice as long after each further failure, up to a minute. While it
 * waits nothing is compared. Each kind of secret is throttled separately. Ten minutes without a failure clear an
 * address; a success does not, or an account of one's own would help to guess those of others.
 *
 * An account that has succeeded from an address within a day is exempt from that address's wait, so that a guesser
 * cannot lock out a neighbour; guesses at that account then count against it alone, and it waits in the same way.
 *
 * Both tables are bounded: a full one drops its oldest entry. Failures never displace successes.
 * Threads: any. Blocks: no. */
#ifndef WEB_ACCESS_LOGIN_THROTTLE_H
#define WEB_ACCESS_LOGIN_THROTTLE_H

#include "broker/base/err.h"

#include <stdint.h>

struct login_throttle;

enum secret_kind { SECRET_PASSWORD, SECRET_TOKEN, SECRET_PUSH_KEY, SECRET_LINK };

struct login_attempt {
    enum secret_kind kind;
    const char *address;
    const char *account; /* whose secret is tried; "": unknown before the comparison */
};

/* How the attempts of an address have gone, for whatever account. */
enum login_standing { STANDING_FAILING, STANDING_NEW, STANDING_KNOWN };

CHECKED enum err login_throttle_create(struct login_throttle **throttle);
void login_throttle_destroy(struct login_throttle **throttle);

/* now_ns: monotonic, here and below. Returns 0 where the attempt may be made. */
int64_t login_throttle_wait_ns(struct login_throttle *throttle, const struct login_attempt *attempt, int64_t now_ns);
/* How many attempts the address may have under way: no more than may fail before it has to wait, at least 1. */
unsigned login_throttle_max_concurrent(struct login_throttle *throttle, const struct login_attempt *attempt);
enum login_standing login_throttle_standing(struct login_throttle *throttle, const struct login_attempt *attempt,
                                            int64_t now_ns);
/* Returns how long the address had to wait already, where the account was exempt from that; else 0. */
int64_t login_throttle_note_failure(struct login_throttle *throttle, const struct login_attempt *attempt,
                                    int64_t now_ns);
void login_throttle_note_success(struct login_throttle *throttle, const struct login_attempt *attempt, int64_t now_ns);

#endif
