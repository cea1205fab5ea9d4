/* Frames that arrive in parts. */
#include "broker/cluster/import/frame_assembly.h"
#include "tests/unit/support.h"

#define TOTAL 1000

static struct frame_pool *pool;
static struct frame_assembly assembly;
static struct frame *complete;
static uint64_t lost;
static uint8_t picture[TOTAL];

static int set_up(void **state) {
    (void)state;
    pool = make_pool();
    assembly = (struct frame_assembly){.frame = NULL};
    complete = NULL;
    lost = 0;
    for (size_t i = 0; i < TOTAL; i++) {
        picture[i] = (uint8_t)(i * 31);
    }
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    frame_assembly_finish(&assembly);
    frame_unref(&complete);
    frame_pool_destroy(&pool);
    return 0;
}

static enum err add_part(struct frame_assembly *to, uint64_t number, uint32_t offset, uint32_t count) {
    const struct frame_message message = {
        .number = number, .total_bytes = TOTAL, .offset = offset, .payload = {picture + offset, count}};
    return frame_assembly_add(to, &message, pool, &complete, &lost);
}

static void expect_picture(void) {
    assert_non_null(complete);
    assert_int_equal(frame_payload(complete).count, TOTAL);
    assert_memory_equal(frame_payload(complete).bytes, picture, TOTAL);
    frame_unref(&complete);
    assert_null(assembly.frame);
}

static void whole_frame_is_complete_at_once(void **state) {
    (void)state;
    assert_int_equal(add_part(&assembly, 5, 0, TOTAL), ERR_OK);
    expect_picture();
    assert_int_equal(lost, 0);
}

static void parts_in_order_make_a_frame(void **state) {
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        assert_int_equal(add_part(&assembly, 5 + 3 * round, 0, 400), ERR_OK);
        assert_null(complete);
        assert_int_equal(add_part(&assembly, 6 + 3 * round, 400, 400), ERR_OK);
        assert_null(complete);
        assert_int_equal(add_part(&assembly, 7 + 3 * round, 800, 200), ERR_OK);
        expect_picture();
    }
    assert_int_equal(lost, 0);
}

static void frame_with_a_missing_part_is_lost(void **state) {
    (void)state;
    assert_int_equal(add_part(&assembly, 5, 0, 400), ERR_OK);
    assert_int_equal(add_part(&assembly, 7, 800, 200), ERR_INVALID);
    assert_null(complete);
    assert_null(assembly.frame);
    assert_int_equal(lost, 1);
    assert_int_equal(add_part(&assembly, 8, 800, 200), ERR_INVALID); /* counted once */
    assert_int_equal(lost, 1);
    assert_int_equal(add_part(&assembly, 9, 0, TOTAL), ERR_OK);
    expect_picture();
}

static void other_message_between_parts_is_a_missing_part(void **state) {
    (void)state;
    assert_int_equal(add_part(&assembly, 5, 0, 400), ERR_OK);
    assert_int_equal(add_part(&assembly, 7, 400, 600), ERR_INVALID); /* what fits, but message 6 is not known */
    assert_int_equal(lost, 1);
}

static void part_that_overlaps_is_refused(void **state) {
    (void)state;
    assert_int_equal(add_part(&assembly, 5, 0, 400), ERR_OK);
    assert_int_equal(add_part(&assembly, 6, 399, 601), ERR_INVALID);
    assert_null(complete);
    assert_int_equal(lost, 1);
    assert_int_equal(add_part(&assembly, 1, 400, 600), ERR_INVALID); /* nothing has begun */
    assert_int_equal(lost, 1);
}

static void first_part_begins_anew(void **state) {
    (void)state;
    assert_int_equal(add_part(&assembly, 5, 0, 400), ERR_OK);
    assert_int_equal(add_part(&assembly, 6, 0, 400), ERR_OK);
    assert_int_equal(lost, 1);
    assert_int_equal(add_part(&assembly, 7, 400, 600), ERR_OK);
    expect_picture();
    assert_int_equal(lost, 1);
}

static void size_that_changes_is_refused(void **state) {
    (void)state;
    assert_int_equal(add_part(&assembly, 5, 0, 400), ERR_OK);
    const struct frame_message message = {
        .number = 6, .total_bytes = TOTAL + 1, .offset = 400, .payload = {picture, TOTAL - 400}};
    assert_int_equal(frame_assembly_add(&assembly, &message, pool, &complete, &lost), ERR_INVALID);
    assert_null(complete);
    assert_int_equal(lost, 1);
}

static void frame_that_is_too_large_is_lost(void **state) {
    (void)state;
    const struct frame_message message = {
        .number = 5, .total_bytes = (uint32_t)FRAME_PAYLOAD_MAX_BYTES + 1, .payload = {picture, TOTAL}};
    assert_int_equal(add_part(&assembly, 4, 0, 400), ERR_OK);
    assert_int_equal(frame_assembly_add(&assembly, &message, pool, &complete, &lost), ERR_INVALID);
    assert_null(complete);
    assert_null(assembly.frame);
    assert_int_equal(lost, 2); /* that, and the one that had begun */
    assert_int_equal(add_part(&assembly, 6, TOTAL - 1, 1), ERR_INVALID);
    assert_int_equal(lost, 2);
}

static void channels_do_not_mix(void **state) {
    (void)state;
    struct frame_assembly other = {.frame = NULL};
    assert_int_equal(add_part(&assembly, 1, 0, 400), ERR_OK);
    assert_int_equal(add_part(&other, 2, 400, 600), ERR_INVALID); /* the rest, but of another channel */
    assert_null(complete);
    assert_int_equal(lost, 0);
    assert_int_equal(add_part(&assembly, 2, 400, 600), ERR_OK);
    expect_picture();
    frame_assembly_finish(&other);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(whole_frame_is_complete_at_once),
        TEST(parts_in_order_make_a_frame),
        TEST(frame_with_a_missing_part_is_lost),
        TEST(other_message_between_parts_is_a_missing_part),
        TEST(part_that_overlaps_is_refused),
        TEST(first_part_begins_anew),
        TEST(size_that_changes_is_refused),
        TEST(frame_that_is_too_large_is_lost),
        TEST(channels_do_not_mix),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
