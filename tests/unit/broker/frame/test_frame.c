#include "tests/unit/support.h"

#include "broker/base/arena.h"
#include "broker/base/sync.h"

#include <stdio.h>

#define THREADS 4
#define ROUNDS 20000
#define UHD_RAW_BYTES ((size_t)3840 * 2160 * 3 / 2)

/* ---- The pool ---- */

static void in_steady_state_nothing_is_allocated(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *ring[8] = {NULL};
    for (uint64_t i = 0; i < 1000; i++) {
        struct frame *frame = make_sized_frame(pool, i, 38000 + (size_t)(i % 2000));
        frame_unref(&ring[i % 8]);
        ring[i % 8] = frame;
    }
    struct frame_pool_usage usage = frame_pool_usage(pool);
    assert_int_equal(usage.allocations, 9); /* the ring's, and the one that is being made */
    assert_int_equal(usage.frames, 9);
    for (int i = 0; i < 8; i++) {
        frame_unref(&ring[i]);
    }
    frame_pool_destroy(&pool);
}

/* One being drawn, one that waits for a worker, one that is at work. */
static void a_camera_of_the_largest_pictures_reuses_its_memory(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    for (int round = 0; round < 3; round++) {
        struct frame *frames[3];
        for (int i = 0; i < 3; i++) {
            frames[i] = NULL;
            assert_int_equal(frame_create(pool, UHD_RAW_BYTES, &frames[i]), ERR_OK);
        }
        for (int i = 0; i < 3; i++) {
            frame_unref(&frames[i]);
        }
    }
    assert_int_equal(frame_pool_usage(pool).allocations, 3);
    frame_pool_destroy(&pool);
}

static void frames_of_about_one_size_share_their_memory(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    for (size_t bytes = 36000; bytes < 44000; bytes += 500) {
        struct frame *frame = make_sized_frame(pool, 1, bytes);
        frame_unref(&frame);
    }
    assert_int_equal(frame_pool_usage(pool).allocations, 1);
    frame_pool_destroy(&pool);
}

static void at_most_a_third_of_the_memory_is_spare(void **state) {
    (void)state;
    for (size_t bytes = 16 << 10; bytes <= FRAME_PAYLOAD_MAX_BYTES / 8; bytes += bytes / 3 + 1) {
        struct frame_pool *pool = make_pool();
        struct frame *frame = NULL;
        assert_int_equal(frame_create(pool, bytes, &frame), ERR_OK);
        assert_true(frame_capacity(frame) >= bytes);
        size_t used = bytes + FRAME_HEAD_MAX_BYTES + FRAME_PREPEND_MAX_BYTES + FRAME_TAIL_MAX_BYTES;
        assert_true(frame_pool_usage(pool).bytes <= used * 3 / 2);
        frame_unref(&frame);
        frame_pool_destroy(&pool);
    }
}

static void what_is_kept_for_reuse_is_bounded(void **state) {
    (void)state;
    enum { COUNT = 20 };
    struct frame_pool *pool = make_pool();
    struct frame *frames[COUNT];
    for (int i = 0; i < COUNT; i++) {
        frames[i] = NULL;
        assert_int_equal(frame_create(pool, UHD_RAW_BYTES, &frames[i]), ERR_OK);
    }
    size_t in_use_bytes = frame_pool_usage(pool).bytes;
    assert_true(in_use_bytes >= COUNT * UHD_RAW_BYTES);
    for (int i = 0; i < COUNT; i++) {
        frame_unref(&frames[i]);
    }
    assert_true(frame_pool_usage(pool).bytes < in_use_bytes);
    frame_pool_destroy(&pool);
}

static void a_pool_lives_until_its_last_frame_is_gone(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *kept = make_frame(pool, 3);
    struct frame *first = make_frame(pool, 1);
    struct frame *second = make_frame(pool, 2);
    frame_unref(&kept);
    frame_pool_destroy(&pool);
    assert_null(pool);
    assert_int_equal(frame_payload(first).bytes[TEST_FRAME_BYTES - 1], 1);
    frame_unref(&first);
    assert_int_equal(frame_payload(second).bytes[0], 2);
    frame_unref(&second);
    frame_pool_destroy(&pool); /* NULL does no harm */
}

