/* Writes samples as Prometheus's text format 0.0.4 has them, whatever the locale.
 * Threads: any; errors stay in the stream's ferror(). */
#ifndef WEB_VIEWS_METRICS_PAGE_H
#define WEB_VIEWS_METRICS_PAGE_H

#include "broker/base/histogram.h"

#include <stdio.h>

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };

struct metric {
    const char *name, *help; /* help: without backslash and newline */
    enum metric_type type;
};

struct metric_label {
    const char *name, *value; /* value: any text; what is not UTF-8 of it becomes ? */
};

/* What stands above a metric's samples. */
void metrics_page_head(FILE *page, const struct metric *metric);
/* value: with at most nine decimals. */
void metrics_page_sample(FILE *page, const struct metric *metric, const struct metric_label *labels, size_t label_count,
                         double value);
/* All of one, in seconds. */
void metrics_page_histogram(FILE *page, const struct metric *metric, const struct histogram_snapshot *histogram);

#endif
