/* Checks passwords on threads of its own: a check takes tens of milliseconds of CPU and some 16 MB of memory, so few
 * run at once, at a low priority, and few wait. Equal questions share one check, and what was right is remembered until
 * nobody has asked it for a minute, so that a program that sends its password with each request costs one check. A
 * question belongs to the address that asks: what is remembered for one tells another nothing.
 *
 * Threads: any. Ownership: everything is borrowed for the time of a call. */
#ifndef WEB_PASSWORD_CHECKER_H
#define WEB_PASSWORD_CHECKER_H

#include "broker/err.h"

#include <stdbool.h>

struct password_checker;

/* ERR_MEMORY. Its threads start when the first question comes. */
CHECKED enum err password_checker_create(struct password_checker **checker);
/* No call of password_checker_ask() may be under way any more. */
void password_checker_destroy(struct password_checker **checker);

/* Whether the password, which came from that address, is the one that was hashed. most: how many checks of that address
 * (of IPv6: of its network of 64 bits) may be under way, at least 1. Blocks: until that is found out, for the time of
 * four checks at most. ERR_BUSY: there are as many, or too many wait already; ERR_MEMORY; ERR_INVALID: that is no hash.
 */
CHECKED enum err password_checker_ask(struct password_checker *checker, const char *address, const char *hash,
                                      const char *password, unsigned most, bool *matches);
/* Whether password_checker_ask() remembers that it is right, and so would not block. */
bool password_checker_knows(struct password_checker *checker, const char *address, const char *hash,
                            const char *password);

#endif
