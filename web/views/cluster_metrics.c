#include "web/views/cluster_metrics.h"

#include "broker/base/clock.h"
#include "web/views/metrics_page.h"

#include <math.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* A metric and where its samples come from: one of the three. */
struct family {
    struct metric metric;
    double (*of_all)(const struct cluster_snapshot *cluster);
    double (*of_node)(const struct cluster_node_snapshot *node); /* NAN: this one has no sample */
    double (*of_gateway)(const struct cluster_gateway_snapshot *gateway);
};

static double seconds_if_known(int64_t ns) { return ns != 0 ? clock_seconds(ns) : NAN; }

/* clang-format off */

#define OF_ALL(name, value) static double name(const struct cluster_snapshot *cluster) { return value; }
OF_ALL(is_connected, cluster->state == CLUSTER_CONNECTED)
OF_ALL(reconnects, (double)cluster->reconnects)
OF_ALL(malformed, (double)cluster->malformed)
OF_ALL(exported, (double)cluster->exported)

#define OF_NODE(name, value) static double name(const struct cluster_node_snapshot *node) { return value; }
OF_NODE(node_up, node->state == CLUSTER_NODE_ONLINE)
OF_NODE(node_cameras, (double)node->camera_count)
OF_NODE(node_round_trip, seconds_if_known(node->round_trip_ns))
OF_NODE(node_channels, (double)node->channel_count)
OF_NODE(node_frames, (double)node->frames)
OF_NODE(node_bytes, (double)node->bytes)
OF_NODE(node_lost, (double)node->lost)

#define OF_GATEWAY(name, value) static double name(const struct cluster_gateway_snapshot *gateway) { return value; }
OF_GATEWAY(gateway_round_trip, seconds_if_known(gateway->round_trip_ns))
OF_GATEWAY(gateway_window, (double)gateway->window_bytes)
OF_GATEWAY(gateway_channels, (double)gateway->channel_count)
OF_GATEWAY(gateway_frames, (double)gateway->frames)
OF_GATEWAY(gateway_bytes, (double)gateway->bytes)
OF_GATEWAY(gateway_skipped, (double)gateway->skipped)

#define GAUGE(name, help) .metric = {"framebroker_cluster_" name, help, METRIC_GAUGE}
#define COUNTER(name, help) .metric = {"framebroker_cluster_" name, help, METRIC_COUNTER}

static const struct family families[] = {
    {GAUGE("connected", "1 while a NATS server is connected, 0 while none is."), .of_all = is_connected},
    {COUNTER("reconnects_total", "Connections to a NATS server that were made after the first."), .of_all = reconnects},
    {COUNTER("messages_malformed_total", "Messages of other nodes that could not be read."), .of_all = malformed},
    {GAUGE("cameras_exported", "Cameras that other nodes may see."), .of_all = exported},
    {GAUGE("node_up", "1 while another node answers, 0 while it does not."), .of_node = node_up},
    {GAUGE("node_cameras", "Cameras of a node that are imported."), .of_node = node_cameras},
    {GAUGE("node_round_trip_seconds", "Round-trip time to a node."), .of_node = node_round_trip},
    {GAUGE("node_channels", "Pictures of a node's cameras that are received, by camera and form."), .of_node = node_channels},
    {COUNTER("node_frames_received_total", "Frames received of a node."), .of_node = node_frames},
    {COUNTER("node_received_bytes_total", "Bytes of these frames."), .of_node = node_bytes},
    {COUNTER("node_frames_lost_total", "Frames of a node that did not arrive whole."), .of_node = node_lost},
    {GAUGE("gateway_round_trip_seconds", "Time to a node that watches cameras of this one, and back."), .of_gateway = gateway_round_trip},
    {GAUGE("gateway_window_bytes", "Bytes that may be on their way to a node that watches."), .of_gateway = gateway_window},
    {GAUGE("gateway_channels", "Pictures that are sent to a node that watches, by camera and form."), .of_gateway = gateway_channels},
    {COUNTER("gateway_frames_sent_total", "Frames sent to a node that watches."), .of_gateway = gateway_frames},
    {COUNTER("gateway_sent_bytes_total", "Bytes of these frames."), .of_gateway = gateway_bytes},
    {COUNTER("gateway_frames_skipped_total", "Frames that were skipped because the link to a node was full."), .of_gateway = gateway_skipped},
};

/* clang-format on */

static void write_sample(FILE *page, const struct metric *metric, const char *node, double value) {
    if (!isnan(value)) {
        metrics_page_sample(page, metric, &(struct metric_label){"node", node}, node != NULL ? 1 : 0, value);
    }
}

static void write_family(FILE *page, const struct family *family, const struct cluster_snapshot *cluster) {
    metrics_page_head(page, &family->metric);
    if (family->of_all != NULL) {
        write_sample(page, &family->metric, NULL, family->of_all(cluster));
    }
    for (size_t i = 0; family->of_node != NULL && i < cluster->node_count; i++) {
        write_sample(page, &family->metric, cluster->nodes[i].name, family->of_node(&cluster->nodes[i]));
    }
    for (size_t i = 0; family->of_gateway != NULL && i < cluster->gateway_count; i++) {
        write_sample(page, &family->metric, cluster->gateways[i].name, family->of_gateway(&cluster->gateways[i]));
    }
}

void cluster_metrics_write(FILE *page, const struct cluster_snapshot *cluster) {
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        write_family(page, &families[i], cluster);
    }
}
