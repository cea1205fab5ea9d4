/* How long motion takes to a subscriber of the MQTT broker: from the entry in the event log, through the client and the
 * broker, to the callback of a subscriber in this process, one event after the other.
 *
 *     mqtt_latency PORT EVENTS
 *
 * prints the median, the 99th percentile and the worst, in milliseconds: "0.21 0.48 1.02". */
#include "broker/base/clock.h"
#include "broker/motion_port.h"
#include "web/mqtt/mqtt.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PATIENCE_NS (10 * NS_PER_S)
#define EVENTS_MAX 100000

static struct event arrived;
static int64_t arrived_ns; /* ordered by the event */
static const char *awaited = "OFF";

static void must(bool holds, const char *what) {
    if (!holds) {
        fprintf(stderr, "mqtt_latency: %s\n", what);
        exit(1);
    }
}

static void take(struct mosquitto *client, void *user, const struct mosquitto_message *message) {
    (void)client;
    (void)user;
    if (message->payloadlen == (int)strlen(awaited) && memcmp(message->payload, awaited, strlen(awaited)) == 0) {
        arrived_ns = clock_monotonic_ns();
        event_set(&arrived);
    }
}

static void subscribe(int port) {
    must(mosquitto_lib_init() == MOSQ_ERR_SUCCESS, "no library");
    struct mosquitto *client = mosquitto_new(NULL, true, NULL);
    must(client != NULL, "out of memory");
    mosquitto_message_callback_set(client, take);
    must(mosquitto_connect(client, "127.0.0.1", port, 60) == MOSQ_ERR_SUCCESS, "no broker");
    must(mosquitto_subscribe(client, NULL, "framebroker/a/motion", 0) == MOSQ_ERR_SUCCESS, "cannot subscribe");
    must(mosquitto_loop_start(client) == MOSQ_ERR_SUCCESS, "no thread");
}

/* Returns how long it took. */
static int64_t await(const char *text, int64_t since_ns) {
    must(event_wait_until(&arrived, clock_monotonic_ns() + PATIENCE_NS), text);
    event_clear(&arrived);
    return arrived_ns - since_ns;
}

static int64_t report(struct event_log *event_log, struct topic *topic, bool begins) {
    struct event_log_entry entry = {.kind = begins ? EVENT_LOG_MOTION_BEGAN : EVENT_LOG_MOTION_ENDED, .camera = "a"};
    awaited = begins ? "ON" : "OFF";
    if (begins) {
        motion_port_begin(topic_motion(topic));
    } else {
        motion_port_end(topic_motion(topic));
    }
    int64_t now_ns = clock_monotonic_ns();
    event_log_publish(event_log, &entry);
    return await(awaited, now_ns);
}

static int compare(const void *a, const void *b) {
    const int64_t *first = a, *second = b;
    return (*first > *second) - (*first < *second);
}

int main(int argc, char *argv[]) {
    int port = argc > 1 ? atoi(argv[1]) : 0;
    long count = argc > 2 ? atol(argv[2]) : 0;
    must(port > 0 && count > 0 && count <= EVENTS_MAX, "usage: mqtt_latency PORT EVENTS");
    struct broker_settings settings = {.workers = 1};
    struct topic_settings camera = {.id = "a", .ring_frames = 2, .source = "pattern"};
    struct mqtt_settings mqtt = {.prefix = "framebroker", .discovery_prefix = "", .keepalive_s = 60};
    struct broker *broker;
    struct topic *topic;
    struct topic_list *list;
    struct mqtt_health health;
    struct mqtt *client;
    must(arena_create(&mqtt.arena) == ERR_OK && event_init(&arrived) == ERR_OK, "out of memory");
    mqtt.url = arena_format(mqtt.arena, "mqtt://127.0.0.1:%d", port);
    must(broker_create(&settings, &broker) == ERR_OK, "no broker");
    must(broker_create_topic(broker, &camera, &topic) == ERR_OK, "no topic");
    motion_port_configure(topic_motion(topic), &(struct motion_layout){.region_count = 1});
    must(topic_list_create(&topic, 1, &list) == ERR_OK, "no list");
    broker_set_topics(broker, TOPICS_LOCAL, &list);
    mqtt_health_init(&health);
    subscribe(port);
    must(mqtt_start(&mqtt, broker, NULL, &health, &client) == ERR_OK, "no client");
    await("no connection", clock_monotonic_ns());

    int64_t *times = calloc((size_t)count, sizeof *times);
    must(times != NULL, "out of memory");
    for (long i = 0; i < count; i++) {
        times[i] = report(broker_event_log(broker), topic, true);
        report(broker_event_log(broker), topic, false);
    }
    qsort(times, (size_t)count, sizeof *times, compare);
    printf("%.2f %.2f %.2f\n", (double)times[count / 2] / 1e6, (double)times[count * 99 / 100] / 1e6,
           (double)times[count - 1] / 1e6);
    return 0; /* the system frees what is left */
}
