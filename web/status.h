/* The JSON answers, and the one question. The only file of web/ that knows jansson.
 * Ownership: every text returned is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_STATUS_H
#define WEB_STATUS_H

#include "broker/broker.h"

/* The configuration read again, since the start. */
struct reload_counts {
    uint64_t count;           /* those that failed too */
    uint64_t failed;          /* changed nothing */
    int64_t last_ns;          /* when the newest one ended, since the epoch; 0: none yet */
    struct reason last_fault; /* of the newest one; "" where it went well */
};

/* What the broker's snapshot does not know: the server's own figures. */
struct server_counts {
    unsigned streams_active, streams_max;
    uint64_t streams_rejected;
    struct reload_counts reloads;
};

/* /api/status, as the README shows it. */
char *status_render(const struct broker_snapshot *snapshot, const struct server_counts *counts);
/* /api/cameras: {"cameras": [...]}, each as in status. */
char *status_render_cameras(const struct broker_snapshot *snapshot);
/* /api/cameras/N: one camera's object. */
char *status_render_camera(const struct topic_snapshot *topic);
/* /healthz: {"status": "ok", ...}. */
char *status_render_health(void);
/* /readyz: every camera that should be live is (idle ones need not be). *ready tells; the text names those not ready.
 */
char *status_render_ready(const struct broker_snapshot *snapshot, bool *ready);
/* A control that could not be set, and why. */
struct control_refusal {
    const char *name;
    struct reason reason;
};

/* /api/cameras/N/controls: {"controls": [...]}; with refusals also "error", of the first, and "errors" by name. */
char *status_render_controls(const struct control_list *list, const struct control_refusal *refusals,
                             size_t refusal_count);

/* The body of a PUT to it: {"brightness": 10, "exposure_auto": "manual"}. */
struct control_wishes {
    struct control_wish *wishes; /* borrow from document */
    size_t count;
    void *document;
};
/* ERR_INVALID with a reason; ERR_MEMORY. Finish it to free it. */
CHECKED enum err status_parse_wishes(const char *text, size_t length, struct control_wishes *wishes,
                                     struct reason *reason);
void status_finish_wishes(struct control_wishes *wishes);

/* {"error": {"code": ..., "message": ...}} */
char *status_render_error(const char *code, const char *message);

#endif
