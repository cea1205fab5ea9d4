/* Accounts to try with who may do what. */
#ifndef TESTS_UNIT_WEB_ACCESS_FIXTURE_H
#define TESTS_UNIT_WEB_ACCESS_FIXTURE_H

#include "tests/unit/support.h"
#include "web/access/principal.h"

#include <stdio.h>

#define TOKEN "0123456789-abcdefghij"
#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static inline struct account_settings make_user(const char *name, const char *hash) {
    return (struct account_settings){.kind = ACCOUNT_USER, .name = name, .password_hash = hash, .rights = RIGHTS_VIEW};
}

static inline struct account_settings make_limited(const char *name, const char *const *cameras, size_t count) {
    struct account_settings settings = make_user(name, "hash");
    settings.cameras = cameras;
    settings.camera_count = count;
    return settings;
}

static inline struct account_settings make_token(const char *name, const char *token) {
    struct account_settings settings = {.kind = ACCOUNT_TOKEN, .name = name, .rights = RIGHTS_ADMIN};
    access_digest_token(token, settings.token_digest);
    return settings;
}

static inline struct access *make_access(const struct account_settings *accounts, size_t count, const char *secret) {
    struct access_settings settings = {.accounts = accounts, .account_count = count, .secret = secret};
    struct access *access = NULL;
    assert_int_equal(access_create(&settings, &access), ERR_OK);
    return access;
}

#endif
