/* Checks passwords on threads of its own: a check takes tens of milliseconds of CPU and some 16 MB of memory, so few
 * run at once, at a low priority. Equal questions share one check. A right answer is remembered until it has not been
 * asked for during a minute, so that a program that sends its password with each request costs one check. A question
 * belongs to the address that asks: what is remembered for one address is of no use to another.
 *
 * A bounded number of requests wait. Addresses that fail may take half of the places and new ones most of them; the
 * rest is for addresses that have succeeded lately, whose checks also come first.
 *
 * Threads: any. Ownership: everything is borrowed for the time of a call. */
#ifndef WEB_ACCESS_PASSWORD_CHECKER_H
#define WEB_ACCESS_PASSWORD_CHECKER_H

#include "broker/base/err.h"
#include "web/access/login_throttle.h"

#include <stdbool.h>

struct password_checker;

struct password_question {
    const char *address, *hash, *password;
    unsigned max_concurrent; /* checks of that address (of IPv6: of its network of 64 bits) under way, at least 1 */
    enum login_standing standing; /* of the address */
};

/* ERR_MEMORY. The threads start with the first question. */
CHECKED enum err password_checker_create(struct password_checker **checker);
/* No call of password_checker_ask() may be under way. */
void password_checker_destroy(struct password_checker **checker);

/* Whether the password is the one that was hashed. Blocks: until that is known, for the time of twelve checks at most.
 * ERR_BUSY: max_concurrent checks of the address are under way, or all places for its standing are taken; ERR_MEMORY;
 * ERR_INVALID: the hash is not one. */
CHECKED enum err password_checker_ask(struct password_checker *checker, const struct password_question *question,
                                      bool *matches);

#endif
