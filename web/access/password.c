#include "web/access/password.h"

#include <crypt.h>
#include <errno.h>
#include <limits.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Of the digest itself, which follows the last $: SHA-256 in 64 characters of 6 bits, or more. A setting without a
 * digest has less there: its salt. */
#define DIGEST_MIN_SIGNS 31

bool password_is_hash(const char *text) {
    const char *last = strrchr(text, '$');
    return text[0] == '$' && strlen(last + 1) >= DIGEST_MIN_SIGNS && strlen(text) < CRYPT_OUTPUT_SIZE &&
           crypt_checksalt(text) == CRYPT_SALT_OK;
}

#define ROUNDS_MAX 2000000u
#define BCRYPT_LOG2_MAX 13u
#define N_LOG2_MAX 15u
#define R_MAX 32u

/* The digit of crypt(5)'s base 64 at a place; 64: that is none. */
static unsigned digit_at(const char *place) {
    static const char digits[] = "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const char *found = *place != '\0' ? strchr(digits, *place) : NULL;
    return found != NULL ? (unsigned)(found - digits) : 64;
}

/* Of five digits, the lowest first. */
static unsigned long number_at(const char *place) {
    unsigned long number = 0;
    for (unsigned i = 0; i < 5; i++) {
        if (digit_at(place + i) == 64) {
            return ULONG_MAX;
        }
        number |= (unsigned long)digit_at(place + i) << 6 * i;
    }
    return number;
}

/* "jNR$": a flavour, log2(N) - 1 and r - 1, and no parameter beyond those that crypt_gensalt(3) writes. */
static bool is_affordable_yescrypt(const char *parameters) {
    return strcspn(parameters, "$") == 3 && digit_at(parameters + 1) < N_LOG2_MAX && digit_at(parameters + 2) < R_MAX;
}

/* log2(N), then r and p in five digits each. */
static bool is_affordable_scrypt(const char *parameters) {
    const unsigned long r = digit_at(parameters) <= N_LOG2_MAX ? number_at(parameters + 1) : ULONG_MAX;
    const unsigned long p = r <= R_MAX ? number_at(parameters + 6) : ULONG_MAX;
    return p <= R_MAX && r * p <= R_MAX;
}

static bool starts_with(const char *text, const char *prefix) { return strncmp(text, prefix, strlen(prefix)) == 0; }

bool password_is_affordable(const char *text) {
    if (starts_with(text, "$y$") || starts_with(text, "$gy$")) {
        return is_affordable_yescrypt(strchr(text + 1, '$') + 1);
    }
    if (starts_with(text, "$7$")) {
        return is_affordable_scrypt(text + strlen("$7$"));
    }
    if (starts_with(text, "$2")) {
        return strtoul(strchr(text + 1, '$') + 1, NULL, 10) <= BCRYPT_LOG2_MAX;
    }
    const char *rounds = strstr(text, "rounds=");
    return rounds == NULL || strtoul(rounds + strlen("rounds="), NULL, 10) <= ROUNDS_MAX;
}

/* The same as crypt(), with its 32 KB of state on the heap and wiped. *hash is the caller's to free(). */
static enum err run_crypt(const char *password, const char *setting, char **hash) {
    struct crypt_data *state = calloc(1, sizeof *state);
    if (state == NULL) {
        return ERR_MEMORY;
    }
    const char *output = crypt_r(password, setting, state);
    enum err error = output == NULL || output[0] == '*' ? ERR_INVALID : ERR_OK;
    if (error == ERR_INVALID && errno == ENOMEM) {
        error = ERR_MEMORY;
    }
    if (error == ERR_OK) {
        *hash = strdup(output);
        error = *hash == NULL ? ERR_MEMORY : ERR_OK;
    }
    sodium_memzero(state, sizeof *state);
    free(state);
    return error;
}

enum err password_hash(const char *password, char **hash) {
    if (strlen(password) > PASSWORD_MAX_BYTES) {
        return ERR_INVALID;
    }
    char *setting = crypt_gensalt_ra("$y$", 0, NULL, 0);
    if (setting == NULL) {
        return err_from_errno(errno);
    }
    enum err error = run_crypt(password, setting, hash);
    free(setting);
    return error;
}

enum err password_check(const char *hash, const char *password, bool *matches) {
    char *again = NULL;
    enum err error = run_crypt(password, hash, &again);
    if (error == ERR_OK) {
        size_t count = strlen(again);
        *matches = count == strlen(hash) && sodium_memcmp(again, hash, count) == 0;
        free(again);
    }
    return error;
}
