#include "web/hooks/hook_watch.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#define START_NS (1000 * NS_PER_S)

static struct hook_settings hook;
static struct hook_watch watch;
static int64_t now_ns;

static int set_up(void **state) {
    (void)state;
    hook = (struct hook_settings){
        .states = HOOK_STATE(STATE_LIVE) | HOOK_STATE(STATE_OFFLINE), .after_ns = 5 * NS_PER_S, .retries = 2};
    hook_watch_init(&watch);
    now_ns = START_NS;
    return 0;
}

static void note(enum camera_state from, enum camera_state to) {
    struct event_log_entry entry = {.kind = EVENT_LOG_STATE, .from = from, .to = to};
    hook_watch_note(&watch, &hook, &entry, now_ns);
}

/* Time passes, as the thread sees it. */
static bool is_due_after(int64_t seconds) {
    now_ns += seconds * NS_PER_S;
    return hook_watch_look(&watch, &hook, now_ns);
}

static void assert_told(enum camera_state previous, enum camera_state state) {
    assert_int_equal(watch.message.from, previous);
    assert_int_equal(watch.message.to, state);
    hook_watch_begin(&watch);
    assert_false(hook_watch_end(&watch, &hook, HOOK_DELIVERED, now_ns));
    assert_false(hook_watch_look(&watch, &hook, now_ns));
}

static void a_state_is_told_once_it_has_lasted(void **state) {
    (void)state;
    assert_int_equal(hook_watch_next_ns(&watch), CLOCK_NEVER);
    note(STATE_STARTING, STATE_OFFLINE);
    assert_int_equal(hook_watch_next_ns(&watch), START_NS + 5 * NS_PER_S);
    assert_false(is_due_after(4));
    assert_true(is_due_after(1));
    assert_told(STATE_STARTING, STATE_OFFLINE);
    assert_int_equal(hook_watch_next_ns(&watch), CLOCK_NEVER);
    note(STATE_OFFLINE, STATE_LIVE);
    assert_true(is_due_after(5));
    assert_told(STATE_OFFLINE, STATE_LIVE);
}

static void what_nobody_asked_for_makes_no_news(void **state) {
    (void)state;
    note(STATE_IDLE, STATE_STARTING);
    note(STATE_STARTING, STATE_LIVE);
    assert_false(is_due_after(100));
    note(STATE_LIVE, STATE_IDLE);
    note(STATE_IDLE, STATE_STARTING);
    note(STATE_STARTING, STATE_LIVE);
    assert_false(is_due_after(100));
    note(STATE_LIVE, STATE_STALE);
    assert_false(is_due_after(100));
    note(STATE_STALE, STATE_LIVE);
    assert_false(is_due_after(100));
}

/* Offline and live by turns, each for so long. Returns how often there was something to tell. */
static unsigned flap(int times, int64_t offline_s, int64_t live_s) {
    unsigned told = 0;
    for (int i = 0; i < times; i++) {
        note(STATE_LIVE, STATE_OFFLINE);
        if (is_due_after(0)) {
            assert_told(STATE_LIVE, STATE_OFFLINE);
            told++;
        }
        assert_false(is_due_after(offline_s));
        note(STATE_OFFLINE, STATE_LIVE);
        assert_false(is_due_after(live_s));
    }
    return told;
}

static void flapping_gives_one_word(void **state) {
    (void)state;
    assert_int_equal(flap(4, 4, 4), 0); /* 32 s, of which the last 28 s began */
    assert_int_equal(flap(20, 4, 4), 1);
    note(STATE_LIVE, STATE_OFFLINE);
    assert_false(is_due_after(100));
    note(STATE_OFFLINE, STATE_LIVE);
    assert_true(is_due_after(5)); /* until it is steady again */
    assert_told(STATE_OFFLINE, STATE_LIVE);
}

static void failures_that_are_over_at_once_are_flapping_too(void **state) {
    (void)state;
    assert_int_equal(flap(30, 0, 1), 0);
    assert_int_equal(flap(30, 0, 1), 1);
}

static void flapping_is_told_even_if_it_is_looked_at_too_late(void **state) {
    (void)state;
    assert_int_equal(flap(30, 0, 1), 0);
    note(STATE_LIVE, STATE_OFFLINE);
    note(STATE_OFFLINE, STATE_LIVE);
    assert_true(is_due_after(0));
    assert_told(STATE_LIVE, STATE_OFFLINE);
}

