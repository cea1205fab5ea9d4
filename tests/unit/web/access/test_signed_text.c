/* What is signed, and the two things that are: sessions and links. */
#include "tests/unit/web/access/access_fixture.h"
#include "web/access/signed_link.h"

#define NOW_S 1800000000

static const struct signing_key test_key = {{1, 2, 3}};
static const struct signing_key other_key = {{1, 2, 4}};

static void payload_comes_back(void **state) {
    (void)state;
    char longest[SIGNED_PAYLOAD_MAX_BYTES + 1];
    memset(longest, 'x', sizeof longest - 1);
    longest[SIGNED_PAYLOAD_MAX_BYTES] = '\0';
    const char *const payloads[] = {"", "a", "a payload", longest};
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        char text[SIGNED_TEXT_ROOM_BYTES], payload[SIGNED_PAYLOAD_MAX_BYTES + 1];
        signed_text_make(&test_key, payloads[i], text);
        assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
                         strlen(text));
        assert_true(signed_text_open(&test_key, text, strlen(text), payload));
        assert_string_equal(payload, payloads[i]);
        assert_false(signed_text_open(&other_key, text, strlen(text), payload));
    }
}

static void every_change_is_noticed(void **state) {
    (void)state;
    char text[SIGNED_TEXT_ROOM_BYTES], payload[SIGNED_PAYLOAD_MAX_BYTES + 1];
    signed_text_make(&test_key, "a payload of some length", text);
    size_t count = strlen(text);
    for (size_t i = 0; i < count; i++) {
        assert_false(signed_text_open(&test_key, text, i, payload));
        char kept = text[i];
        for (const char *c = "Aa0-_=+/ \n%"; *c != '\0'; c++) {
            text[i] = *c;
            assert_int_equal(signed_text_open(&test_key, text, count, payload), *c == kept);
        }
        text[i] = kept;
    }
    char too_long[2 * SIGNED_TEXT_ROOM_BYTES];
    memset(too_long, 'A', sizeof too_long);
    assert_false(signed_text_open(&test_key, too_long, sizeof too_long, payload));
}

static void keys_of_purposes_differ(void **state) {
    (void)state;
    struct signing_key a = signing_key_for(&test_key, "a"), b = signing_key_for(&test_key, "b");
    assert_memory_not_equal(&a, &b, sizeof a);
    b = signing_key_for(&test_key, "a");
    assert_memory_equal(&a, &b, sizeof a);
}

/* ---- Sessions ---- */

static struct session make_session(int64_t began_s) {
    struct account account = {.fingerprint = {{7, 0, 255}}};
    return session_begin(&account, began_s);
}

static void session_comes_back(void **state) {
    (void)state;
    struct session session = make_session(NOW_S), read;
    char text[SIGNED_TEXT_ROOM_BYTES];
    session_write(&session, &test_key, text);
    assert_true(session_read(text, strlen(text), &test_key, &read));
    assert_memory_equal(&read, &session, sizeof session);
    assert_int_equal(read.expires_s, NOW_S + SESSION_LASTS_S);
    assert_false(session_read(text, strlen(text) - 1, &test_key, &read));
    assert_false(session_read(text, strlen(text), &other_key, &read));
}

static void signed_text_of_another_kind_is_no_session(void **state) {
    (void)state;
    static const char *const payloads[] = {"", "x", "zz zz 1 99999999999", "00 00 1 99999999999"};
    for (size_t i = 0; i < COUNT_OF(payloads); i++) {
        char text[SIGNED_TEXT_ROOM_BYTES];
        struct session read;
        signed_text_make(&test_key, payloads[i], text);
        assert_false(session_read(text, strlen(text), &test_key, &read));
    }
}

static void ended_session_stays_ended(void **state) {
    (void)state;
    struct ended_sessions *ended = NULL;
    assert_int_equal(ended_sessions_create(&ended), ERR_OK);
    struct session one = make_session(NOW_S), other = make_session(NOW_S);
    ended_sessions_add(ended, &one, NOW_S + 5);
    assert_true(ended_sessions_has(ended, &one));
    assert_false(ended_sessions_has(ended, &other));
    ended_sessions_destroy(&ended);
}

static void too_many_ended_sessions_take_older_ones_with_them(void **state) {
    (void)state;
    struct ended_sessions *ended = NULL;
    assert_int_equal(ended_sessions_create(&ended), ERR_OK);
    struct session first = make_session(NOW_S), bystander = make_session(NOW_S), later = make_session(NOW_S + 100);
    ended_sessions_add(ended, &first, NOW_S);
    for (int i = 0; i < 1024; i++) {
        struct session session = make_session(NOW_S + 1 + i / 20);
        ended_sessions_add(ended, &session, NOW_S);
    }
    assert_true(ended_sessions_has(ended, &first));
    assert_true(ended_sessions_has(ended, &bystander));
    assert_false(ended_sessions_has(ended, &later));
    ended_sessions_destroy(&ended);
}

