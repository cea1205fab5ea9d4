/* Passwords, and the threads that check them. */
#include "tests/unit/support.h"
#include "web/access/password.h"
#include "web/access/password_checker.h"

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

static void huge_cost_is_told(void **state) {
    (void)state;
    static const char *const cheap[] = {"$y$j75$", "$y$jCT$",  "$gy$j9T$",          "$7$DU..../....",
                                        "$2b$13$", "$6$salt$", "$5$rounds=2000000$"};
    static const char *const dear[] = {
        "$y$jDT$",        "$y$jzT$", "$y$jCU$", "$y$j9T01$", "$gy$jFT$", "$7$EU..../....",     "$7$D.1.../....",
        "$7$DU....0....", "$7$D",    "$2b$14$", "$2y$31$",   "$y$j9$",   "$5$rounds=2000001$", "$6$rounds=999999999$"};
    assert_true(password_is_affordable(hash));
    for (size_t i = 0; i < COUNT_OF(cheap); i++) {
        assert_true(password_is_affordable(cheap[i]));
    }
    for (size_t i = 0; i < COUNT_OF(dear); i++) {
        assert_false(password_is_affordable(dear[i]));
    }
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

/* The error of a question for which no place is left unless the answer is remembered. */
static enum err ask_again(struct password_checker *checker, const char *address, const char *hash_asked,
                          const char *password) {
    const struct password_question question = {.address = address, .hash = hash_asked, .password = password};
    bool matches = false;
    enum err error = password_checker_ask(checker, &question, &matches);
    assert_true(error == ERR_BUSY || matches);
    return error;
}

static void right_password_is_remembered(void **state) {
    (void)state;
    struct password_checker *checker = NULL;
    struct password_question question = {
        .address = ADDRESS, .hash = hash, .password = "open sesame", .max_concurrent = 1};
    bool matches = false;
    assert_int_equal(password_checker_create(&checker), ERR_OK);
    assert_int_equal(ask_again(checker, ADDRESS, hash, "open sesame"), ERR_BUSY);
    assert_int_equal(password_checker_ask(checker, &question, &matches), ERR_OK);
    assert_true(matches);
    assert_int_equal(ask_again(checker, ADDRESS, hash, "open sesame"), ERR_OK);
    question.password = "wrong";
    assert_int_equal(password_checker_ask(checker, &question, &matches), ERR_OK);
    assert_false(matches);
    assert_int_equal(ask_again(checker, ADDRESS, hash, "wrong"), ERR_BUSY);
    char *other = NULL;
    assert_int_equal(password_hash("open sesame", &other), ERR_OK);
    assert_int_equal(ask_again(checker, ADDRESS, other, "open sesame"), ERR_BUSY);
    assert_int_equal(ask_again(checker, "192.0.2.2", hash, "open sesame"), ERR_BUSY);
    free(other);
    password_checker_destroy(&checker);
}

/* ---- Many at once ---- */

#define ASKERS 40

struct asker {
    pthread_t thread;
    struct password_checker *checker;
    struct password_question question;
    char password[16], address[16];
    enum err error;
    bool matches;
};

static void *ask(void *argument) {
    struct asker *asker = argument;
    asker->error = password_checker_ask(asker->checker, &asker->question, &asker->matches);
    return NULL;
}

static void make_guesser(struct asker *asker, int number) {
    *asker = (struct asker){.question = {.address = ADDRESS, .hash = hash, .max_concurrent = ASKERS}};
    snprintf(asker->password, sizeof asker->password, "guess %d", number);
    asker->question.password = asker->password;
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
        make_guesser(&askers[i], i);
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
        make_guesser(&askers[i], i);
        askers[i].question.hash = slow_hash;
        askers[i].question.max_concurrent = 1;
        askers[i].question.standing = STANDING_KNOWN;
    }
    askers[ASKERS - 1].question.address = "192.0.2.2";
    size_t answered = ask_at_once(askers, false);
    assert_true(answered >= 2 && answered < 5);
    assert_int_equal(askers[ASKERS - 1].error, ERR_OK);
}

static void equal_passwords_at_once_share_a_check(void **state) {
    (void)state;
    struct asker askers[ASKERS];
    for (int i = 0; i < ASKERS; i++) {
        askers[i] = (struct asker){.question = {.address = ADDRESS,
                                                .hash = hash,
                                                .password = "open sesame",
                                                .max_concurrent = 1,
                                                .standing = STANDING_KNOWN}};
    }
    assert_true(ask_at_once(askers, true) >= 24);
}

static void guessers_of_other_addresses_leave_places(void **state) {
    (void)state;
    static struct asker guessers[ASKERS];
    struct password_checker *checker = NULL;
    assert_int_equal(password_checker_create(&checker), ERR_OK);
    for (int i = 0; i < ASKERS; i++) {
        make_guesser(&guessers[i], i);
        snprintf(guessers[i].address, sizeof guessers[i].address, "198.51.100.%d", i);
        guessers[i].checker = checker;
        guessers[i].question.address = guessers[i].address;
        guessers[i].question.hash = slow_hash;
        guessers[i].question.standing = i % 2 == 0 ? STANDING_FAILING : STANDING_NEW;
        assert_int_equal(pthread_create(&guessers[i].thread, NULL, ask, &guessers[i]), 0);
    }
    const struct password_question known = {
        .address = ADDRESS, .hash = hash, .password = "open sesame", .max_concurrent = 1, .standing = STANDING_KNOWN};
    bool matches = false;
    assert_int_equal(password_checker_ask(checker, &known, &matches), ERR_OK);
    assert_true(matches);
    size_t answered = 0;
    for (int i = 0; i < ASKERS; i++) {
        pthread_join(guessers[i].thread, NULL);
        answered += guessers[i].error == ERR_OK;
    }
    assert_true(answered > 0 && answered < ASKERS);
    password_checker_destroy(&checker);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hash_is_told_from_a_password),
        cmocka_unit_test(huge_cost_is_told),
        cmocka_unit_test(only_the_password_matches),
        cmocka_unit_test(password_that_is_too_long_is_refused),
        cmocka_unit_test(right_password_is_remembered),
        cmocka_unit_test(different_passwords_at_once_are_bounded),
        cmocka_unit_test(different_passwords_of_one_address_are_bounded),
        cmocka_unit_test(guessers_of_other_addresses_leave_places),
        cmocka_unit_test(equal_passwords_at_once_share_a_check),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
