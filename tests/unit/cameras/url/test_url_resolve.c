#include "cameras/url/url_resolve.h"

#include "broker/base/clock.h"
#include "tests/unit/support.h"

#include <netdb.h>
#include <stdio.h>
#include <string.h>

/* In place of the C library's: a name server that is silent until it is asked to answer, and then knows no name. */
static struct lock lock = {.mutex = PTHREAD_MUTEX_INITIALIZER};
static struct condition changed;
static bool is_silent;
static unsigned asked_count, waiting_count;

int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints, struct addrinfo **found) {
    (void)name;
    (void)service;
    (void)found;
    if ((hints->ai_flags & AI_NUMERICHOST) == 0) {
        lock_acquire(&lock);
        asked_count++;
        waiting_count++;
        while (is_silent) {
            condition_wait(&changed, &lock);
        }
        waiting_count--;
        condition_broadcast(&changed);
        lock_release(&lock);
    }
    return EAI_NONAME;
}

static void set_silent(bool silent) {
    lock_acquire(&lock);
    is_silent = silent;
    condition_broadcast(&changed);
    while (!silent && waiting_count > 0) {
        condition_wait(&changed, &lock);
    }
    lock_release(&lock);
}

static enum err resolve(const char *host, int64_t within_ns, struct reason *reason) {
    struct event cancel;
    struct url_addresses addresses;
    assert_int_equal(event_init(&cancel), ERR_OK);
    enum err error = url_resolve(host, &cancel, clock_monotonic_ns() + within_ns, &addresses, reason);
    event_finish(&cancel);
    return error;
}

static void retries_join_the_lookup_that_has_no_answer(void **state) {
    (void)state;
    set_silent(true);
    asked_count = 0;
    for (int i = 0; i < 10; i++) {
        assert_int_equal(resolve("camera.example", NS_PER_MS, NULL), ERR_TIMEOUT);
    }
    set_silent(false);
    assert_int_equal(asked_count, 1);
    assert_int_equal(resolve("camera.example", PATIENCE_NS, NULL), ERR_NOT_FOUND);
}

static void a_silent_name_server_holds_so_many_threads_and_no_more(void **state) {
    (void)state;
    enum { MAX = 256 };
    struct reason reason;
    char host[32];
    set_silent(true);
    for (int i = 0; i < MAX; i++) {
        snprintf(host, sizeof host, "camera-%d.example", i);
        assert_int_equal(resolve(host, 0, NULL), ERR_TIMEOUT);
    }
    assert_int_equal(resolve("another.example", PATIENCE_NS, &reason), ERR_BUSY);
    assert_non_null(strstr(reason.text, "256 names are being looked up"));
    set_silent(false);
    int64_t until_ns = clock_monotonic_ns() + PATIENCE_NS;
    enum err error = ERR_BUSY;
    while (error == ERR_BUSY && clock_monotonic_ns() < until_ns) {
        error = resolve("another.example", PATIENCE_NS, &reason); /* once those before have ended */
    }
    assert_int_equal(error, ERR_NOT_FOUND);
}

int main(void) {
    condition_init(&changed);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_join_the_lookup_that_has_no_answer),
        cmocka_unit_test(a_silent_name_server_holds_so_many_threads_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
