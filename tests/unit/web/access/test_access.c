#include "tests/unit/web/access/access_fixture.h"

static void without_accounts_everybody_may_do_everything(void **state) {
    (void)state;
    struct principal principal = {.access = make_access(NULL, 0, NULL)};
    assert_true(access_is_open(principal.access));
    assert_int_equal(principal_rights(&principal), RIGHTS_ADMIN);
    assert_true(access_may_view(&principal, "anything"));
    assert_true(access_may_view_all(&principal));
    principal_finish(&principal);
}

static void stranger_may_do_nothing(void **state) {
    (void)state;
    struct account_settings user = make_user("anna", "hash");
    struct principal principal = {.access = make_access(&user, 1, NULL)};
    assert_int_equal(principal_rights(&principal), RIGHTS_NONE);
    assert_false(access_may_view(&principal, "door"));
    assert_false(access_may_view_all(&principal));
    principal_finish(&principal);
}

static void patterns_say_which_cameras(void **state) {
    (void)state;
    static const char *const patterns[] = {"front-*", "door", "cam?", "*-in-*", "site-a.gate", "site-b.*"};
    static const struct {
        const char *id;
        bool may;
    } cases[] = {
        {"front-door", true},  {"front-", true},
        {"front", false},      {"xfront-door", false},
        {"door", true},        {"door2", false},
        {"doo", false},        {"cam1", true},
        {"cam", false},        {"cam12", false},
        {"a-in-b", true},      {"in", false},
        {"", false},           {"site-a.gate", true},
        {"gate", false},       {"site-a.door", false},
        {"site-b.door", true}, {"site-a.front-door", false},
    };
    struct account account = {.settings = make_limited("bob", patterns, COUNT_OF(patterns))};
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(account_may_view(&account, cases[i].id), cases[i].may);
    }
}

static void settings_are_copied(void **state) {
    (void)state;
    char name[] = "anna", hash[] = "hash", pattern[] = "door";
    const char *patterns[] = {pattern};
    struct account_settings accounts[] = {make_token("t", TOKEN), make_limited(name, patterns, 1)};
    accounts[1].password_hash = hash;
    struct access *access = make_access(accounts, COUNT_OF(accounts), NULL);
    memset(name, 'x', sizeof name - 1);
    memset(hash, 'x', sizeof hash - 1);
    memset(pattern, 'x', sizeof pattern - 1);
    memset(accounts, 0, sizeof accounts);
    const struct account *user = access_find_user(access, "anna");
    assert_non_null(user);
    assert_string_equal(user->settings.password_hash, "hash");
    assert_true(account_may_view(user, "door"));
    access_unref(&access);
}

static void accounts_are_found_by_what_they_are_called(void **state) {
    (void)state;
    struct account_settings accounts[] = {make_user("a", "1"), make_token("a", TOKEN), make_user("b", "2")};
    struct access *access = make_access(accounts, COUNT_OF(accounts), NULL);
    assert_string_equal(access_find_user(access, "b")->settings.password_hash, "2");
    assert_null(access_find_user(access, "c"));
    assert_null(access_find_user(access, ""));
    assert_int_equal(access_find_token(access, TOKEN)->settings.kind, ACCOUNT_TOKEN);
    assert_null(access_find_token(access, TOKEN "x"));
    assert_null(access_find_token(access, ""));
    assert_ptr_equal(access_find_fingerprint(access, &access_find_user(access, "b")->fingerprint),
                     access_find_user(access, "b"));
    assert_null(access_find_fingerprint(access, &(struct fingerprint){{0}}));
    access_unref(&access);
}

static void unknown_name_is_always_the_same_user_in_disguise(void **state) {
    (void)state;
    struct account_settings accounts[] = {make_token("t", TOKEN), make_user("a", "1"), make_user("b", "2")};
    struct access *access = make_access(accounts, COUNT_OF(accounts), NULL);
    bool picked[2] = {false, false};
    for (int i = 0; i < 64; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        const struct account *user = access_pick_user(access, name);
        assert_ptr_equal(user, access_pick_user(access, name));
        assert_int_equal(user->settings.kind, ACCOUNT_USER);
        picked[user == access_find_user(access, "b")] = true;
    }
    assert_true(picked[0] && picked[1]);
    access_unref(&access);
    access = make_access(accounts, 1, NULL);
    assert_null(access_pick_user(access, "n"));
    access_unref(&access);
}

