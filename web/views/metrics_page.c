#include "web/views/metrics_page.h"

#include "broker/base/clock.h"
#include "web/views/escape.h"

#include <inttypes.h>
#include <math.h>

#define LABEL_MAX_BYTES 256
#define NUMBER_BYTES 40

void metrics_page_head(FILE *page, const struct metric *metric) {
    static const char *const types[] = {
        [METRIC_GAUGE] = "gauge", [METRIC_COUNTER] = "counter", [METRIC_HISTOGRAM] = "histogram"};
    fprintf(page, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, types[metric->type]);
}

static void write_label(FILE *page, const struct metric_label *label) {
    char clean[LABEL_MAX_BYTES];
    escape_utf8(label->value, clean, sizeof clean);
    fprintf(page, "%s=\"", label->name);
    for (const char *c = clean; *c != '\0'; c++) {
        if (*c == '\n') {
            fputs("\\n", page);
            continue;
        }
        if (*c == '\\' || *c == '"') {
            fputc('\\', page);
        }
        fputc(*c, page);
    }
    fputc('"', page);
}

static void format_ns(int64_t ns, char text[NUMBER_BYTES]) {
    int length = snprintf(text, NUMBER_BYTES, "%s%" PRId64 ".%09" PRId64, ns < 0 ? "-" : "",
                          (ns < 0 ? -ns : ns) / NS_PER_S, (ns < 0 ? -ns : ns) % NS_PER_S);
    while (text[length - 1] == '0') {
        text[--length] = '\0';
    }
    if (text[length - 1] == '.') {
        text[--length] = '\0';
    }
}

/* printf's %f would write the point of the locale. */
static void format_number(double value, char text[NUMBER_BYTES]) {
    const double most_exact = 0x1p53;
    if (value == floor(value) && fabs(value) < most_exact) {
        snprintf(text, NUMBER_BYTES, "%" PRId64, (int64_t)value);
    } else if (fabs(value) < (double)(INT64_MAX / NS_PER_S)) {
        format_ns(llround(value * (double)NS_PER_S), text);
    } else {
        snprintf(text, NUMBER_BYTES, "%s", value > 0 ? "+Inf" : value < 0 ? "-Inf" : "NaN");
    }
}

void metrics_page_sample(FILE *page, const struct metric *metric, const struct metric_label *labels, size_t label_count,
                         double value) {
    char number[NUMBER_BYTES];
    format_number(value, number);
    fputs(metric->name, page);
    for (size_t i = 0; i < label_count; i++) {
        fputc(i == 0 ? '{' : ',', page);
        write_label(page, &labels[i]);
    }
    fprintf(page, "%s %s\n", label_count > 0 ? "}" : "", number);
}

void metrics_page_histogram(FILE *page, const struct metric *metric, const struct histogram_snapshot *histogram) {
    char number[NUMBER_BYTES];
    uint64_t count = 0;
    for (size_t i = 0; i <= HISTOGRAM_BOUNDS; i++) {
        count += histogram->counts[i];
        if (i < HISTOGRAM_BOUNDS) {
            format_ns(histogram_bounds_ns[i], number);
        } else {
            snprintf(number, sizeof number, "+Inf");
        }
        fprintf(page, "%s_bucket{le=\"%s\"} %" PRIu64 "\n", metric->name, number, count);
    }
    format_ns((int64_t)histogram->sum_ns, number);
    fprintf(page, "%s_sum %s\n%s_count %" PRIu64 "\n", metric->name, number, metric->name, count);
}
