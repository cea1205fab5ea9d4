/* Events that a hook reports each, unlike states. */
#include "web/hooks/hook.h"

#include "broker/base/clock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define NOW_NS (1000 * NS_PER_S)

static struct hook_settings settings;
static struct hook hook;

static int set_up(void **state) {
    (void)state;
    static const char *const command[] = {"true", NULL};
    settings = (struct hook_settings){.command = command, .kinds = HOOK_KIND_MOTION, .retries = 1};
    hook_init(&hook, &settings, 1);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    hook_finish(&hook);
    return 0;
}

static bool note(enum event_log_kind kind, const char *camera, uint64_t number) {
    struct event_log_entry entry = {.kind = kind, .number = number};
    snprintf(entry.camera, sizeof entry.camera, "%s", camera);
    return hook_note_event(&hook, &entry, NOW_NS);
}

/* The first that is due and has no earlier one of its camera. */
static struct watched *due(void) {
    struct watched *watched;
    TAILQ_FOREACH(watched, &hook.watched, in_hook) {
        if (hook_watch_look(&watched->watch, &settings, NOW_NS) && !hook_has_earlier(&hook, watched)) {
            return watched;
        }
    }
    return NULL;
}

static void assert_next(const char *camera, uint64_t number) {
    struct watched *watched = due();
    assert_non_null(watched);
    assert_string_equal(watched->camera, camera);
    assert_int_equal(watched->watch.message.number, number);
    hook_watch_begin(&watched->watch);
}

static void finish(const char *camera, enum hook_outcome outcome) {
    struct watched *watched;
    TAILQ_FOREACH(watched, &hook.watched, in_hook) {
        if (watched->watch.is_running && strcmp(watched->camera, camera) == 0) {
            hook_watch_end(&watched->watch, &settings, outcome, NOW_NS);
        }
    }
    hook_forget_gone(&hook);
}

static void events_of_a_camera_are_reported_one_after_the_other(void **state) {
    (void)state;
    assert_true(note(EVENT_LOG_MOTION_BEGAN, "a", 1));
    assert_true(note(EVENT_LOG_MOTION_ENDED, "a", 2));
    assert_true(note(EVENT_LOG_MOTION_BEGAN, "b", 3));
    assert_next("a", 1);
    assert_next("b", 3); /* another camera does not wait */
    assert_null(due());
    finish("a", HOOK_DELIVERED);
    assert_next("a", 2);
    finish("a", HOOK_REFUSED);
    finish("b", HOOK_DELIVERED);
    assert_true(TAILQ_EMPTY(&hook.watched));
}

static void one_that_failed_holds_back_the_next_until_it_is_given_up(void **state) {
    (void)state;
    note(EVENT_LOG_MOTION_BEGAN, "a", 1);
    note(EVENT_LOG_MOTION_ENDED, "a", 2);
    assert_next("a", 1);
    finish("a", HOOK_FAILED);
    assert_null(due()); /* it waits for its second attempt */
    struct watched *first = TAILQ_FIRST(&hook.watched);
    assert_true(hook_watch_look(&first->watch, &settings, NOW_NS + 2 * NS_PER_S));
    hook_watch_begin(&first->watch);
    finish("a", HOOK_FAILED);
    assert_next("a", 2);
}

static void other_kinds_are_not_reported(void **state) {
    (void)state;
    assert_true(note(EVENT_LOG_RECORDING_FULL, "a", 1));
    assert_true(note(EVENT_LOG_RELOADED, "", 2));
    assert_null(due());
    hook_note_state(&hook, &(struct event_log_entry){.camera = "a", .to = STATE_OFFLINE}, NOW_NS);
    assert_true(TAILQ_EMPTY(&hook.watched));
}

static void of_too_many_the_oldest_is_lost(void **state) {
    (void)state;
    for (uint64_t i = 1; i <= HOOK_EVENTS_MAX; i++) {
        assert_true(note(EVENT_LOG_MOTION_BEGAN, "a", i));
    }
    assert_next("a", 1); /* under way: it is not the one to go */
    assert_false(note(EVENT_LOG_MOTION_BEGAN, "a", HOOK_EVENTS_MAX + 1));
    finish("a", HOOK_DELIVERED);
    assert_next("a", 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_of_a_camera_are_reported_one_after_the_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(one_that_failed_holds_back_the_next_until_it_is_given_up, set_up, tear_down),
        cmocka_unit_test_setup_teardown(other_kinds_are_not_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(of_too_many_the_oldest_is_lost, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
