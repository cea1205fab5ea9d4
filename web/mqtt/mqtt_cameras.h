/* The cameras for the MQTT client: what their topics are to hold, and the sending of it. What waits is the newest value
 * of each topic, however long the broker is away or slow.
 *
 * Lifecycle: create; while a connection lasts: begin, then note, refresh and send; destroy before the broker.
 * Threads: one at a time. */
#ifndef WEB_MQTT_MQTT_CAMERAS_H
#define WEB_MQTT_MQTT_CAMERAS_H

#include "broker/broker.h"
#include "broker/recording/recorder_types.h"
#include "web/mqtt/mqtt_link.h"

struct mqtt_cameras;

/* settings, broker and recorder (NULL: nothing is recorded) are borrowed. ERR_MEMORY, ERR_BUSY: no descriptor. */
CHECKED enum err mqtt_cameras_create(const struct mqtt_settings *settings, struct broker *broker,
                                     struct recorder *recorder, struct mqtt_cameras **cameras);
void mqtt_cameras_destroy(struct mqtt_cameras **cameras);
/* Readable when mqtt_cameras_send() has something to do. */
int mqtt_cameras_fd(const struct mqtt_cameras *cameras);

/* A connection begins: everything is to be sent. */
void mqtt_cameras_begin(struct mqtt_cameras *cameras);
/* The discovery messages are to be sent again: Home Assistant has come. */
void mqtt_cameras_announce(struct mqtt_cameras *cameras);
/* The broker has a retained state of a camera; if it is none of ours, all of it is removed. */
void mqtt_cameras_note_retained(struct mqtt_cameras *cameras, const char *camera);
/* Events were lost. */
void mqtt_cameras_note_missed(struct mqtt_cameras *cameras);
void mqtt_cameras_note_event(struct mqtt_cameras *cameras, const struct event_log_entry *event);
/* A command, for a camera that need not exist. */
void mqtt_cameras_obey(struct mqtt_cameras *cameras, const struct mqtt_message *command);
/* What no event reports: rates, viewers. Due once a second. */
void mqtt_cameras_refresh(struct mqtt_cameras *cameras);
/* Sends as much as there is room for. */
void mqtt_cameras_send(struct mqtt_cameras *cameras, struct mqtt_link *link);

#endif
