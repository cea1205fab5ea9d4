#include "web/mqtt/mqtt.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/base/saturating.h"
#include "web/mqtt/mqtt_address.h"
#include "web/mqtt/mqtt_cameras.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRY_FIRST_NS NS_PER_S
#define RETRY_MAX_NS (30 * NS_PER_S)
/* A connection that lasts for less does not count as a success. */
#define STEADY_NS (10 * NS_PER_S)
/* After this without any answer the silence is reported; the attempt goes on. */
#define SILENCE_NS (10 * NS_PER_S)
#define REFRESH_NS NS_PER_S
/* The detector shows that nothing moves just after it has reported the end. */
#define SETTLE_NS (50 * NS_PER_MS)
/* How long retained states of earlier times are awaited. */
#define LEFTOVERS_NS (5 * NS_PER_S)
/* To so many others below the same prefix the server names itself. */
#define NAMINGS_MAX 16
#define RANDOM_BYTES 8

struct mqtt {
    struct mqtt_settings settings;
    struct broker *broker;
    struct mqtt_health *health;
    struct event_log_reader *reader;
    struct event stop;
    atomic_bool stopping; /* relaxed: the event orders it */
    bool has_thread;
    pthread_t thread;
    char label[MQTT_LABEL_BYTES];
    char server_id[2 * RANDOM_BYTES + 1]; /* distinguishes servers that share a prefix */
    char client_id[sizeof "framebroker-" + 2 * RANDOM_BYTES];
    /* Of the thread only: */
    struct mqtt_cameras *cameras;
    struct mqtt_link *link; /* NULL: between attempts */
    enum mqtt_protocol protocol;
    bool has_changed_protocol; /* since the last failure that was reported */
    bool is_up;
    int64_t began_ns; /* the attempt, then the connection */
    int64_t pause_ns, retry_ns;
    int64_t refresh_ns;
    int64_t leftovers_ns; /* until when they are awaited; CLOCK_NEVER: no more */
    unsigned namings;
    bool names_itself;                   /* it is to do so */
    char other_id[2 * RANDOM_BYTES + 1]; /* of the last server that it named itself to; "": none */
    struct reason complaint;             /* of a connection that works otherwise; "": none */
};

/* ---- The state of the connection ---- */

static void set_state(struct mqtt *mqtt, enum mqtt_state state, const char *error) {
    if (!mqtt_health_set(mqtt->health, state, error)) {
        return;
    }
    if (state == MQTT_OFFLINE) {
        log_event(LOG_LEVEL_WARNING, NULL, "mqtt: %s; trying again", error);
    } else if (error[0] != '\0') {
        log_event(LOG_LEVEL_WARNING, NULL, "mqtt: %s", error);
    } else if (state == MQTT_CONNECTED) {
        log_event(LOG_LEVEL_INFO, NULL, "mqtt: connected to %s", mqtt->label);
    }
}

/* The first is the one that explains the others. */
static void complain(struct mqtt *mqtt, const struct reason *reason) {
    if (mqtt->complaint.text[0] == '\0') {
        mqtt->complaint = *reason;
    }
}

/* ---- What the broker sends ---- */

static void name_server(struct mqtt *mqtt) {
    char topic[MQTT_TOPIC_BYTES];
    mqtt_topic(topic, mqtt->settings.prefix, NULL, "server");
    if (mqtt_link_publish(mqtt->link, topic, mqtt->server_id, strlen(mqtt->server_id)) == ERR_OK) {
        mqtt->namings++;
        mqtt->names_itself = false;
    }
}

static bool is_id(const char *id, const void *name, size_t count) {
    return count == strlen(id) && memcmp(name, id, count) == 0;
}

/* Another one learns of this one in turn. */
static void note_server(struct mqtt *mqtt, const void *name, size_t count) {
    if (is_id(mqtt->server_id, name, count)) {
        return;
    }
    struct reason reason;
    reason_set(&reason, "another server publishes below \"%s\" too; give each its own \"prefix\"",
               mqtt->settings.prefix);
    complain(mqtt, &reason);
    if (!is_id(mqtt->other_id, name, count) && mqtt->namings < NAMINGS_MAX) {
        snprintf(mqtt->other_id, sizeof mqtt->other_id, "%.*s", (int)min_size(count, sizeof mqtt->other_id - 1),
                 (const char *)name);
        mqtt->names_itself = true;
    }
}

