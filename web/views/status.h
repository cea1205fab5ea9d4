/* The broker, its cameras and their readiness as JSON.
 * Ownership: every text returned is the caller's to free(); NULL when memory ran out.
 * Threads: any. */
#ifndef WEB_VIEWS_STATUS_H
#define WEB_VIEWS_STATUS_H

#include "broker/broker.h"
#include "web/access/principal.h"
#include "web/views/server_counts.h"

/* /api/status, as the README shows it. */
char *status_render(const struct broker_snapshot *snapshot, const struct server_counts *counts);
/* /api/cameras: {"cameras": [...]}, each as in status. recording: NULL: nothing is recorded, or it is hidden. */
char *status_render_cameras(const struct broker_snapshot *snapshot, const struct recorder_status *recording);
/* /api/cameras/N: one camera's object. */
char *status_render_camera(const struct topic_snapshot *topic, const struct recorder_status *recording);
/* /healthz: {"status": "ok", ...}. */
char *status_render_health(void);
/* /readyz: every camera that should be live is (idle ones need not be). The text names those that
 * are not ready and that the principal may view (NULL: all). */
char *status_render_ready(const struct broker_snapshot *snapshot, const struct principal *principal, bool *ready);

#endif
