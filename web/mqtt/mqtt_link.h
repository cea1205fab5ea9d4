/* One connection to an MQTT broker, from the attempt to its end: MQTT 5.0, or 3.1.1 for brokers that know no newer
 * one. The only files that know libmosquitto.
 *
 * The owner's thread drives it by poll(2); libmosquitto's own loop is not used, since it waits by select(2), which
 * fails for descriptors above 1023. What may take long and cannot be cut short, looking up the name and connecting,
 * happens on a thread of its own, which mqtt_link_close() abandons with its memory: nothing here ever makes a stop
 * wait.
 *
 * Messages are confirmed by the broker (quality of service 1), a few at a time, so a broker that is slow holds up what
 * is not sent yet, and the library's queue stays short. The will of the connection is "offline" on PREFIX/status.
 *
 * Lifecycle: open; poll, work and publish until work fails; close.
 * Threads: the owner's. */
#ifndef WEB_MQTT_MQTT_LINK_H
#define WEB_MQTT_MQTT_LINK_H

#include "web/mqtt/mqtt_topics.h"

#include <poll.h>

struct mqtt_link;

/* Called from mqtt_link_work(), and may call nothing of the link. */
struct mqtt_link_handler {
    void *user;
    void (*arrived)(void *user, const char *topic, const void *payload, size_t count, bool is_retained);
    /* The broker has taken a message that was published, or, with a reason, refused it or a subscription. */
    void (*answered)(void *user, const char *topic, const char *refusal);
};

enum mqtt_protocol { MQTT_PROTOCOL_5, MQTT_PROTOCOL_3 };

/* settings refers to its arena, to which the link takes a reference. ERR_MEMORY, ERR_BUSY: no thread or descriptor;
 * ERR_INVALID: files of certificates that cannot be used; with a reason. */
CHECKED enum err mqtt_link_open(const struct mqtt_settings *settings, const char *client_id,
                                enum mqtt_protocol protocol, const struct mqtt_link_handler *handler,
                                struct mqtt_link **link, struct reason *reason);
/* Takes leave of the broker if it is connected: "offline", and a proper end. Blocks: 500 ms at most. */
void mqtt_link_close(struct mqtt_link **link);

/* What to wait for, before mqtt_link_work() is called again; that is due once a second in any case. */
void mqtt_link_poll(const struct mqtt_link *link, struct pollfd *poller);
/* Goes on with whatever is ready. ERR_OK: connected; ERR_BUSY: not yet; ERR_CLOSED: it has ended, with a reason.
 * Blocks: no. */
CHECKED enum err mqtt_link_work(struct mqtt_link *link, struct reason *reason);
/* Whether an attempt with the other protocol may succeed at once. Once it has ended. */
bool mqtt_link_wants_other_protocol(const struct mqtt_link *link);

/* ERR_BUSY: too much is under way. */
CHECKED enum err mqtt_link_subscribe(struct mqtt_link *link, const char *filter);
void mqtt_link_unsubscribe(struct mqtt_link *link, const char *filter);
/* A retained message; count 0 removes the one that the broker has. ERR_BUSY: too much is under way; ERR_INVALID: it is
 * larger than the broker allows; ERR_CLOSED; ERR_MEMORY. */
CHECKED enum err mqtt_link_publish(struct mqtt_link *link, const char *topic, const void *payload, size_t count);
/* The same for a large message, of which there is one at a time, and no confirmation. */
CHECKED enum err mqtt_link_publish_large(struct mqtt_link *link, const char *topic, const void *payload, size_t count);

#endif