/* ---- Making a frame ---- */

static void a_frame_starts_empty_also_in_used_memory(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_frame(pool, 7);
    frame_prepend(frame, 100);
    frame_seal(frame, &(struct frame_envelope){.tail = "end"}, "door");
    frame_unref(&frame);
    assert_int_equal(frame_create(pool, TEST_FRAME_BYTES, &frame), ERR_OK);
    assert_int_equal(frame_pool_usage(pool).allocations, 1);
    static const struct frame_info zero = {0};
    assert_memory_equal(frame_info(frame), &zero, sizeof zero);
    assert_int_equal(frame_payload(frame).count, 0);
    assert_int_equal(frame_part(frame).count, 0);
    assert_true(frame_capacity(frame) >= TEST_FRAME_BYTES);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

static void a_payload_can_be_as_large_as_the_limit_and_no_larger(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = NULL;
    assert_int_equal(frame_create(pool, FRAME_PAYLOAD_MAX_BYTES + 1, &frame), ERR_INVALID);
    assert_int_equal(frame_create(pool, SIZE_MAX, &frame), ERR_INVALID);
    assert_null(frame);
    assert_int_equal(frame_pool_usage(pool).frames, 0);
    assert_int_equal(frame_create(pool, FRAME_PAYLOAD_MAX_BYTES, &frame), ERR_OK);
    assert_true(frame_capacity(frame) >= FRAME_PAYLOAD_MAX_BYTES);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

static void growing_keeps_payload_and_info(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_sized_frame(pool, 9, 12000);
    frame_prepend(frame, 4)[0] = 0xff;
    assert_int_equal(frame_grow(&frame, 500000), ERR_OK);
    assert_true(frame_capacity(frame) >= 500000);
    assert_int_equal(frame_payload(frame).count, 12004);
    assert_int_equal(frame_payload(frame).bytes[0], 0xff);
    assert_int_equal(frame_payload(frame).bytes[4], 9);
    assert_int_equal(frame_payload(frame).bytes[12003], 9);
    assert_int_equal(frame_info(frame)->sequence, 9);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

static void growing_to_what_there_is_changes_nothing(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_frame(pool, 1);
    struct frame *before = frame;
    assert_int_equal(frame_grow(&frame, frame_capacity(frame)), ERR_OK);
    assert_ptr_equal(frame, before);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

static void a_frame_that_cannot_grow_is_as_before(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_frame(pool, 5);
    struct frame *before = frame;
    assert_int_equal(frame_grow(&frame, FRAME_PAYLOAD_MAX_BYTES + 1), ERR_INVALID);
    assert_ptr_equal(frame, before);
    assert_int_equal(frame_payload(frame).count, TEST_FRAME_BYTES);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

static void prepending_moves_the_start_and_keeps_the_rest(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_frame(pool, 5);
    size_t capacity = frame_capacity(frame);
    for (unsigned done = 0; done < FRAME_PREPEND_MAX_BYTES; done += 128) {
        memset(frame_prepend(frame, 128), 0xee, 128);
    }
    struct span payload = frame_payload(frame);
    assert_int_equal(payload.count, FRAME_PREPEND_MAX_BYTES + TEST_FRAME_BYTES);
    assert_int_equal(frame_capacity(frame), capacity + FRAME_PREPEND_MAX_BYTES);
    assert_ptr_equal(payload.bytes, frame_data(frame));
    for (size_t i = 0; i < payload.count; i++) {
        assert_int_equal(payload.bytes[i], i < FRAME_PREPEND_MAX_BYTES ? 0xee : 5);
    }
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

/* ---- Sealing ---- */

static size_t write_head(char head[FRAME_HEAD_MAX_BYTES], const char *topic_id, const struct frame_info *info,
                         size_t payload_bytes) {
    return (size_t)snprintf(head, FRAME_HEAD_MAX_BYTES, "<%s %d %zu>", topic_id, (int)info->sequence, payload_bytes);
}

static size_t write_longest_head(char head[FRAME_HEAD_MAX_BYTES], const char *topic_id, const struct frame_info *info,
                                 size_t payload_bytes) {
    (void)topic_id;
    (void)info;
    (void)payload_bytes;
    memset(head, 'h', FRAME_HEAD_MAX_BYTES);
    return FRAME_HEAD_MAX_BYTES;
}

static void a_part_is_head_payload_and_tail_in_one_piece(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_sized_frame(pool, 'x', 3);
    frame_seal(frame, &(struct frame_envelope){.write_head = write_head, .tail = "</end>"}, "door");
    struct span part = frame_part(frame);
    static const char expected[] = "<door 120 3>xxx</end>";
    assert_int_equal(part.count, sizeof expected - 1);
    assert_memory_equal(part.bytes, expected, part.count);
    assert_ptr_equal(frame_payload(frame).bytes, part.bytes + strlen("<door 120 3>"));
    assert_int_equal(frame_payload(frame).count, 3);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

static void without_an_envelope_the_part_is_the_payload(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_frame(pool, 1);
    frame_seal(frame, NULL, "door");
    assert_ptr_equal(frame_part(frame).bytes, frame_payload(frame).bytes);
    assert_int_equal(frame_part(frame).count, TEST_FRAME_BYTES);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

static void the_largest_envelope_fits_around_the_fullest_frame(void **state) {
    (void)state;
    char tail[FRAME_TAIL_MAX_BYTES + 1];
    memset(tail, 't', FRAME_TAIL_MAX_BYTES);
    tail[FRAME_TAIL_MAX_BYTES] = '\0';
    struct frame_pool *pool = make_pool();
    struct frame *frame = NULL;
    assert_int_equal(frame_create(pool, 20000, &frame), ERR_OK);
    size_t capacity = frame_capacity(frame);
    memset(frame_data(frame), 'p', capacity);
    frame_set_size(frame, capacity);
    memset(frame_prepend(frame, FRAME_PREPEND_MAX_BYTES), 'p', FRAME_PREPEND_MAX_BYTES);
    frame_seal(frame, &(struct frame_envelope){.write_head = write_longest_head, .tail = tail}, "door");
    struct span part = frame_part(frame);
    size_t payload_bytes = capacity + FRAME_PREPEND_MAX_BYTES;
    assert_int_equal(part.count, FRAME_HEAD_MAX_BYTES + payload_bytes + FRAME_TAIL_MAX_BYTES);
    for (size_t i = 0; i < part.count; i++) {
        bool in_head = i < FRAME_HEAD_MAX_BYTES;
        bool in_payload = i < FRAME_HEAD_MAX_BYTES + payload_bytes;
        assert_int_equal(part.bytes[i], in_head ? 'h' : in_payload ? 'p' : 't');
    }
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

/* ---- References ---- */

static void the_last_reference_gives_the_memory_back(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *first = make_frame(pool, 1);
    struct frame *second = frame_ref(first);
    assert_ptr_equal(first, second);
    frame_unref(&first);
    assert_null(first);
    struct frame *other = make_frame(pool, 2); /* must not get the memory that `second` still has */
    assert_int_equal(frame_payload(second).bytes[0], 1);
    assert_int_equal(frame_pool_usage(pool).allocations, 2);
    frame_unref(&second);
    second = make_frame(pool, 3);
    assert_int_equal(frame_pool_usage(pool).allocations, 2);
    frame_unref(&second);
    frame_unref(&other);
    frame_unref(&other); /* NULL does no harm */
    frame_pool_destroy(&pool);
}

struct sharer {
    struct frame *frame; /* a reference */
    struct frame_pool *pool;
    unsigned wrong;
};

static void *share(void *argument) {
    struct sharer *sharer = argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct frame *mine = frame_ref(sharer->frame);
        sharer->wrong += frame_payload(mine).bytes[i % TEST_FRAME_BYTES] != 42;
        frame_unref(&mine);
        struct frame *own = NULL;
        if (frame_create(sharer->pool, TEST_FRAME_BYTES, &own) == ERR_OK) {
            memset(frame_data(own), 0, 16);
        }
        frame_unref(&own);
    }
    frame_unref(&sharer->frame);
    return NULL;
}

static void threads_share_a_frame_and_a_pool(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_frame(pool, 42);
    struct sharer sharers[THREADS];
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++) {
        sharers[i] = (struct sharer){.frame = frame_ref(frame), .pool = pool};
        assert_int_equal(thread_start(&threads[i], "sharer", 0, share, &sharers[i]), ERR_OK);
    }
    frame_unref(&frame);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(sharers[i].wrong, 0);
    }
    assert_in_range(frame_pool_usage(pool).allocations, 2, THREADS + 1);
    frame_pool_destroy(&pool);
}

static void formats_have_the_names_that_status_shows(void **state) {
    (void)state;
    static const char *const names[] = {"MJPEG", "YU12", "NV12", "YUYV", "YVYU", "UYVY", "GREY"};
    for (enum frame_format format = FRAME_JPEG; format <= FRAME_GREY; format++) {
        assert_string_equal(frame_format_name(format), names[format]);
    }
}

static void masks_live_as_long_as_their_frame(void **state) {
    (void)state;
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_frame(pool, 1);
    assert_int_equal(frame_masks(frame)->count, 0);
    struct arena *arena;
    assert_int_equal(arena_create(&arena), ERR_OK);
    struct polygon_point *points = arena_alloc(arena, 3, sizeof *points);
    struct polygon *polygon = arena_alloc(arena, 1, sizeof *polygon);
    points[2].x = 0.5;
    *polygon = (struct polygon){points, 3};
    frame_set_masks(frame, &(struct frame_masks){polygon, 1, arena});
    arena_unref(&arena);
    struct frame *shared = frame_ref(frame);
    frame_unref(&frame);
    assert_int_equal(frame_masks(shared)->count, 1);
    assert_true(frame_masks(shared)->polygons[0].points[2].x == 0.5);
    frame_unref(&shared);
    frame = make_frame(pool, 2); /* in the same memory */
    assert_int_equal(frame_masks(frame)->count, 0);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(in_steady_state_nothing_is_allocated),
        cmocka_unit_test(a_camera_of_the_largest_pictures_reuses_its_memory),
        cmocka_unit_test(frames_of_about_one_size_share_their_memory),
        cmocka_unit_test(at_most_a_third_of_the_memory_is_spare),
        cmocka_unit_test(what_is_kept_for_reuse_is_bounded),
        cmocka_unit_test(a_pool_lives_until_its_last_frame_is_gone),
        cmocka_unit_test(a_frame_starts_empty_also_in_used_memory),
        cmocka_unit_test(masks_live_as_long_as_their_frame),
        cmocka_unit_test(a_payload_can_be_as_large_as_the_limit_and_no_larger),
        cmocka_unit_test(growing_keeps_payload_and_info),
        cmocka_unit_test(growing_to_what_there_is_changes_nothing),
        cmocka_unit_test(a_frame_that_cannot_grow_is_as_before),
        cmocka_unit_test(prepending_moves_the_start_and_keeps_the_rest),
        cmocka_unit_test(a_part_is_head_payload_and_tail_in_one_piece),
        cmocka_unit_test(without_an_envelope_the_part_is_the_payload),
        cmocka_unit_test(the_largest_envelope_fits_around_the_fullest_frame),
        cmocka_unit_test(the_last_reference_gives_the_memory_back),
        cmocka_unit_test(threads_share_a_frame_and_a_pool),
        cmocka_unit_test(formats_have_the_names_that_status_shows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