static void take_message(void *user, const char *topic, const void *payload, size_t count, bool is_retained) {
    struct mqtt *mqtt = user;
    struct mqtt_message message = mqtt_message_parse(&mqtt->settings, topic, payload, count, is_retained);
    switch (message.arrival) {
    case MQTT_NOTHING_KNOWN: break;
    case MQTT_HOME_ASSISTANT_ONLINE: mqtt_cameras_announce(mqtt->cameras); break;
    case MQTT_SERVER_NAMED: note_server(mqtt, payload, count); break;
    case MQTT_STATE_RETAINED: mqtt_cameras_note_retained(mqtt->cameras, message.camera); break;
    case MQTT_MOTION_SET:
    case MQTT_RECORD_SET:
    case MQTT_SNAPSHOT_SET:
        if (mqtt->settings.commands) {
            mqtt_cameras_obey(mqtt->cameras, &message);
        }
        break;
    }
}

static void take_answer(void *user, const char *topic, const char *refusal) {
    struct mqtt *mqtt = user;
    mqtt_health_count(mqtt->health, refusal != NULL ? MQTT_COUNT_REFUSED : MQTT_COUNT_PUBLISHED);
    if (refusal != NULL) {
        struct reason reason;
        reason_set(&reason, "%s refuses the topic %s: %s; look at its access control", mqtt->label, topic, refusal);
        complain(mqtt, &reason);
    }
}

/* ---- Coming and going ---- */

static void open_link(struct mqtt *mqtt) {
    const struct mqtt_link_handler handler = {.user = mqtt, .arrived = take_message, .answered = take_answer};
    const char *client_id = mqtt->settings.client_id != NULL ? mqtt->settings.client_id : mqtt->client_id;
    struct reason reason = {""};
    mqtt->began_ns = clock_monotonic_ns();
    if (mqtt_link_open(&mqtt->settings, client_id, mqtt->protocol, &handler, &mqtt->link, &reason) != ERR_OK) {
        mqtt_health_count(mqtt->health, MQTT_COUNT_FAILURES);
        set_state(mqtt, MQTT_OFFLINE, reason.text);
        mqtt->retry_ns = mqtt->began_ns + mqtt->pause_ns;
        mqtt->pause_ns = min_i64(2 * mqtt->pause_ns, RETRY_MAX_NS);
    }
}

static void subscribe(struct mqtt *mqtt, const char *camera, const char *name) {
    char filter[MQTT_TOPIC_BYTES];
    mqtt_topic(filter, mqtt->settings.prefix, camera, name);
    if (mqtt_link_subscribe(mqtt->link, filter) != ERR_OK) {
        log_event(LOG_LEVEL_DEBUG, NULL, "mqtt: cannot subscribe to %s", filter); /* the connection ends */
    }
}

static void come_up(struct mqtt *mqtt) {
    mqtt->is_up = true;
    mqtt->has_changed_protocol = false;
    mqtt->began_ns = mqtt->refresh_ns = clock_monotonic_ns();
    mqtt->leftovers_ns = mqtt->began_ns + LEFTOVERS_NS;
    mqtt->complaint = (struct reason){""};
    mqtt->namings = 0;
    mqtt->other_id[0] = '\0';
    mqtt_health_count(mqtt->health, MQTT_COUNT_CONNECTIONS);
    set_state(mqtt, MQTT_CONNECTED, "");
    subscribe(mqtt, NULL, "server");
    subscribe(mqtt, "+", "state");
    if (mqtt->settings.discovery_prefix[0] != '\0') {
        char filter[MQTT_TOPIC_BYTES];
        snprintf(filter, sizeof filter, "%s/status", mqtt->settings.discovery_prefix);
        if (mqtt_link_subscribe(mqtt->link, filter) != ERR_OK) {
            return;
        }
    }
    if (mqtt->settings.commands) {
        subscribe(mqtt, "+", "motion/set");
        subscribe(mqtt, "+", "record/set");
        subscribe(mqtt, "+", "snapshot/set");
    }
    char status[MQTT_TOPIC_BYTES];
    mqtt_topic(status, mqtt->settings.prefix, NULL, "status");
    if (mqtt_link_publish(mqtt->link, status, "online", 6) == ERR_OK) {
        mqtt->names_itself = true;
    }
    mqtt_cameras_begin(mqtt->cameras);
}

