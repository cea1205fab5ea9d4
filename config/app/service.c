#include "config/app/service.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

/* How old the status that `systemctl status` shows may be. */
#define STATUS_PERIOD_NS (10 * NS_PER_S)
/* After a check that failed, the next one comes so soon: there are many before the manager loses its patience. */
#define RETRY_NS NS_PER_S

#define STATUS_BYTES 160

/* "cameras: 8 (5 idle, 2 live, 1 offline), viewers: 3" */
static void describe(const struct broker_snapshot *snapshot, char status[STATUS_BYTES]) {
    size_t viewers = 0;
    size_t cameras[STATE_OFFLINE + 1] = {0};
    for (size_t i = 0; i < snapshot->topic_count; i++) {
        viewers += snapshot->topics[i].subscriber_count;
        cameras[snapshot->topics[i].state]++;
    }
    size_t used = (size_t)snprintf(status, STATUS_BYTES, "cameras: %zu", snapshot->topic_count);
    const char *before = " (";
    for (enum camera_state state = STATE_IDLE; state <= STATE_OFFLINE; state++) {
        if (cameras[state] > 0) {
            used += (size_t)snprintf(status + used, STATUS_BYTES - used, "%s%zu %s", before, cameras[state],
                                     state_name(state));
            before = ", ";
        }
    }
    snprintf(status + used, STATUS_BYTES - used, "%s, viewers: %zu", snapshot->topic_count > 0 ? ")" : "", viewers);
}

static enum err check_health(const struct service *service, char status[STATUS_BYTES], struct reason *reason) {
    struct broker_snapshot snapshot;
    enum err error = broker_snapshot(service->broker, &snapshot);
    if (error != ERR_OK) {
        reason_set(reason, "no snapshot of the cameras: %s", err_text(error));
        return error;
    }
    describe(&snapshot, status);
    broker_snapshot_finish(&snapshot);
    return service->watched ? service->prove(service->user, reason) : ERR_OK;
}

/* Checks, reports with `news` in front ("" or whole lines), and sets when to do so again. */
static void report(struct service *service, const char *news) {
    char status[STATUS_BYTES] = "";
    struct reason reason = {""};
    bool fails = check_health(service, status, &reason) != ERR_OK;
    if (fails) {
        sd_notifyf(0, "%sSTATUS=The self check fails: %s", news, reason.text);
    } else {
        sd_notifyf(0, "%s%sSTATUS=%s", news, service->watched ? "WATCHDOG=1\n" : "", status);
    }
    if (fails && !service->fails) {
        log_event(LOG_LEVEL_WARNING, NULL,
                  "the self check fails: %s; if it keeps failing, the service manager restarts the server",
                  reason.text);
    } else if (!fails && service->fails) {
        log_event(LOG_LEVEL_INFO, NULL, "the self check passes again");
    }
    service->fails = fails;
    service->next_check_ns =
        clock_monotonic_ns() + (fails ? min_i64(RETRY_NS, service->period_ns) : service->period_ns);
}

void service_ready(struct service *service, struct broker *broker, service_proof *prove, void *user) {
    *service = (struct service){
        .broker = broker, .prove = prove, .user = user, .period_ns = STATUS_PERIOD_NS, .next_check_ns = CLOCK_NEVER};
    if (getenv("NOTIFY_SOCKET") == NULL) {
        return;
    }
    uint64_t patience_us;
    service->watched = sd_watchdog_enabled(0, &patience_us) > 0;
    if (service->watched) {
        service->period_ns = min_i64(service->period_ns, (int64_t)patience_us * NS_PER_US / 2);
    }
    report(service, "READY=1\n");
}

int service_wait(struct service *service, const sigset_t *awaited) {
    for (;;) {
        int64_t left_ns = max_i64(service->next_check_ns - clock_monotonic_ns(), 0);
        const struct timespec left = clock_timespec(left_ns);
        int signal_number = sigtimedwait(awaited, NULL, &left);
        if (signal_number > 0) {
            return signal_number;
        }
        if (clock_monotonic_ns() >= service->next_check_ns) {
            report(service, "");
        }
    }
}

void service_reloading(void) {
    /* systemd matches answers to reloads by this time. */
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=Reading the configuration",
               clock_monotonic_ns() / NS_PER_US);
}

void service_reloaded(struct service *service) {
    if (service->next_check_ns != CLOCK_NEVER) {
        report(service, "READY=1\n");
    }
}

void service_stopping(void) { sd_notify(0, "STOPPING=1\nSTATUS=Stopping"); }
