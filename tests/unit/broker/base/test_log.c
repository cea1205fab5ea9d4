#include "broker/base/log.h"

#include "broker/base/sync.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define THREADS 4
#define LINES_A_THREAD 500

/* Standard error goes into a file between begin_capture() and end_capture(). */
static FILE *captured;
static int standard_error;

static void begin_capture(void) {
    captured = tmpfile();
    assert_non_null(captured);
    standard_error = dup(STDERR_FILENO);
    assert_true(dup2(fileno(captured), STDERR_FILENO) >= 0);
}

/* The captured file, to be read from its start and closed. */
static FILE *end_capture(void) {
    assert_true(dup2(standard_error, STDERR_FILENO) >= 0);
    close(standard_error);
    rewind(captured);
    return captured;
}

/* The one line that was captured, without its time. */
static void read_only_line(char *line, size_t capacity) {
    FILE *file = end_capture();
    char first[2048];
    char second[2048];
    assert_non_null(fgets(first, sizeof first, file));
    assert_null(fgets(second, sizeof second, file));
    fclose(file);
    /* 2026-01-01T00:00:00.000Z and a space */
    assert_true(strlen(first) > 25 && first[10] == 'T' && first[19] == '.' && first[23] == 'Z' && first[24] == ' ');
    snprintf(line, capacity, "%s", first + 25);
}

static void a_line_names_level_camera_and_event(void **state) {
    (void)state;
    char line[2048];
    begin_capture();
    log_event(LOG_LEVEL_WARNING, "front-door", "no frame for %d s", 3);
    read_only_line(line, sizeof line);
    assert_string_equal(line, "warning front-door: no frame for 3 s\n");
}

static void the_servers_own_events_name_no_camera(void **state) {
    (void)state;
    char line[2048];
    begin_capture();
    log_event(LOG_LEVEL_ERROR, NULL, "stopping");
    read_only_line(line, sizeof line);
    assert_string_equal(line, "error stopping\n");
}

static void control_characters_cannot_forge_a_line(void **state) {
    (void)state;
    char line[2048];
    begin_capture();
    log_event(LOG_LEVEL_INFO, "door", "%s", "one\r\n2026 error two\x1b[2J\t\x7f");
    read_only_line(line, sizeof line);
    assert_string_equal(line, "info door: one\\x0d\\x0a2026 error two\\x1b[2J\\x09\\x7f\n");
}

static void a_long_line_is_cut_at_1000_bytes(void **state) {
    (void)state;
    char text[3000];
    char line[2048];
    memset(text, 'x', sizeof text);
    text[sizeof text - 1] = '\0';
    begin_capture();
    log_event(LOG_LEVEL_INFO, "door", "%s", text);
    read_only_line(line, sizeof line);
    assert_in_range(strlen(line), 900, 1000 - 25);
    assert_int_equal(line[strlen(line) - 1], '\n');
}

static void events_above_the_level_are_not_written(void **state) {
    (void)state;
    char line[2048];
    begin_capture();
    log_event(LOG_LEVEL_DEBUG, NULL, "hidden by default");
    log_set_level(LOG_LEVEL_DEBUG);
    log_event(LOG_LEVEL_DEBUG, NULL, "shown");
    log_set_level(LOG_LEVEL_ERROR);
    log_event(LOG_LEVEL_WARNING, NULL, "hidden");
    log_set_level(LOG_LEVEL_INFO);
    read_only_line(line, sizeof line);
    assert_string_equal(line, "debug shown\n");
}

static void what_recurs_is_written_once_in_a_while(void **state) {
    (void)state;
    char line[2048];
    begin_capture();
    log_set_level(LOG_LEVEL_WARNING);
    assert_false(log_rate_limited(LOG_LEVEL_INFO, "door", "noise", "hidden, and so not the first"));
    log_set_level(LOG_LEVEL_INFO);
    assert_true(log_rate_limited(LOG_LEVEL_INFO, "door", "noise", "%s %d", "noise", 1));
    assert_false(log_rate_limited(LOG_LEVEL_INFO, "door", "noise", "%s %d", "noise", 2));
    read_only_line(line, sizeof line);
    assert_string_equal(line, "info door: noise 1\n");
}

/* Without a reader lines are lost, no thread waits, and a later reader learns how many. Last, since log_open() stays.
 */
static void a_full_pipe_costs_lines_but_no_time(void **state) {
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    standard_error = dup(STDERR_FILENO);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    log_open(LOG_FORMAT_TEXT);
    for (int i = 0; i < 1000; i++) {
        log_event(LOG_LEVEL_INFO, "door", "%0200d", i);
    }
    FILE *reader = fdopen(ends[0], "r");
    assert_non_null(reader);
    char line[2048];
    int count = 0;
    do {
        assert_non_null(fgets(line, sizeof line, reader));
        assert_int_equal(strlen(line), 25 + strlen("info door: ") + 200 + 1);
    } while (++count < 100);
    log_event(LOG_LEVEL_INFO, "door", "room again");
    while (strstr(line, "room again") == NULL) {
        assert_non_null(fgets(line, sizeof line, reader));
        count++;
    }
    assert_non_null(fgets(line, sizeof line, reader));
    const char *lost = strrchr(line, ':');
    assert_non_null(lost);
    assert_int_equal(atoi(lost + 1), 1000 - (count - 1));
    assert_true(dup2(standard_error, STDERR_FILENO) >= 0);
    fclose(reader);
}

static void *log_lines(void *argument) {
    const char *camera = argument;
    for (int i = 0; i < LINES_A_THREAD; i++) {
        log_event(LOG_LEVEL_INFO, camera, "%0200d", 7);
    }
    return NULL;
}

static void lines_of_several_threads_never_mix(void **state) {
    (void)state;
    static char cameras[THREADS][2] = {"a", "b", "c", "d"};
    pthread_t threads[THREADS];
    begin_capture();
    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(thread_start(&threads[i], "logger", 0, log_lines, cameras[i]), ERR_OK);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    FILE *file = end_capture();
    char line[2048];
    int count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        assert_int_equal(strlen(line), 25 + strlen("info a: ") + 200 + 1);
        assert_int_equal(strspn(line + 25 + strlen("info a: "), "0"), 199);
        count++;
    }
    fclose(file);
    assert_int_equal(count, THREADS * LINES_A_THREAD);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_names_level_camera_and_event),
        cmocka_unit_test(the_servers_own_events_name_no_camera),
        cmocka_unit_test(control_characters_cannot_forge_a_line),
        cmocka_unit_test(a_long_line_is_cut_at_1000_bytes),
        cmocka_unit_test(events_above_the_level_are_not_written),
        cmocka_unit_test(lines_of_several_threads_never_mix),
        cmocka_unit_test(what_recurs_is_written_once_in_a_while),
        cmocka_unit_test(a_full_pipe_costs_lines_but_no_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
