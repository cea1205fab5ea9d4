#include "cameras/supervisor/driver_call.h"

#include "broker/base/clock.h"

/* States other than a deadline. */
#define CALL_IDLE CLOCK_NEVER
#define CALL_EXPIRED INT64_C(0)

enum err driver_call_init(struct driver_call *call, int64_t grace_ns) {
    call->grace_ns = grace_ns;
    atomic_init(&call->deadline_ns, CALL_IDLE);
    return event_init(&call->cancel);
}

void driver_call_finish(struct driver_call *call) { event_finish(&call->cancel); }

void driver_call_clear(struct driver_call *call) { event_clear(&call->cancel); }

static int64_t expires_at_ns(const struct driver_call *call, int64_t deadline_ns) {
    return deadline_ns < CLOCK_NEVER - call->grace_ns ? deadline_ns + call->grace_ns : CLOCK_NEVER;
}

int64_t driver_call_begin(struct driver_call *call, int64_t deadline_ns) {
    atomic_store(&call->deadline_ns, deadline_ns);
    return expires_at_ns(call, deadline_ns);
}

bool driver_call_end(struct driver_call *call) {
    return atomic_exchange(&call->deadline_ns, CALL_IDLE) != CALL_EXPIRED;
}

void driver_call_cancel(struct driver_call *call) {
    if (atomic_load(&call->deadline_ns) != CALL_IDLE) {
        event_set(&call->cancel);
    }
}

void driver_call_stop(struct driver_call *call) { event_set(&call->cancel); }

bool driver_call_expire(struct driver_call *call, int64_t now_ns, int64_t *look_at_ns) {
    *look_at_ns = CLOCK_NEVER;
    int64_t deadline_ns = atomic_load(&call->deadline_ns);
    if (deadline_ns == CALL_IDLE || deadline_ns == CALL_EXPIRED) {
        return false;
    }
    if (now_ns < expires_at_ns(call, deadline_ns)) {
        *look_at_ns = expires_at_ns(call, deadline_ns);
        return false;
    }
    /* Another call may have begun meanwhile: that has its own deadline, and schedules its own check. */
    if (!atomic_compare_exchange_strong(&call->deadline_ns, &deadline_ns, CALL_EXPIRED)) {
        return false;
    }
    event_set(&call->cancel);
    return true;
}
