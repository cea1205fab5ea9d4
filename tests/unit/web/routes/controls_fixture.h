/* The real server with a camera "a" whose controls are made up, and a camera "plain" that has none. */
#ifndef TESTS_WEB_CONTROLS_FIXTURE_H
#define TESTS_WEB_CONTROLS_FIXTURE_H

#include "broker/base/clock.h"
#include "tests/topics.h"
#include "web/server.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct broker *broker;
static struct server *server;
static struct topic *camera;
static int64_t brightness, night;

static inline enum err fake_list(void *user, struct control_list *list, struct reason *reason) {
    (void)user;
    (void)reason;
    static const struct control controls[] = {
        {.name = "brightness", .label = "Brightness", .max = 255, .step = 1, .fallback = 128, .writable = true},
        {.name = "flip", .label = "Flip", .type = CONTROL_BOOLEAN, .max = 1, .fallback = 1},
        {.name = "mode", .label = "Mode", .type = CONTROL_MENU, .max = 2, .writable = true, .choice_count = 2},
        {.name = "night", .label = "Night", .type = CONTROL_BOOLEAN, .max = 1, .writable = true}};
    list->count = sizeof controls / sizeof controls[0];
    list->controls = malloc(sizeof controls);
    struct control_choice *choices = calloc(2, sizeof *choices);
    assert(list->controls != NULL && choices != NULL);
    memcpy(list->controls, controls, sizeof controls);
    choices[0] = (struct control_choice){.value = 1, .label = "Day \"1\""};
    choices[1] = (struct control_choice){.value = 2, .label = "Dusk"};
    list->controls[0].value = brightness;
    list->controls[2].value = 1;
    list->controls[2].choices = choices;
    list->controls[3].value = night;
    return ERR_OK;
}

static inline enum err fake_set(void *user, const struct control_request *request, struct reason *reason) {
    (void)user;
    if (strcmp(request->name, "brightness") == 0) {
        brightness = request->choice != NULL ? -1 : request->value;
    } else if (strcmp(request->name, "night") == 0) {
        night = request->value;
    } else {
        reason_set(reason, "%s: the camera has no such control", request->name);
        return ERR_NOT_FOUND;
    }
    return ERR_OK;
}

static inline enum err add_camera(const char *id, bool has_controls, struct topic **topic) {
    struct topic_settings settings = {
        .source = "v4l2", .ring_frames = 2, .on_demand = false, .has_controls = has_controls};
    snprintf(settings.id, sizeof settings.id, "%s", id);
    snprintf(settings.name, sizeof settings.name, "%s", id);
    return add_topic(broker, &settings, topic);
}

static inline enum err publish_something(void) {
    struct frame *frame;
    enum err error = frame_create(broker_frame_pool(broker), 1, &frame);
    if (error == ERR_OK) {
        *frame_edit_info(frame) = (struct frame_info){.sequence = 1, .captured_monotonic_ns = clock_monotonic_ns()};
        topic_publish(camera, &frame);
    }
    return error;
}

static inline enum err controls_fixture_start(const char *address) {
    static const struct control_ops ops = {.list = fake_list, .set = fake_set};
    struct topic *plain;
    struct reason reason;
    struct server_settings settings = {.max_streams = 2, .max_event_streams = 4, .request_threads = 32, .senders = 1};
    snprintf(settings.listen.address, sizeof settings.listen.address, "%s", address);
    brightness = 100;
    night = 1;
    enum err error = broker_create(&(struct broker_settings){.workers = 1}, &broker);
    if (error != ERR_OK || (error = add_camera("a", true, &camera)) != ERR_OK ||
        (error = add_camera("plain", false, &plain)) != ERR_OK || (error = publish_something()) != ERR_OK) {
        return error;
    }
    topic_unref(&plain);
    control_port_open(topic_controls(camera), &ops, NULL);
    return server_start(&settings, broker, &server, &reason);
}

static inline void controls_fixture_stop(void) {
    broker_close(broker);
    server_stop(&server);
    topic_unref(&camera);
    broker_destroy(&broker);
}

#endif
