#include "web/access/slots.h"

#include "tests/unit/web/access/access_fixture.h"

#define MAX 8u
#define MAX_PER_ADDRESS 4u

static struct slots slots;

static int set_up(void **state) {
    (void)state;
    return slots_init(&slots, MAX, MAX_PER_ADDRESS) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    slots_finish(&slots);
    return 0;
}

static struct http_request request_from(const char *address, const struct principal *principal) {
    struct http_request request = {.principal = principal};
    snprintf(request.client, sizeof request.client, "%s", address);
    return request;
}

static void one_address_leaves_slots_to_others(void **state) {
    (void)state;
    const struct http_request greedy = request_from("192.0.2.1", NULL), other = request_from("192.0.2.2", NULL);
    for (unsigned i = 0; i < MAX_PER_ADDRESS; i++) {
        assert_int_equal(slot_take(&slots, greedy.client, greedy.principal), SLOT_TAKEN);
    }
    assert_int_equal(slot_take(&slots, greedy.client, greedy.principal), SLOT_SHARE_FULL);
    assert_int_equal(slot_take(&slots, other.client, other.principal), SLOT_TAKEN);
    slot_release(&slots, greedy.client, greedy.principal);
    assert_int_equal(slot_take(&slots, greedy.client, greedy.principal), SLOT_TAKEN);
}

static void one_account_at_many_addresses_leaves_slots_to_others(void **state) {
    (void)state;
    const struct account_settings users[] = {make_user("anna", "hash"), make_user("bob", "hash")};
    struct access *access = make_access(users, 2, NULL);
    const struct principal anna = {.account = access_find_user(access, "anna")};
    const struct principal bob = {.account = access_find_user(access, "bob")};
    struct http_request request;
    for (unsigned i = 0; i < MAX / 4 * 3; i++) {
        char address[16];
        snprintf(address, sizeof address, "192.0.2.%u", i);
        request = request_from(address, &anna);
        assert_int_equal(slot_take(&slots, request.client, request.principal), SLOT_TAKEN);
    }
    request = request_from("192.0.2.100", &anna);
    assert_int_equal(slot_take(&slots, request.client, request.principal), SLOT_SHARE_FULL);
    request = request_from("192.0.2.100", &bob);
    assert_int_equal(slot_take(&slots, request.client, request.principal), SLOT_TAKEN);
    access_unref(&access);
}

static void all_slots_are_bounded(void **state) {
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < MAX; i++) {
            assert_int_equal(slot_take_for_camera(&slots, i % 2 == 0 ? "a" : "b"), SLOT_TAKEN);
        }
        assert_int_equal(slot_take_for_camera(&slots, "c"), SLOTS_FULL);
        for (unsigned i = 0; i < MAX; i++) {
            slot_release_for_camera(&slots, i % 2 == 0 ? "a" : "b");
        }
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(one_address_leaves_slots_to_others),
        TEST(one_account_at_many_addresses_leaves_slots_to_others),
        TEST(all_slots_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