/* The other protocol is tried at once, and without a word; if that fails too, it was something else. */
static bool change_protocol(struct mqtt *mqtt) {
    bool changes = !mqtt->has_changed_protocol && mqtt_link_wants_other_protocol(mqtt->link);
    if (changes) {
        mqtt->protocol = mqtt->protocol == MQTT_PROTOCOL_5 ? MQTT_PROTOCOL_3 : MQTT_PROTOCOL_5;
        mqtt->retry_ns = clock_monotonic_ns();
    }
    mqtt->has_changed_protocol = changes;
    return changes;
}

static void go_down(struct mqtt *mqtt, const struct reason *reason) {
    int64_t now_ns = clock_monotonic_ns();
    bool was_steady = mqtt->is_up && now_ns - mqtt->began_ns >= STEADY_NS;
    bool is_over = !change_protocol(mqtt);
    mqtt->is_up = false;
    mqtt_link_close(&mqtt->link);
    if (is_over) {
        mqtt->pause_ns = was_steady ? RETRY_FIRST_NS : mqtt->pause_ns;
        mqtt->retry_ns = now_ns + mqtt->pause_ns;
        mqtt->pause_ns = min_i64(2 * mqtt->pause_ns, RETRY_MAX_NS);
        mqtt_health_count(mqtt->health, MQTT_COUNT_FAILURES);
        set_state(mqtt, MQTT_OFFLINE, reason->text);
    }
}

static void note_silence(struct mqtt *mqtt) {
    if (clock_monotonic_ns() - mqtt->began_ns > SILENCE_NS) {
        struct reason reason;
        reason_set(&reason, "%s: no answer for %d s, of the name server or the broker", mqtt->label,
                   (int)(SILENCE_NS / NS_PER_S));
        set_state(mqtt, MQTT_OFFLINE, reason.text);
    }
}

static void drive_link(struct mqtt *mqtt) {
    struct reason reason = {""};
    if (mqtt->link == NULL && clock_monotonic_ns() >= mqtt->retry_ns) {
        open_link(mqtt);
    }
    if (mqtt->link == NULL) {
        return;
    }
    switch (mqtt_link_work(mqtt->link, &reason)) {
    case ERR_OK:
        if (!mqtt->is_up) {
            come_up(mqtt);
        }
        set_state(mqtt, MQTT_CONNECTED, mqtt->complaint.text);
        break;
    case ERR_BUSY: note_silence(mqtt); break;
    default: go_down(mqtt, &reason); break;
    }
}

static void drive_cameras(struct mqtt *mqtt) {
    int64_t now_ns = clock_monotonic_ns();
    if (now_ns >= mqtt->refresh_ns) {
        mqtt_cameras_refresh(mqtt->cameras);
        mqtt->refresh_ns = now_ns + REFRESH_NS;
    }
    if (now_ns >= mqtt->leftovers_ns) {
        char filter[MQTT_TOPIC_BYTES];
        mqtt_topic(filter, mqtt->settings.prefix, "+", "state");
        mqtt_link_unsubscribe(mqtt->link, filter); /* from now on there would only be its own */
        mqtt->leftovers_ns = CLOCK_NEVER;
    }
    if (mqtt->names_itself) {
        name_server(mqtt);
    }
    mqtt_cameras_send(mqtt->cameras, mqtt->link);
}

/* ---- The thread ---- */

/* False: the event log is closed. */
static bool read_event_log(struct mqtt *mqtt) {
    struct event_log_entry entry;
    uint64_t missed;
    enum err error;
    while ((error = event_log_read(mqtt->reader, &entry, &missed)) == ERR_OK) {
        if (mqtt->is_up && missed > 0) {
            mqtt_cameras_note_missed(mqtt->cameras);
        }
        if (mqtt->is_up) {
            mqtt_cameras_note_event(mqtt->cameras, &entry);
        }
        if (entry.kind == EVENT_LOG_MOTION_ENDED) {
            mqtt->refresh_ns = min_i64(mqtt->refresh_ns, clock_monotonic_ns() + SETTLE_NS);
        }
        if (mqtt->is_up && entry.kind == EVENT_LOG_MOTION_BEGAN) {
            mqtt_cameras_send(mqtt->cameras, mqtt->link); /* before its end takes its place */
        }
    }
    return error != ERR_CLOSED;
}

