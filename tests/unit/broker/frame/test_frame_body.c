#include "broker/frame/frame_body.h"

#include "tests/unit/support.h"

struct source {
    size_t left, step;
    enum err at_end;
};

static enum err read_source(void *user, uint8_t *bytes, size_t capacity, size_t *got) {
    struct source *source = user;
    if (source->left == 0) {
        return source->at_end;
    }
    assert_true(capacity > 0);
    *got = source->step < capacity ? source->step : capacity;
    *got = *got < source->left ? *got : source->left;
    memset(bytes, (int)(source->left % 251), *got);
    source->left -= *got;
    return ERR_OK;
}

static enum err read_all(struct source source, size_t max_bytes, size_t *size) {
    struct frame_pool *pool = make_pool();
    struct frame *frame = NULL;
    assert_int_equal(frame_create(pool, 100, &frame), ERR_OK);
    enum err error = frame_body_read(&frame, max_bytes, read_source, &source);
    assert_non_null(frame);
    *size = frame_payload(frame).count;
    frame_unref(&frame);
    frame_pool_destroy(&pool);
    return error;
}

static void body_of_any_length_is_read_to_its_end(void **state) {
    (void)state;
    static const size_t lengths[] = {0, 1, 99, 100, 4096, 65536, 300000};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        size_t size = 1;
        assert_int_equal(read_all((struct source){lengths[i], 1000, ERR_CLOSED}, 300000, &size), ERR_OK);
        assert_int_equal(size, lengths[i]);
    }
}

static void longer_body_than_allowed_is_refused(void **state) {
    (void)state;
    size_t size;
    assert_int_equal(read_all((struct source){300001, 1000, ERR_CLOSED}, 300000, &size), ERR_UNSUPPORTED);
}

static void failure_of_the_source_is_passed_on(void **state) {
    (void)state;
    size_t size;
    assert_int_equal(read_all((struct source){5000, 100, ERR_TIMEOUT}, 300000, &size), ERR_TIMEOUT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_of_any_length_is_read_to_its_end),
        cmocka_unit_test(longer_body_than_allowed_is_refused),
        cmocka_unit_test(failure_of_the_source_is_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
