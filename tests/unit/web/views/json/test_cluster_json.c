#include "web/views/json/cluster_json.h"

#include "broker/base/clock.h"
#include "web/views/cluster_metrics.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* 2026-01-01T00:00:00Z */
#define NEW_YEAR_NS (INT64_C(1767225600) * NS_PER_S)

static struct topic_snapshot topics[] = {
    {.settings = {.id = "local", .name = "Local"}, .state = STATE_LIVE},
    {.settings = {.id = "site-a.front", .name = "Front"}, .state = STATE_OFFLINE, .error = "the node does not answer"},
};
static const struct broker_snapshot two = {.topic_count = 2, .topics = topics};
static const struct broker_snapshot one = {.topic_count = 1, .topics = topics};

static struct cluster_channel_snapshot channel = {
    .camera = "front", .variant = {.width_px = 320, .fps = 5}, .frames = 7, .bytes = 8, .skipped = 9, .lost = 2};
static struct cluster_node_snapshot nodes[] = {
    {.name = "site-a",
     .state = CLUSTER_NODE_AWAY,
     .since_realtime_ns = NEW_YEAR_NS,
     .round_trip_ns = 1500000,
     .clock_ahead_ns = -5 * NS_PER_S,
     .camera_count = 1,
     .frames = 10,
     .bytes = 20,
     .lost = 30,
     .channel_count = 1,
     .channels = &channel},
    {.name = "site-b", .state = CLUSTER_NODE_ONLINE, .since_realtime_ns = NEW_YEAR_NS},
};
static struct cluster_gateway_snapshot gateway = {.name = "wall", .window_bytes = 100, .skipped = 4};
static const struct cluster_snapshot cluster = {.node = "here",
                                                .state = CLUSTER_CONNECTED,
                                                .since_realtime_ns = NEW_YEAR_NS,
                                                .server = "nats://10.0.0.1:4222",
                                                .exported = 1,
                                                .node_count = 2,
                                                .nodes = nodes,
                                                .gateway_count = 1,
                                                .gateways = &gateway};

#define SINCE "\"since\":\"2026-01-01T00:00:00.000Z\""
#define HEAD "{\"node\":\"here\",\"state\":\"connected\"," SINCE ",\"error\":null,\"nodes\":["
#define SITE_A                                                                                                         \
    "{\"name\":\"site-a\",\"state\":\"away\"," SINCE ",\"cameras\":[{\"id\":\"site-a.front\",\"name\":\"Front\","      \
    "\"state\":\"offline\",\"error\":\"the node does not answer\"}]"

static void assert_renders(const struct cluster_snapshot *shown, const struct broker_snapshot *snapshot,
                           bool shows_figures, const char *expected) {
    char *text = cluster_render(shown, snapshot, shows_figures);
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void those_without_figures_see_nodes_of_their_cameras(void **state) {
    (void)state;
    assert_renders(&cluster, &two, false, HEAD SITE_A "}]}");
    assert_renders(&cluster, &one, false, HEAD "]}");
}

static void administrators_see_every_node_and_what_flows(void **state) {
    (void)state;
    assert_renders(&cluster, &two, true,
                   HEAD SITE_A
                   ",\"started_at\":null,\"round_trip_ms\":1.5,\"clock_ahead_ms\":-5000.0,\"left_out\":0,"
                   "\"frames\":10,\"bytes\":20,\"lost\":30,\"channels\":[{\"camera\":\"front\",\"width\":320,"
                   "\"quality\":null,\"fps\":5.0,\"playback\":false,\"refused\":false,\"error\":null,\"frames\":7,"
                   "\"bytes\":8,\"skipped\":9,\"lost\":2}]},"
                   "{\"name\":\"site-b\",\"state\":\"online\"," SINCE ",\"cameras\":[],\"started_at\":null,"
                   "\"round_trip_ms\":null,\"clock_ahead_ms\":0.0,\"left_out\":0,\"frames\":0,\"bytes\":0,\"lost\":0,"
                   "\"channels\":[]}],\"server\":\"nats://10.0.0.1:4222\",\"exported\":1,\"reconnects\":0,"
                   "\"malformed\":0,\"gateways\":[{\"name\":\"wall\",\"since\":null,\"round_trip_ms\":null,"
                   "\"base_round_trip_ms\":null,\"window_bytes\":100,\"in_flight_bytes\":0,\"frames\":0,\"bytes\":0,"
                   "\"skipped\":4,\"channels\":[]}]}");
}

static void without_a_cluster_the_state_is_off(void **state) {
    (void)state;
    assert_renders(NULL, &two, false, "{\"node\":null,\"state\":\"off\",\"since\":null,\"error\":null,\"nodes\":[]}");
}

static void status_counts_the_nodes(void **state) {
    (void)state;
    char *text = json_render(cluster_status_json(&cluster));
    assert_string_equal(text, "{\"state\":\"connected\",\"error\":null,\"nodes\":2,\"online\":1}");
    free(text);
}

static void metrics_have_a_sample_a_node(void **state) {
    (void)state;
    static const char *const lines[] = {
        "\nframebroker_cluster_connected 1\n",
        "\nframebroker_cluster_node_up{node=\"site-a\"} 0\n",
        "\nframebroker_cluster_node_up{node=\"site-b\"} 1\n",
        "\nframebroker_cluster_node_round_trip_seconds{node=\"site-a\"} 0.0015\n",
        "\nframebroker_cluster_node_frames_lost_total{node=\"site-a\"} 30\n",
        "\nframebroker_cluster_gateway_frames_skipped_total{node=\"wall\"} 4\n",
    };
    char *text;
    size_t bytes;
    FILE *page = open_memstream(&text, &bytes);
    cluster_metrics_write(page, &cluster);
    assert_int_equal(fclose(page), 0);
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        assert_non_null(strstr(text, lines[i]));
    }
    assert_null(strstr(text, "round_trip_seconds{node=\"site-b\"}"));
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_without_figures_see_nodes_of_their_cameras),
        cmocka_unit_test(administrators_see_every_node_and_what_flows),
        cmocka_unit_test(without_a_cluster_the_state_is_off),
        cmocka_unit_test(status_counts_the_nodes),
        cmocka_unit_test(metrics_have_a_sample_a_node),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
