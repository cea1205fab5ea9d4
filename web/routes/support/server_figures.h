/* Collects the server's own figures for status, pages and metrics.
 * Threads: any. */
#ifndef WEB_ROUTES_SUPPORT_SERVER_FIGURES_H
#define WEB_ROUTES_SUPPORT_SERVER_FIGURES_H

#include "web/routes/support/server_context.h"

struct server_counts server_figures(struct server_context *context, const struct principal *principal);

/* What is recorded, where the principal may know of it: the caller finishes it. NULL: it may not, nothing is recorded,
 * or memory ran out. */
const struct recorder_status *server_recording(struct server_context *context, const struct principal *principal,
                                               struct recorder_status *status);

/* The state of the cluster, in *snapshot, which is to be finished; NULL: there is none, or no memory for it. */
const struct cluster_snapshot *server_cluster(struct server_context *context, struct cluster_snapshot *snapshot);

#endif
