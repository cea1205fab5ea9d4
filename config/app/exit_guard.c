#include "config/app/exit_guard.h"

#include "broker/base/log.h"
#include "broker/base/sync.h"

#include "broker/base/clock.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_SLOW_BUILD true
#else
#define IS_SLOW_BUILD false
#endif

static struct {
    pthread_t main_thread, thread;
    bool is_running;
} guard;

static void *watch(void *unused) {
    (void)unused;
    sigset_t signals;
    int signal_number = 0;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigwait(&signals, &signal_number);
    int64_t deadline_ns = clock_monotonic_ns() + EXIT_GUARD_NS;
    /* The main thread may have been busy with a reload when it came. */
    pthread_kill(guard.main_thread, signal_number);
    const struct timespec deadline = clock_timespec(deadline_ns);
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &deadline, NULL) != 0) {
    }
    log_event(LOG_LEVEL_WARNING, NULL, "exiting without waiting for a camera or a lookup that does not return");
    _exit(0);
}

void exit_guard_start(void) {
    guard.main_thread = pthread_self();
    guard.is_running = !IS_SLOW_BUILD && thread_start(&guard.thread, "exit", 0, watch, NULL) == ERR_OK;
}

void exit_guard_begin(int signal_number) {
    if (guard.is_running) {
        pthread_kill(guard.thread, signal_number);
    }
}
