/* Keeps the promise that SIGTERM or SIGINT ends the process within two seconds: whatever a thread of a camera or a
 * library hangs in (a name server that is silent, a device that does not return), the process exits at the latest
 * EXIT_GUARD_NS after the signal, with status 0.
 *
 * Lifecycle: once, for the rest of the process. Sanitizer builds, which are slow, have no guard.
 * Threads: the main thread, with both signals blocked in every thread. */
#ifndef CONFIG_APP_EXIT_GUARD_H
#define CONFIG_APP_EXIT_GUARD_H

#include "broker/base/clock.h"

#define EXIT_GUARD_NS (1700 * NS_PER_MS)

/* Watches for the signals while the main thread does not wait for them, and passes one that comes meanwhile on to it.
 * Without a thread for that there is no guard. */
void exit_guard_start(void);
/* The main thread has got the signal: the time runs. */
void exit_guard_begin(int signal_number);

#endif
