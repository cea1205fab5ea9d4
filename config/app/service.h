/* What the service manager hears of us (sd_notify(3)): that we are ready, reload, stop, how we fare; and the proof that
 * we work, for which WatchdogSec= asks. That is no mere sign of life: before each one the broker has given a snapshot
 * of every camera, and the server has been asked over a connection.
 *
 * Lifecycle: service_ready() once the server listens, service_wait() until a signal ends the program,
 * service_stopping(). A reload is put between service_reloading() and service_reloaded().
 * Without a service manager nothing is sent or checked, and service_wait() just waits.
 *
 * Threads: the main thread, which is thereby shown to live, too.
 * Ownership: what service_ready() is given is borrowed. */
#ifndef CONFIG_APP_SERVICE_H
#define CONFIG_APP_SERVICE_H

#include "broker/broker.h"

#include <signal.h>
#include <stdbool.h>

/* ERR_OK: the service does what it is for; else why not. Blocks: a second at most. */
typedef enum err service_proof(void *user, struct reason *reason);

struct service {
    struct broker *broker;
    service_proof *prove;
    void *user;
    bool watched;          /* the manager waits for proofs */
    int64_t period_ns;     /* from one check to the next */
    int64_t next_check_ns; /* monotonic; CLOCK_NEVER without a service manager */
    bool fails;            /* the last check did */
};

void service_ready(struct service *service, struct broker *broker, service_proof *prove, void *user);
/* Waits for one of the signals, which are blocked in every thread, and returns its number. Meanwhile it checks and
 * reports. Blocks: until the signal, and for a check longer if it comes during one. */
int service_wait(struct service *service, const sigset_t *awaited);
void service_reloading(void);
void service_reloaded(struct service *service);
void service_stopping(void);

#endif