static void renewed_principal_keeps_his_account_until_it_changes(void **state) {
    (void)state;
    static const char *const reaper[] = {"door"};
    struct account_settings before[] = {make_user("anna", "hash"), make_user("bob", "hash")};
    struct account_settings moved[] = {make_token("t", TOKEN), make_limited("anna", reaper, 1)};
    struct account_settings another_password[] = {make_user("anna", "another")};
    struct principal principal = {.access = make_access(before, COUNT_OF(before), NULL)}, renewed;
    principal.account = access_find_user(principal.access, "anna");
    principal.lender = access_find_user(principal.access, "bob");
    snprintf(principal.link.camera, sizeof principal.link.camera, "yard");
    assert_true(access_may_view(&principal, "yard"));

    struct access *access = make_access(moved, COUNT_OF(moved), NULL);
    principal_renew(&principal, access, &renewed);
    assert_string_equal(renewed.account->settings.name, "anna");
    assert_null(renewed.lender);
    assert_true(access_may_view(&renewed, "door"));
    assert_false(access_may_view(&renewed, "yard"));
    principal_finish(&renewed);
    access_unref(&access);

    access = make_access(another_password, COUNT_OF(another_password), NULL);
    principal_renew(&principal, access, &renewed);
    assert_null(renewed.account);
    principal_finish(&renewed);
    access_unref(&access);
    principal_finish(&principal);
}

static void link_allows_no_more_than_its_maker_may_do(void **state) {
    (void)state;
    static const char *const reaper[] = {"door"};
    struct account_settings user = make_limited("bob", reaper, 1);
    struct principal principal = {.access = make_access(&user, 1, NULL), .link.camera = "door"};
    principal.lender = access_find_user(principal.access, "bob");
    assert_int_equal(principal_rights(&principal), RIGHTS_NONE);
    assert_true(access_may_view(&principal, "door"));
    assert_false(access_may_view(&principal, "yard"));
    snprintf(principal.link.camera, sizeof principal.link.camera, "yard");
    assert_false(access_may_view(&principal, "yard"));
    assert_false(access_may_view(&principal, "door"));
    principal_finish(&principal);
}

static void secret_decides_what_is_signed_with(void **state) {
    (void)state;
    struct account_settings user = make_user("anna", "hash");
    const char *const secrets[] = {NULL, "one secret", "another secret"};
    struct signing_key keys[2 * COUNT_OF(secrets)];
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        struct access *access = make_access(&user, 1, secrets[i]), *again = make_access(&user, 1, secrets[i]);
        keys[2 * i] = *access_session_key(access);
        keys[2 * i + 1] = *access_link_key(access);
        assert_memory_equal(&keys[2 * i], access_session_key(again), sizeof keys[0]);
        access_unref(&access);
        access_unref(&again);
    }
    for (size_t i = 0; i < COUNT_OF(keys); i++) {
        for (size_t other = 0; other < i; other++) {
            assert_memory_not_equal(&keys[i], &keys[other], sizeof keys[0]);
        }
    }
}

static void tokens_are_long_and_fit_a_header(void **state) {
    (void)state;
    char longest[TOKEN_MAX_BYTES + 2];
    memset(longest, 'a', sizeof longest);
    longest[TOKEN_MAX_BYTES + 1] = '\0';
    assert_false(access_is_token(longest));
    longest[TOKEN_MAX_BYTES] = '\0';
    assert_true(access_is_token(longest));
    assert_true(access_is_token(TOKEN));
    assert_false(access_is_token("0123456789abcdefghi"));
    assert_false(access_is_token("0123456789 abcdefghij"));
    assert_false(access_is_token("0123456789:abcdefghij"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_accounts_everybody_may_do_everything),
        cmocka_unit_test(stranger_may_do_nothing),
        cmocka_unit_test(patterns_say_which_cameras),
        cmocka_unit_test(settings_are_copied),
        cmocka_unit_test(accounts_are_found_by_what_they_are_called),
        cmocka_unit_test(unknown_name_is_always_the_same_user_in_disguise),
        cmocka_unit_test(renewed_principal_keeps_his_account_until_it_changes),
        cmocka_unit_test(link_allows_no_more_than_its_maker_may_do),
        cmocka_unit_test(secret_decides_what_is_signed_with),
        cmocka_unit_test(tokens_are_long_and_fit_a_header),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
