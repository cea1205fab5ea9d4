#include "config/app/file_watch.h"

#include "broker/base/log.h"
#include "tests/unit/config/support.h"
#include "tests/unit/support.h"

#include <sys/stat.h>

/* Longer than the watch waits for quiet. */
#define A_WHILE_NS (300 * NS_PER_MS)

static struct file_watch watch;
static struct event event;

static void write_text(const char *text) { write_file(text, strlen(text)); }

static int set_up(void **state) {
    (void)state;
    write_text("first");
    file_watch_init(&watch, FILE_NAME);
    file_watch_mark(&watch);
    return event_init(&event) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state) {
    (void)state;
    file_watch_finish(&watch);
    event_finish(&event);
    unlink("other");
    return 0;
}

struct patience {
    struct event over;
    int64_t ns;
};

/* Ends the wait once the patience is. */
static void *interrupt(void *argument) {
    struct patience *patience = argument;
    if (!event_wait_until(&patience->over, clock_monotonic_ns() + patience->ns)) {
        event_set(&event);
    }
    return NULL;
}

static bool is_found_within(int64_t ns) {
    struct patience patience = {.ns = ns};
    pthread_t thread;
    assert_int_equal(event_init(&patience.over), ERR_OK);
    assert_int_equal(thread_start(&thread, "patience", 0, interrupt, &patience), ERR_OK);
    bool found = file_watch_wait(&watch, &event);
    event_set(&patience.over);
    pthread_join(thread, NULL);
    event_finish(&patience.over);
    event_clear(&event);
    return found;
}

static void what_is_written_in_place_is_found(void **state) {
    (void)state;
    file_watch_enable(&watch, true);
    write_text("second");
    assert_true(is_found_within(PATIENCE_NS));
}

static void what_is_renamed_over_it_is_found(void **state) {
    (void)state;
    file_watch_enable(&watch, true);
    FILE *other = fopen("other", "w");
    assert_non_null(other);
    assert_int_equal(fclose(other), 0);
    assert_int_equal(rename("other", FILE_NAME), 0);
    assert_true(is_found_within(PATIENCE_NS));
}

static void what_changed_before_it_was_enabled_is_found(void **state) {
    (void)state;
    write_text("changed");
    file_watch_enable(&watch, true);
    assert_true(is_found_within(PATIENCE_NS));
}

static void a_file_that_is_away_has_not_changed_until_it_returns(void **state) {
    (void)state;
    file_watch_enable(&watch, true);
    assert_int_equal(unlink(FILE_NAME), 0);
    assert_false(is_found_within(A_WHILE_NS));
    write_text("returned");
    assert_true(is_found_within(PATIENCE_NS));
}

static void what_is_marked_is_known(void **state) {
    (void)state;
    file_watch_enable(&watch, true);
    write_text("known");
    file_watch_mark(&watch);
    assert_false(is_found_within(A_WHILE_NS));
}

static void other_files_do_not_matter(void **state) {
    (void)state;
    file_watch_enable(&watch, true);
    FILE *other = fopen("other", "w");
    assert_non_null(other);
    assert_int_equal(fclose(other), 0);
    assert_false(is_found_within(A_WHILE_NS));
}

static void nothing_is_found_while_it_is_not_enabled(void **state) {
    (void)state;
    file_watch_enable(&watch, true);
    file_watch_enable(&watch, false);
    write_text("unseen");
    assert_false(is_found_within(A_WHILE_NS));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    log_set_level(LOG_LEVEL_ERROR);
    const struct CMUnitTest tests[] = {
        TEST(what_is_written_in_place_is_found),
        TEST(what_is_renamed_over_it_is_found),
        TEST(what_changed_before_it_was_enabled_is_found),
        TEST(a_file_that_is_away_has_not_changed_until_it_returns),
        TEST(what_is_marked_is_known),
        TEST(other_files_do_not_matter),
        TEST(nothing_is_found_while_it_is_not_enabled),
    };
    return cmocka_run_group_tests(tests, enter_directory, leave_directory);
}
