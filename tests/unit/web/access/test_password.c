/* Passwords, and the threads that check them. */
#include "tests/unit/support.h"
#include "web/password.h"
#include "web/password_checker.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#define ADDRESS "192.0.2.1"

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

static char *hash;

static int begin(void **state) {
    (void)state;
    return password_hash("open sesame", &hash) == ERR_OK ? 0 : -1;
}

static int end(void **state) {
    (void)state;
    free(hash);
    return 0;
}

static void hash_is_told_from_a_password(void **state) {
    (void)state;
    assert_true(password_is_hash(hash));
    /* "x" by mkpasswd -m bcrypt and -m sha512crypt */
    assert_true(password_is_hash("$2b$05$PlEXRzTcOfKvRb1y8i3hZu5K3qQxYVb0lG2v3ZbT0kXqYwC9lI6rS"));
    assert_true(password_is_hash("$6$saltsalt$qFmFH.bQmmtXzyBY0s9v7Oicd2z4XSIecDzlB5KiA2/jctKu9YterLp8wwnSq.qc.eoxqOmSu"
                                 "NpYUbktGsEMX."));
    static const char *const others[] = {"",
                                         "password",
                                         "$",
                                         "$y$",
                                         "$y$j9T$mdOfPKJTmH5ySjrNqyaPq/",
                                         "$1$saltsalt$qjXMvbEw8oaL.CzflDtaK/",
                                         "rl.3StKT.4T8M",
                                         "$$$$",
                                         "a long password $ that nobody would take for a hash at all"};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_false(password_is_hash(others[i]));
    }
    char cut[200];
    snprintf(cut, sizeof cut, "%.*s", (int)strlen(hash) - 15, hash);
    assert_false(password_is_hash(cut));
}

static void only_the_password_matches(void **state) {
    (void)state;
    static const char *const others[] = {"", "open", "open sesame ", "Open sesame", "open sesamf"};
    bool matches = false;
    assert_int_equal(password_check(hash, "open sesame", &matches), ERR_OK);
    assert_true(matches);
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        assert_int_equal(password_check(hash, others[i], &matches), ERR_OK);
        assert_false(matches);
    }
    assert_int_equal(password_check("no hash", "x", &matches), ERR_INVALID);
}

static void password_that_is_too_long_is_refused(void **state) {
    (void)state;
    char text[PASSWORD_MAX_BYTES + 2];
    memset(text, 'a', sizeof text);
    text[PASSWORD_MAX_BYTES + 1] = '\0';
    char *made = NULL;
    assert_int_equal(password_hash(text, &made), ERR_INVALID);
    text[PASSWORD_MAX_BYTES] = '\0';
    assert_int_equal(password_hash(text, &made), ERR_OK);
    free(made);
}

static void what_was_right_is_remembered(void **state) {
    (void)state;
    struct password_checker *checker = NULL;
    bool matches = false;
    assert_int_equal(password_checker_create(&checker), ERR_OK);
    assert_false(password_checker_knows(checker, ADDRESS, hash, "open sesame"));
    assert_int_equal(password_checker_ask(checker, ADDRESS, hash, "open sesame", 1, &matches), ERR_OK);
    assert_true(matches);
    assert_true(password_checker_knows(checker, ADDRESS, hash, "open sesame"));
    assert_int_equal(password_checker_ask(checker, ADDRESS, hash, "open sesame", 1, &matches), ERR_OK);
    assert_true(matches);
    assert_int_equal(password_checker_ask(checker, ADDRESS, hash, "wrong", 1, &matches), ERR_OK);
    assert_false(matches);
    assert_false(password_checker_knows(checker, ADDRESS, hash, "wrong"));
    char *other = NULL;
    assert_int_equal(password_hash("open sesame", &other), ERR_OK);
    assert_false(password_checker_knows(checker, ADDRESS, other, "open sesame"));
    assert_false(password_checker_knows(checker, "192.0.2.2", hash, "open sesame"));
    free(other);
    password_checker_destroy(&checker);
}

/* ---- Many at once ---- */

#define ASKERS 40

struct asker {
    pthread_t thread;
    struct password_checker *checker;
    const char *address, *hash;
    char password[16];
    unsigned most;
    enum err error;
    bool matches;
};

static void *ask(void *argument) {
    struct asker *asker = argument;
    asker->error = password_checker_ask(asker->checker, asker->address, asker->hash, asker->password, asker->most,
                                        &asker->matches);
    return NULL;
}

static struct asker guesser(int number) {
    struct asker asker = {.address = ADDRESS, .hash = hash, .most = ASKERS};
    snprintf(asker.password, sizeof asker.password, "guess %d", number);
    return asker;
}

/* How many got an answer; the others were told that too many ask. */
static size_t ask_at_once(struct asker askers[ASKERS], bool matches) {
    struct password_checker *checker = NULL;
    size_t answered = 0;
    assert_int_equal(password_checker_create(&checker), ERR_OK);
    for (int i = 0; i < ASKERS; i++) {
        askers[i].checker = checker;
        assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
    }
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(askers[i].thread, NULL);
        answered += askers[i].error == ERR_OK;
        assert_true(askers[i].error == ERR_BUSY || (askers[i].error == ERR_OK && askers[i].matches == matches));
    }
    password_checker_destroy(&checker);
    return answered;
}

static void different_passwords_at_once_are_bounded(void **state) {
    (void)state;
    struct asker askers[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = guesser(i);
    }
    size_t answered = ask_at_once(askers, false);
    assert_true(answered >= 8 && answered < ASKERS);
}

/* A check takes long enough for all to have asked before the first is done. */
static const char slow_hash[] = "$6$rounds=500000$saltsalt$x";

static void different_passwords_of_one_address_are_bounded(void **state) {
    (void)state;
    struct asker askers[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = guesser(i);
        askers[i].hash = slow_hash;
        askers[i].most = 1;
    }
    askers[ASKERS - 1].address = "192.0.2.2";
    size_t answered = ask_at_once(askers, false);
    assert_true(answered >= 2 && answered < 5);
    assert_int_equal(askers[ASKERS - 1].error, ERR_OK);
}

static void equal_passwords_at_once_share_a_check(void **state) {
    (void)state;
    struct asker askers[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){.address = ADDRESS, .hash = hash, .password = "open sesame", .most = 1};
    }
    assert_true(ask_at_once(askers, true) >= 24);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_told_from_a_password),
        cmocka_unit_test(only_the_password_matches),
        cmocka_unit_test(password_that_is_too_long_is_refused),
        cmocka_unit_test(what_was_right_is_remembered),
        cmocka_unit_test(different_passwords_at_once_are_bounded),
        cmocka_unit_test(different_passwords_of_one_address_are_bounded),
        cmocka_unit_test(equal_passwords_at_once_share_a_check),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
