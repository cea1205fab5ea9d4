/* What the service manager hears of us (sd_notify(3)): that we are ready, reload, stop, how we fare; and the proof that
 * we work, for which WatchdogSec= asks. That is no mere sign of life: before each one the broker has given a snapshot
 * of every camera, and the server has answered /healthz.
 *
 * Lifecycle: service_ready() once the server listens, service_wait() until a signal ends the program,
 * service_stopping(). A reload is put between service_reloading() and service_reloaded().
 * Without a service manager nothing is sent or checked, and service_wait() just waits.
 *
 * Threads: the main thread, which is thereby shown to live, too.
 * Ownership: the broker and the address are borrowed. */
#ifndef CONFIG_SERVICE_H
#define CONFIG_SERVICE_H

#include "broker/broker.h"

#include <signal.h>
#include <stdbool.h>

struct service {
    struct broker *broker;
    const char *address; /* that the server listens on, numeric IPv4 */
    uint16_t port;
    bool watched;          /* the manager waits for proofs */
    int64_t period_ns;     /* from one check to the next */
    int64_t next_check_ns; /* monotonic; CLOCK_NEVER without a service manager */
    bool fails;            /* the last check did */
};

void service_ready(struct service *service, struct broker *broker, const char *address, uint16_t port);
/* Waits for one of the signals, which are blocked in every thread, and returns its number. Meanwhile it checks and
 * reports. Blocks: until the signal, and up to a second longer while the server does not answer. */
int service_wait(struct service *service, const sigset_t *awaited);
void service_reloading(void);
void service_reloaded(struct service *service);
void service_stopping(void);

#endif
