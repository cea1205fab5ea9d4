#define _GNU_SOURCE /* pipe2 */
#include "broker/base/subprocess.h"

#include "broker/base/clock.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define PATIENCE_NS (30 * NS_PER_S)

struct run {
    struct subprocess process;
    int output;
};

/* A shell as the program, whose standard output is a pipe. */
static struct run start(const char *script, const char *const *variables, size_t variable_count) {
    struct run run = {0};
    int ends[2];
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    const char *const words[] = {"sh", "-c", script, NULL};
    struct subprocess_settings settings = {.words = words,
                                           .variables = variables,
                                           .variable_count = variable_count,
                                           .input = -1,
                                           .output = ends[1],
                                           .errors = -1};
    assert_int_equal(subprocess_start(&run.process, &settings, NULL), ERR_OK);
    close(ends[1]);
    run.output = ends[0];
    return run;
}

/* All that it and its children write, to the end. */
static void read_output(struct run *run, char *text, size_t capacity) {
    size_t size = 0;
    ssize_t count;
    while ((count = read(run->output, text + size, capacity - 1 - size)) > 0) {
        size += (size_t)count;
    }
    assert_int_equal(count, 0);
    text[size] = '\0';
    close(run->output);
}

static int wait_for_status(struct run *run) {
    int status;
    assert_true(subprocess_wait(&run->process, clock_monotonic_ns() + PATIENCE_NS, &status));
    return status;
}

static void a_program_that_does_not_exist_is_explained(void **state) {
    (void)state;
    struct subprocess process;
    struct reason reason = {""};
    const char *const words[] = {"/no/such/program", NULL};
    struct subprocess_settings settings = {.words = words, .input = -1, .output = -1, .errors = -1};
    assert_int_equal(subprocess_start(&process, &settings, &reason), ERR_NOT_FOUND);
    assert_string_equal(reason.text, "cannot be started: No such file or directory");
    subprocess_finish(&process);
}

static void status_and_signal_are_reported(void **state) {
    (void)state;
    struct run run = start("exit 7", NULL, 0);
    int status = wait_for_status(&run);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 7);
    subprocess_finish(&run.process);
    close(run.output);

    run = start("kill -USR1 $$", NULL, 0);
    status = wait_for_status(&run);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGUSR1);
    subprocess_finish(&run.process);
    close(run.output);
}

static void only_what_a_program_needs_is_in_its_environment(void **state) {
    (void)state;
    setenv("CAMERA_PASSWORD", "secret", true);
    setenv("TZ", "UTC", true);
    const char *const variables[] = {"TZ=Asia/Tokyo", "OWN=1"};
    struct run run = start("echo ${CAMERA_PASSWORD-none} $TZ $OWN ${PATH+path}", variables, 2);
    char text[200];
    read_output(&run, text, sizeof text);
    assert_string_equal(text, "none Asia/Tokyo 1 path\n");
    subprocess_finish(&run.process);
}

static void no_descriptor_is_inherited(void **state) {
    (void)state;
    int null = open("/dev/null", O_RDONLY), leaked = fcntl(null, F_DUPFD, 50);
    assert_int_equal(leaked, 50);
    struct run run = start("[ -e /proc/$$/fd/50 ] && echo inherited || echo none", NULL, 0);
    char text[200];
    read_output(&run, text, sizeof text);
    assert_string_equal(text, "none\n");
    close(null);
    subprocess_finish(&run.process);
    close(leaked);
}

static void signals_reach_the_children_too(void **state) {
    (void)state;
    struct run run = start("sleep 1000 & echo ready; wait", NULL, 0);
    char text[200];
    assert_int_equal(read(run.output, text, 6), 6);
    subprocess_signal(&run.process, SIGTERM);
    (void)wait_for_status(&run);
    read_output(&run, text, sizeof text); /* ends once no child has the pipe any more */
    subprocess_finish(&run.process);
}

static void children_that_ignore_signals_are_killed_at_the_end(void **state) {
    (void)state;
    struct run run = start("trap '' INT TERM HUP; sleep 1000 & echo ready; exit 0", NULL, 0);
    char text[200];
    assert_int_equal(read(run.output, text, 6), 6);
    (void)wait_for_status(&run);
    subprocess_finish(&run.process);
    read_output(&run, text, sizeof text);
    assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* reaped */
}

static void children_outlive_a_program_that_is_reaped(void **state) {
    (void)state;
    struct run run = start("sleep 1000 & echo $!", NULL, 0);
    char text[200];
    ssize_t count = read(run.output, text, sizeof text - 1);
    assert_true(count > 1);
    text[count] = '\0';
    (void)wait_for_status(&run);
    subprocess_reap(&run.process);
    subprocess_finish(&run.process);
    assert_int_equal(kill((pid_t)atoi(text), SIGKILL), 0);
    close(run.output);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_program_that_does_not_exist_is_explained),
        cmocka_unit_test(status_and_signal_are_reported),
        cmocka_unit_test(only_what_a_program_needs_is_in_its_environment),
        cmocka_unit_test(no_descriptor_is_inherited),
        cmocka_unit_test(signals_reach_the_children_too),
        cmocka_unit_test(children_that_ignore_signals_are_killed_at_the_end),
        cmocka_unit_test(children_outlive_a_program_that_is_reaped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