static void failures_with_steady_times_between_are_no_flapping(void **state) {
    (void)state;
    assert_int_equal(flap(100, 4, 5), 0);
}

static void recovery_is_told_to_who_asks_for_nothing_else(void **state) {
    (void)state;
    hook.states = HOOK_STATE(STATE_LIVE);
    note(STATE_LIVE, STATE_OFFLINE);
    assert_false(is_due_after(5));
    note(STATE_OFFLINE, STATE_LIVE);
    assert_true(is_due_after(5));
    assert_told(STATE_OFFLINE, STATE_LIVE);
}

static void idle_counts_for_who_asks_for_it(void **state) {
    (void)state;
    hook.states = HOOK_STATE(STATE_IDLE) | HOOK_STATE(STATE_LIVE);
    note(STATE_LIVE, STATE_IDLE);
    assert_true(is_due_after(5));
    assert_told(STATE_LIVE, STATE_IDLE);
    note(STATE_STARTING, STATE_LIVE);
    assert_true(is_due_after(5));
    assert_told(STATE_IDLE, STATE_LIVE);
}

static void failures_are_tried_again_with_growing_pauses_and_then_given_up(void **state) {
    (void)state;
    note(STATE_LIVE, STATE_OFFLINE);
    assert_true(is_due_after(5));
    hook_watch_begin(&watch);
    assert_true(hook_watch_end(&watch, &hook, HOOK_FAILED, now_ns));
    assert_int_equal(hook_watch_next_ns(&watch), now_ns + 1 * NS_PER_S);
    assert_true(is_due_after(1));
    hook_watch_begin(&watch);
    assert_true(hook_watch_end(&watch, &hook, HOOK_FAILED, now_ns));
    assert_int_equal(hook_watch_next_ns(&watch), now_ns + 2 * NS_PER_S);
    assert_true(is_due_after(2));
    hook_watch_begin(&watch);
    assert_false(hook_watch_end(&watch, &hook, HOOK_FAILED, now_ns));
    assert_false(is_due_after(100));
}

static void what_is_refused_is_not_tried_again(void **state) {
    (void)state;
    note(STATE_LIVE, STATE_OFFLINE);
    assert_true(is_due_after(5));
    hook_watch_begin(&watch);
    assert_false(hook_watch_end(&watch, &hook, HOOK_REFUSED, now_ns));
    assert_false(is_due_after(100));
}

static void the_newest_message_takes_the_place_of_an_older_one(void **state) {
    (void)state;
    note(STATE_LIVE, STATE_OFFLINE);
    assert_true(is_due_after(5));
    hook_watch_begin(&watch);
    note(STATE_OFFLINE, STATE_LIVE);
    assert_false(is_due_after(5)); /* one at a time */
    assert_int_equal(hook_watch_next_ns(&watch), CLOCK_NEVER);
    assert_false(hook_watch_end(&watch, &hook, HOOK_FAILED, now_ns));
    assert_true(is_due_after(0));
    assert_told(STATE_OFFLINE, STATE_LIVE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_state_is_told_once_it_has_lasted, set_up),
        cmocka_unit_test_setup(what_nobody_asked_for_makes_no_news, set_up),
        cmocka_unit_test_setup(flapping_gives_one_word, set_up),
        cmocka_unit_test_setup(failures_that_are_over_at_once_are_flapping_too, set_up),
        cmocka_unit_test_setup(flapping_is_told_even_if_it_is_looked_at_too_late, set_up),
        cmocka_unit_test_setup(failures_with_steady_times_between_are_no_flapping, set_up),
        cmocka_unit_test_setup(recovery_is_told_to_who_asks_for_nothing_else, set_up),
        cmocka_unit_test_setup(idle_counts_for_who_asks_for_it, set_up),
        cmocka_unit_test_setup(failures_are_tried_again_with_growing_pauses_and_then_given_up, set_up),
        cmocka_unit_test_setup(what_is_refused_is_not_tried_again, set_up),
        cmocka_unit_test_setup(the_newest_message_takes_the_place_of_an_older_one, set_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
