#include "web/password.h"

#include <crypt.h>
#include <errno.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

/* Of the digest itself, which follows the last $: SHA-256 in 64 signs of 6 bits, or more. A setting without a digest
 * has less there: its salt. */
#define DIGEST_MIN_SIGNS 31

bool password_is_hash(const char *text) {
    const char *last = strrchr(text, '$');
    return text[0] == '$' && strlen(last + 1) >= DIGEST_MIN_SIGNS && strlen(text) < CRYPT_OUTPUT_SIZE &&
           crypt_checksalt(text) == CRYPT_SALT_OK;
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
