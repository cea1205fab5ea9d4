/* The JSON answers, and the one question. Those of /api/events are in web/event_json.h.
 * Ownership: every text returned is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_STATUS_H
#define WEB_STATUS_H

#include "broker/broker.h"
#include "web/hooks.h"
#include "web/signed_link.h"
#include "web/visitor.h"

#define REPLY_CLASSES 5

/* The configuration read again, since the start. */
struct reload_counts {
    uint64_t count;           /* those that failed too */
    uint64_t failed;          /* changed nothing */
    int64_t last_ns;          /* when the newest one ended, since the epoch; 0: none yet */
    struct reason last_fault; /* of the newest one; "" where it went well */
};

/* What the broker's snapshot does not know: the server's own figures. */
struct server_counts {
    bool is_hidden; /* for one who may not see every camera: neither these nor those of the broker are shown */
    unsigned streams_active, streams_max;
    uint64_t streams_rejected, streams_rejected_per_address; /* all in use; all that one address may have */
    struct reload_counts reloads;
    uint64_t hooks[HOOK_RESULTS];
    uint64_t replies[REPLY_CLASSES]; /* by the first digit of their status, from 1 */
};

/* /api/status, as the README shows it. */
char *status_render(const struct broker_snapshot *snapshot, const struct server_counts *counts);
/* /api/cameras: {"cameras": [...]}, each as in status. */
char *status_render_cameras(const struct broker_snapshot *snapshot);
/* /api/cameras/N: one camera's object. */
char *status_render_camera(const struct topic_snapshot *topic);
/* /healthz: {"status": "ok", ...}. */
char *status_render_health(void);
/* /readyz: every camera that should be live is (idle ones need not be). *ready tells; the text names those not ready
 * that the visitor may see (NULL: all). */
char *status_render_ready(const struct broker_snapshot *snapshot, const struct visitor *visitor, bool *ready);

/* POST /api/tokens: a link that was made. base_path: what its address begins with. */
char *status_render_link(const char *token, const struct signed_link *link, const char *base_path);
/* The body of that: {"camera": "front-door", "expires_in_s": 3600}. */
struct link_wish {
    char camera[TOPIC_ID_MAX_BYTES + 1]; /* an id or a place */
    int64_t lasts_s;
};
/* ERR_INVALID with a reason. */
CHECKED enum err status_parse_link_wish(const char *text, size_t length, struct link_wish *wish, struct reason *reason);
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
