#include "cameras/secrets.h"

#include "broker/base/saturating.h"
#include "broker/base/sync.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define MASK_MAX_BYTES 3 /* "***", or less, as it is written in place */

struct secret {
    SLIST_ENTRY(secret) in_secrets;
    size_t count;
    char text[];
};

struct secrets {
    SLIST_HEAD(, secret) list;
    LIST_ENTRY(secrets) in_all;
};

static struct {
    struct lock lock;
    LIST_HEAD(, secrets) list GUARDED_BY(lock);
} all = {.lock = {PTHREAD_MUTEX_INITIALIZER}};

enum err secrets_create(struct secrets **out) {
    struct secrets *secrets = calloc(1, sizeof *secrets);
    if (secrets == NULL) {
        return ERR_MEMORY;
    }
    lock_acquire(&all.lock);
    LIST_INSERT_HEAD(&all.list, secrets, in_all);
    lock_release(&all.lock);
    *out = secrets;
    return ERR_OK;
}

enum err secrets_add(struct secrets *secrets, const char *text, size_t count) {
    if (count == 0) {
        return ERR_OK;
    }
    struct secret *secret = malloc(sizeof *secret + count);
    if (secret == NULL) {
        return ERR_MEMORY;
    }
    secret->count = count;
    memcpy(secret->text, text, count);
    lock_acquire(&all.lock);
    SLIST_INSERT_HEAD(&secrets->list, secret, in_secrets);
    lock_release(&all.lock);
    return ERR_OK;
}

void secrets_destroy(struct secrets **secrets_pointer) {
    struct secrets *secrets = *secrets_pointer;
    *secrets_pointer = NULL;
    if (secrets == NULL) {
        return;
    }
    lock_acquire(&all.lock);
    LIST_REMOVE(secrets, in_all);
    lock_release(&all.lock);
    while (!SLIST_EMPTY(&secrets->list)) {
        struct secret *secret = SLIST_FIRST(&secrets->list);
        SLIST_REMOVE_HEAD(&secrets->list, in_secrets);
        free(secret);
    }
    free(secrets);
}

/* ---- Masking ---- */

static int read_hex_digit(char character) {
    static const char digits[] = "0123456789abcdef";
    const char *at = character != '\0' ? strchr(digits, tolower((unsigned char)character)) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* How many characters of the text stand for this byte; 0: it begins with another. */
static size_t match_byte(const char *text, char byte) {
    int high = text[0] == '%' ? read_hex_digit(text[1]) : -1;
    int low = high >= 0 ? read_hex_digit(text[2]) : -1;
    if (low >= 0 && (char)(high * 16 + low) == byte) {
        return 3;
    }
    return text[0] == byte || (text[0] == '+' && byte == ' ');
}

static size_t match_encoded(const char *text, const struct secret *secret) {
    size_t length = 0;
    for (size_t i = 0; i < secret->count; i++) {
        size_t step = match_byte(text + length, secret->text[i]);
        if (step == 0) {
            return 0;
        }
        length += step;
    }
    return length;
}

/* How many characters at the beginning of the text are the secret; 0: none. */
static size_t match_secret(const char *text, bool begins_word, const struct secret *secret) {
    size_t length = strncmp(text, secret->text, secret->count) == 0 ? secret->count : match_encoded(text, secret);
    bool is_word = begins_word && !isalnum((unsigned char)text[length]);
    return secret->count >= SECRET_SHORT_BYTES || is_word ? length : 0;
}

static size_t match_longest_locked(const char *text, bool begins_word) REQUIRES(&all.lock) {
    size_t longest = 0;
    const struct secrets *secrets;
    const struct secret *secret;
    LIST_FOREACH (secrets, &all.list, in_all) {
        SLIST_FOREACH(secret, &secrets->list, in_secrets) {
            longest = max_size(longest, match_secret(text, begins_word, secret));
        }
    }
    return longest;
}

void secrets_mask(char *text) {
    char *to = text;
    const char *from = text;
    bool begins_word = true;
    lock_acquire(&all.lock);
    while (*from != '\0') {
        size_t length = match_longest_locked(from, begins_word);
        if (length > 0) {
            size_t mask_bytes = min_size(length, MASK_MAX_BYTES);
            memset(to, '*', mask_bytes);
            to += mask_bytes;
            from += length;
            begins_word = true;
        } else {
            begins_word = !isalnum((unsigned char)*from);
            *to++ = *from++;
        }
    }
    lock_release(&all.lock);
    *to = '\0';
}
