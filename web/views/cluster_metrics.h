/* Metrics of the cluster, in the format of metrics_page.h.
 * Threads: any. */
#ifndef WEB_VIEWS_CLUSTER_METRICS_H
#define WEB_VIEWS_CLUSTER_METRICS_H

#include "broker/cluster/cluster_status.h"

#include <stdio.h>

/* Errors stay in the stream's ferror(). */
void cluster_metrics_write(FILE *page, const struct cluster_snapshot *cluster);

#endif