static void logouts_of_one_account_end_no_session_of_another(void **state) {
    (void)state;
    struct ended_sessions *ended = NULL;
    assert_int_equal(ended_sessions_create(&ended), ERR_OK);
    struct session other = make_session(NOW_S), other_ended = make_session(NOW_S);
    other.fingerprint.bytes[0] ^= 1;
    other_ended.fingerprint = other.fingerprint;
    ended_sessions_add(ended, &other_ended, NOW_S);
    for (int i = 0; i < 2500; i++) {
        struct session session = make_session(NOW_S + i);
        ended_sessions_add(ended, &session, NOW_S + i);
        assert_true(ended_sessions_has(ended, &session));
    }
    assert_false(ended_sessions_has(ended, &other));
    assert_true(ended_sessions_has(ended, &other_ended));
    ended_sessions_destroy(&ended);
}

static void full_table_is_paid_for_by_the_largest_account(void **state) {
    (void)state;
    struct ended_sessions *ended = NULL;
    assert_int_equal(ended_sessions_create(&ended), ERR_OK);
    struct session first[40];
    for (int i = 0; i < 40; i++) {
        for (int n = 0; n < 64; n++) {
            struct session session = make_session(NOW_S + n);
            session.fingerprint.bytes[0] = (unsigned char)i;
            ended_sessions_add(ended, &session, NOW_S + 64);
            first[i] = n == 0 ? session : first[i];
        }
    }
    struct session small = make_session(NOW_S), bystander = make_session(NOW_S);
    small.fingerprint.bytes[0] = bystander.fingerprint.bytes[0] = 200;
    ended_sessions_add(ended, &small, NOW_S + 64);
    assert_true(ended_sessions_has(ended, &small));
    assert_false(ended_sessions_has(ended, &bystander));
    for (int i = 0; i < 40; i++) {
        assert_true(ended_sessions_has(ended, &first[i]));
    }
    ended_sessions_destroy(&ended);
}

static void expired_sessions_make_room(void **state) {
    (void)state;
    struct ended_sessions *ended = NULL;
    assert_int_equal(ended_sessions_create(&ended), ERR_OK);
    for (int i = 0; i < 1024; i++) {
        struct session session = make_session(NOW_S);
        ended_sessions_add(ended, &session, NOW_S);
    }
    struct session later = make_session(NOW_S), bystander = make_session(NOW_S);
    ended_sessions_add(ended, &later, NOW_S + SESSION_LASTS_S);
    assert_true(ended_sessions_has(ended, &later));
    assert_false(ended_sessions_has(ended, &bystander));
    ended_sessions_destroy(&ended);
}

/* ---- Links ---- */

static void link_comes_back_until_it_expires(void **state) {
    (void)state;
    struct signed_link link = {.fingerprint = {{9}}, .expires_s = NOW_S + 1}, read = {.expires_s = 0};
    memset(link.camera, 'c', TOPIC_ID_MAX_BYTES);
    char text[SIGNED_TEXT_ROOM_BYTES];
    signed_link_write(&link, &test_key, text);
    assert_int_equal(signed_link_read(text, &test_key, NOW_S, &read), LINK_IS_GOOD);
    assert_memory_equal(&read.fingerprint, &link.fingerprint, sizeof link.fingerprint);
    assert_string_equal(read.camera, link.camera);
    assert_int_equal(signed_link_read(text, &test_key, NOW_S + 1, &read), LINK_HAS_EXPIRED);
    assert_int_equal(signed_link_read(text, &other_key, NOW_S, &read), LINK_IS_FORGED);
    assert_int_equal(signed_link_read("", &test_key, NOW_S, &read), LINK_IS_FORGED);
    text[strlen(text) - 1] = '\0';
    assert_int_equal(signed_link_read(text, &test_key, NOW_S, &read), LINK_IS_FORGED);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(payload_comes_back),
        cmocka_unit_test(every_change_is_noticed),
        cmocka_unit_test(keys_of_purposes_differ),
        cmocka_unit_test(session_comes_back),
        cmocka_unit_test(signed_text_of_another_kind_is_no_session),
        cmocka_unit_test(ended_session_stays_ended),
        cmocka_unit_test(too_many_ended_sessions_take_older_ones_with_them),
        cmocka_unit_test(logouts_of_one_account_end_no_session_of_another),
        cmocka_unit_test(full_table_is_paid_for_by_the_largest_account),
        cmocka_unit_test(expired_sessions_make_room),
        cmocka_unit_test(link_comes_back_until_it_expires),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
