#include "broker/multipart/multipart_writer.h"

#include "tests/unit/support.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

/* The content type of another run: of a process that was split off before this one had chosen. */
static char of_another_run[96];

static void run_another(void) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t other = fork();
    if (other == 0) {
        multipart_init();
        const char *type = multipart_content_type();
        _exit(write(ends[1], type, strlen(type)) == (ssize_t)strlen(type) ? 0 : 1);
    }
    close(ends[1]);
    assert_true(read(ends[0], of_another_run, sizeof of_another_run - 1) > 0);
    close(ends[0]);
    assert_int_equal(waitpid(other, NULL, 0), other);
}

static int set_up(void **state) {
    (void)state;
    multipart_init();
    return 0;
}

/* The T of the content type. */
static const char *boundary(void) {
    static const char prefix[] = "multipart/x-mixed-replace;boundary=";
    assert_memory_equal(multipart_content_type(), prefix, sizeof prefix - 1);
    return multipart_content_type() + sizeof prefix - 1;
}

static void the_boundary_is_long_and_plain(void **state) {
    (void)state;
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-";
    assert_in_range(strlen(boundary()), 32, 70); /* RFC 2046: at most 70 */
    assert_int_equal(strspn(boundary(), allowed), strlen(boundary()));
    assert_int_not_equal(boundary()[0], '-'); /* the dashes before it are not part of it */
}

static void the_boundary_is_another_in_each_run(void **state) {
    (void)state;
    assert_int_equal(strlen(multipart_content_type()), strlen(of_another_run));
    assert_string_not_equal(multipart_content_type(), of_another_run);
}

static void the_boundary_stays_in_a_run(void **state) {
    (void)state;
    char before[80];
    strcpy(before, boundary());
    multipart_init();
    assert_string_equal(boundary(), before);
}

static void a_stream_begins_with_the_delimiter(void **state) {
    (void)state;
    char expected[96] = "--";
    strcat(strcat(expected, boundary()), "\r\n");
    assert_string_equal(multipart_first_delimiter(), expected);
}

static struct frame_info info_in(enum camera_state state) {
    return (struct frame_info){
        .sequence = 1234, .captured_realtime_ns = INT64_C(1767225612) * NS_PER_S + 45678901, .state = state};
}

/* A sealed frame with "JPEG" as its payload, as a text. */
static char *part_of(enum camera_state state) {
    struct frame_pool *pool = make_pool();
    struct frame *frame = make_sized_frame(pool, 0, 4);
    memcpy(frame_data(frame), "JPEG", 4);
    *frame_edit_info(frame) = info_in(state);
    frame_seal(frame, multipart_envelope(), "front-door");
    char *text = calloc(1, frame_part(frame).count + 1);
    assert_non_null(text);
    memcpy(text, frame_part(frame).bytes, frame_part(frame).count);
    frame_unref(&frame);
    frame_pool_destroy(&pool);
    return text;
}

static void a_part_has_headers_picture_and_the_next_delimiter(void **state) {
    (void)state;
    static const char head[] = "Content-Type: image/jpeg\r\n"
                               "Content-Length: 4\r\n"
                               "X-Timestamp: 1767225612.045678\r\n"
                               "X-Sequence: 1234\r\n"
                               "X-Camera-Id: front-door\r\n"
                               "\r\n"
                               "JPEG"
                               "\r\n--";
    char expected[512];
    strcpy(expected, head);
    strcat(strcat(expected, boundary()), "\r\n");
    char *part = part_of(STATE_LIVE);
    assert_string_equal(part, expected);
    free(part);
}

static void a_part_that_is_not_live_says_so(void **state) {
    (void)state;
    char *part = part_of(STATE_OFFLINE);
    assert_non_null(strstr(part, "\r\nX-Camera-State: offline\r\n\r\nJPEG\r\n--"));
    free(part);
}

static void the_longest_headers_fit(void **state) {
    (void)state;
    char id[TOPIC_ID_MAX_BYTES + 1];
    memset(id, 'i', TOPIC_ID_MAX_BYTES);
    id[TOPIC_ID_MAX_BYTES] = '\0';
    struct frame_info info = {.sequence = UINT64_MAX, .captured_realtime_ns = INT64_MAX, .state = STATE_STARTING};
    char headers[257];
    size_t length = multipart_write_frame_headers(headers, sizeof headers, id, &info);
    assert_in_range(length, 1, 256);
    assert_int_equal(strlen(headers), length);
    assert_string_equal(headers + length - strlen("X-Camera-State: starting\r\n"), "X-Camera-State: starting\r\n");

    char head[FRAME_HEAD_MAX_BYTES];
    length = multipart_envelope()->write_head(head, id, &info, FRAME_PAYLOAD_MAX_BYTES);
    assert_in_range(length, 1, FRAME_HEAD_MAX_BYTES);
    assert_memory_equal(head + length - 4, "\r\n\r\n", 4);
    assert_in_range(strlen(multipart_envelope()->tail), 1, FRAME_TAIL_MAX_BYTES);
}

#define TEST(name) cmocka_unit_test_setup(name, set_up)

int main(void) {
    run_another();
    const struct CMUnitTest tests[] = {
        TEST(the_boundary_is_long_and_plain),
        TEST(the_boundary_is_another_in_each_run),
        TEST(the_boundary_stays_in_a_run),
        TEST(a_stream_begins_with_the_delimiter),
        TEST(a_part_has_headers_picture_and_the_next_delimiter),
        TEST(a_part_that_is_not_live_says_so),
        TEST(the_longest_headers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
