/* /metrics: the figures of the broker in Prometheus's text format 0.0.4
 * (https://prometheus.io/docs/instrumenting/exposition_formats/), a table of families in web/views/metrics.c.
 *
 * Labels have values of the configuration and of this program only, so there are never more series than the cameras
 * call for. Every counter only grows while the server runs.
 * Threads: any. */
#ifndef WEB_VIEWS_METRICS_H
#define WEB_VIEWS_METRICS_H

#include "broker/broker.h"
#include "web/views/server_counts.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* The caller's to free(); NULL when memory ran out. */
char *metrics_render(const struct broker_snapshot *snapshot, const struct server_counts *counts);

#endif
