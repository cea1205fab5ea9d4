#include "broker/event_log.h"

#include "broker/base/clock.h"
#include "broker/base/sync.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PATIENCE_NS (20 * NS_PER_S)
#define WRITERS 4
#define ENTRIES_A_WRITER 5000

static struct event_log *event_log;
static struct event_log_reader *reader;
static struct event_log_entry entry;
static uint64_t missed;

static int set_up(void **state) {
    (void)state;
    assert_int_equal(event_log_create(&event_log), ERR_OK);
    assert_int_equal(event_log_reader_create(event_log, 0, &reader), ERR_OK);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    event_log_reader_destroy(&reader);
    event_log_destroy(&event_log);
    return 0;
}

static void publish_many(unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        event_log_publish(event_log, &(struct event_log_entry){.kind = EVENT_LOG_RELOADED});
    }
}

static void assert_reads(uint64_t number, uint64_t missed_before) {
    assert_int_equal(event_log_read(reader, &entry, &missed), ERR_OK);
    assert_int_equal(entry.number, number);
    assert_int_equal(missed, missed_before);
}

static void assert_nothing_to_read(void) { assert_int_equal(event_log_read(reader, &entry, &missed), ERR_BUSY); }

static bool news_within(int64_t patience_ns) {
    struct event news = {.fd = event_log_reader_fd(reader)};
    return event_wait_until(&news, clock_monotonic_ns() + patience_ns);
}

static void entries_are_copied_numbered_and_dated(void **state) {
    (void)state;
    struct event_log_entry written = {.kind = EVENT_LOG_STATE, .from = STATE_LIVE, .to = STATE_OFFLINE};
    snprintf(written.camera, sizeof written.camera, "door");
    reason_set(&written.reason, "unplugged");
    int64_t before_ns = clock_realtime_ns();
    event_log_publish(event_log, &written);
    assert_reads(1, 0);
    assert_true(entry.at_realtime_ns >= before_ns && entry.at_realtime_ns <= clock_realtime_ns());
    assert_int_equal(entry.kind, EVENT_LOG_STATE);
    assert_int_equal(entry.from, STATE_LIVE);
    assert_int_equal(entry.to, STATE_OFFLINE);
    assert_string_equal(entry.camera, "door");
    assert_string_equal(entry.reason.text, "unplugged");
    assert_int_equal(event_log_newest(event_log), 1);
}

static void each_reader_reads_all_in_order(void **state) {
    (void)state;
    publish_many(2);
    assert_reads(1, 0);
    assert_reads(2, 0);
    assert_nothing_to_read();
    event_log_reader_destroy(&reader);
    assert_int_equal(event_log_reader_create(event_log, 1, &reader), ERR_OK);
    assert_reads(2, 0);
    assert_nothing_to_read();
}

static void a_reader_that_is_overtaken_hears_how_much_it_has_missed(void **state) {
    (void)state;
    publish_many(EVENT_LOG_ENTRIES_MAX);
    assert_reads(1, 0);
    publish_many(11);
    assert_reads(12, 10);
    assert_reads(13, 0);
    publish_many(3 * EVENT_LOG_ENTRIES_MAX);
    assert_reads(3 * EVENT_LOG_ENTRIES_MAX + 12, 3 * EVENT_LOG_ENTRIES_MAX + 12 - 14);
}

static void a_reader_that_waits_is_woken(void **state) {
    (void)state;
    assert_nothing_to_read();
    assert_false(news_within(0));
    publish_many(1);
    assert_true(news_within(PATIENCE_NS));
    assert_reads(1, 0);
    assert_nothing_to_read();
    assert_false(news_within(0));
}

static void closing_wakes_readers(void **state) {
    (void)state;
    assert_nothing_to_read();
    event_log_close(event_log);
    assert_true(news_within(PATIENCE_NS));
    assert_int_equal(event_log_read(reader, &entry, &missed), ERR_CLOSED);
}

static void *write_entries(void *unused) {
    publish_many(ENTRIES_A_WRITER);
    return unused;
}

static void no_entry_is_lost_unnoticed_while_threads_write(void **state) {
    (void)state;
    pthread_t writers[WRITERS];
    for (int i = 0; i < WRITERS; i++) {
        assert_int_equal(thread_start(&writers[i], "writer", 0, write_entries, NULL), ERR_OK);
    }
    uint64_t accounted = 0;
    while (accounted < WRITERS * ENTRIES_A_WRITER) {
        enum err error = event_log_read(reader, &entry, &missed);
        if (error == ERR_BUSY) {
            assert_true(news_within(PATIENCE_NS));
            continue;
        }
        assert_int_equal(error, ERR_OK);
        accounted += missed + 1;
        assert_int_equal(entry.number, accounted);
    }
    for (int i = 0; i < WRITERS; i++) {
        pthread_join(writers[i], NULL);
    }
    assert_nothing_to_read();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(entries_are_copied_numbered_and_dated, set_up, tear_down),
        cmocka_unit_test_setup_teardown(each_reader_reads_all_in_order, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_that_is_overtaken_hears_how_much_it_has_missed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_reader_that_waits_is_woken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(closing_wakes_readers, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_entry_is_lost_unnoticed_while_threads_write, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
