/* Passwords as crypt(3) hashes them (crypt(5) lists the kinds).
 * Threads: any. */
#ifndef WEB_ACCESS_PASSWORD_H
#define WEB_ACCESS_PASSWORD_H

#include "broker/base/err.h"

#include <stdbool.h>

#define PASSWORD_MAX_BYTES 256

/* Whether the text is a hash of a kind that is fit for passwords today: neither a password itself, nor one of the old
 * kinds, nor one that was cut. */
bool password_is_hash(const char *text);
/* Whether a login may be made to compute it: within about a second, and 128 MB of memory (yescrypt and scrypt with
 * N = 2^15 and r = 32, bcrypt with 2^13 rounds, SHA-256 and SHA-512 with 2,000,000). text is of password_is_hash(). */
bool password_is_affordable(const char *text);

/* Hashes a password with yescrypt. *hash is the caller's to free(). ERR_MEMORY; ERR_INVALID: it is too long; ERR_IO.
 * Blocks: for tens of milliseconds of CPU, as the next. */
CHECKED enum err password_hash(const char *password, char **hash);
/* ERR_MEMORY; ERR_INVALID: that is no hash. */
CHECKED enum err password_check(const char *hash, const char *password, bool *matches);

#endif