static void wait_for_anything(struct mqtt *mqtt) {
    struct pollfd pollers[4] = {{.fd = event_log_reader_fd(mqtt->reader), .events = POLLIN},
                                {.fd = mqtt->stop.fd, .events = POLLIN},
                                {.fd = mqtt_cameras_fd(mqtt->cameras), .events = POLLIN},
                                {.fd = -1}};
    int64_t deadline_ns = mqtt->retry_ns;
    if (mqtt->link != NULL) {
        mqtt_link_poll(mqtt->link, &pollers[3]);
        deadline_ns = mqtt->is_up ? mqtt->refresh_ns : clock_monotonic_ns() + REFRESH_NS;
    }
    poll(pollers, sizeof pollers / sizeof pollers[0], clock_poll_timeout_ms(deadline_ns));
}

static void *serve_mqtt(void *argument) {
    struct mqtt *mqtt = argument;
    while (read_event_log(mqtt) && !atomic_load_explicit(&mqtt->stopping, memory_order_relaxed)) {
        drive_link(mqtt);
        if (mqtt->is_up) {
            drive_cameras(mqtt);
        }
        wait_for_anything(mqtt);
    }
    mqtt_link_close(&mqtt->link);
    return NULL;
}

/* ---- Lifecycle ---- */

static void choose_ids(struct mqtt *mqtt) {
    unsigned char random[RANDOM_BYTES];
    struct mqtt_address address;
    randombytes_buf(random, sizeof random);
    sodium_bin2hex(mqtt->server_id, sizeof mqtt->server_id, random, sizeof random);
    snprintf(mqtt->client_id, sizeof mqtt->client_id, "framebroker-%s", mqtt->server_id);
    if (mqtt_address_parse(mqtt->settings.url, &address, NULL) == ERR_OK) {
        snprintf(mqtt->label, sizeof mqtt->label, "%s", address.label);
    }
}

enum err mqtt_start(const struct mqtt_settings *settings, struct broker *broker, struct recorder *recorder,
                    struct mqtt_health *health, struct mqtt **out) {
    struct mqtt *mqtt = calloc(1, sizeof *mqtt);
    if (mqtt == NULL) {
        return ERR_MEMORY;
    }
    mqtt->settings = *settings;
    arena_ref(settings->arena);
    mqtt->broker = broker;
    mqtt->health = health;
    mqtt->stop.fd = -1;
    mqtt->pause_ns = RETRY_FIRST_NS;
    choose_ids(mqtt);
    mqtt_health_set(health, MQTT_CONNECTING, "");
    enum err error = event_init(&mqtt->stop);
    if (error == ERR_OK) {
        error = mqtt_cameras_create(&mqtt->settings, broker, recorder, &mqtt->cameras);
    }
    if (error == ERR_OK) {
        struct event_log *event_log = broker_event_log(broker);
        error = event_log_reader_create(event_log, event_log_newest(event_log), &mqtt->reader);
    }
    if (error == ERR_OK) {
        error = thread_start(&mqtt->thread, "mqtt", 0, serve_mqtt, mqtt);
        mqtt->has_thread = error == ERR_OK;
    }
    if (error != ERR_OK) {
        mqtt_stop(&mqtt);
        return error;
    }
    *out = mqtt;
    return ERR_OK;
}

void mqtt_stop(struct mqtt **mqtt_pointer) {
    struct mqtt *mqtt = *mqtt_pointer;
    *mqtt_pointer = NULL;
    if (mqtt == NULL) {
        return;
    }
    if (mqtt->has_thread) {
        atomic_store_explicit(&mqtt->stopping, true, memory_order_relaxed);
        event_set(&mqtt->stop);
        pthread_join(mqtt->thread, NULL);
    }
    mqtt_cameras_destroy(&mqtt->cameras);
    event_log_reader_destroy(&mqtt->reader);
    event_finish(&mqtt->stop);
    mqtt_health_set(mqtt->health, MQTT_OFF, "");
    arena_unref(&mqtt->settings.arena);
    free(mqtt);
}

const struct mqtt_settings *mqtt_settings_of(const struct mqtt *mqtt) { return &mqtt->settings; }
