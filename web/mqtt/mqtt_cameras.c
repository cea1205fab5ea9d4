#include "web/mqtt/mqtt_cameras.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/motion_port.h"
#include "broker/recording/recorder_status.h"
#include "broker/recording/recorder_switch.h"
#include "web/mqtt/mqtt_gone.h"
#include "web/mqtt/mqtt_picture.h"
#include "web/mqtt/mqtt_values.h"
#include "web/views/json/mqtt_json.h"

#include <stdlib.h>
#include <string.h>

/* A viewer may still be counted just after the event that it has left. */
#define COUNTS_AFTER_EVENT 2

struct camera {
    struct topic *topic; /* a reference */
    struct mqtt_values values;
    struct mqtt_picture picture;
    bool has_recording;
    bool has_motion; /* as it was described */
    /* as it was described */
    unsigned counts_viewers; /* at so many of the next refreshes: it costs more the more there are */
};

struct mqtt_cameras {
    const struct mqtt_settings *settings;
    struct broker *broker;
    struct recorder *recorder; /* NULL: nothing is recorded */
    struct inbox *inbox;       /* of cameras that are opened for a picture */
    struct camera **list;
    size_t count;
    size_t turn;    /* the place of the one that is served first: a slow broker neglects none */
    bool is_behind; /* the list has to be read again */
    struct mqtt_gone gone;
};

/* ---- The list ---- */

static struct camera *find_camera(const struct mqtt_cameras *cameras, const char *id) {
    for (size_t i = 0; i < cameras->count; i++) {
        if (strcmp(topic_id(cameras->list[i]->topic), id) == 0) {
            return cameras->list[i];
        }
    }
    return NULL;
}

static void destroy_camera(struct camera *camera) {
    mqtt_picture_finish(&camera->picture);
    mqtt_values_finish(&camera->values);
    topic_unref(&camera->topic);
    free(camera);
}

/* Another node's camera is switched there. */
static bool is_local(const struct camera *camera) {
    return string_view_is_id(string_view_of(topic_id(camera->topic)), TOPIC_ID_MAX_BYTES);
}

static void describe(const struct mqtt_cameras *cameras, struct camera *camera) {
    const struct mqtt_settings *settings = cameras->settings;
    char name[TOPIC_NAME_MAX_BYTES + 1], object_id[MQTT_OBJECT_ID_BYTES];
    if (settings->discovery_prefix[0] == '\0') {
        return;
    }
    topic_copy_name(camera->topic, name);
    mqtt_object_id(object_id, settings->prefix, topic_id(camera->topic));
    const struct discovery_camera discovery = {
        .prefix = settings->prefix,
        .object_id = object_id,
        .id = topic_id(camera->topic),
        .name = name,
        .page_url = settings->page_url,
        .has_pictures = settings->pictures.when != MQTT_PICTURES_NEVER || settings->commands,
        .has_commands = settings->commands,
        .has_motion = camera->has_motion,
        .has_recording = camera->has_recording,
        .is_local = is_local(camera),
    };
    mqtt_values_set(&camera->values, MQTT_VALUE_CONFIG, discovery_render(&discovery));
}

static void update(const struct mqtt_cameras *cameras, struct camera *camera, bool counts_viewers) {
    struct topic_snapshot snapshot;
    if (counts_viewers && broker_snapshot_topic(cameras->broker, camera->topic, &snapshot) == ERR_OK) {
        camera->counts_viewers--;
    } else {
        topic_snapshot_brief(camera->topic, &snapshot);
    }
    mqtt_values_update(&camera->values, &snapshot);
    if (camera->has_motion != snapshot.motion.is_configured) {
        camera->has_motion = snapshot.motion.is_configured;
        describe(cameras, camera);
    }
    topic_snapshot_finish(&snapshot);
}

/* A camera that was configured anew has another topic of the same id, and keeps what was sent. */
static struct camera *take_camera(struct mqtt_cameras *cameras, struct topic *topic) {
    for (size_t i = 0; i < cameras->count; i++) {
        struct camera *camera = cameras->list[i];
        if (camera != NULL && strcmp(topic_id(camera->topic), topic_id(topic)) == 0) {
            cameras->list[i] = NULL;
            if (camera->topic != topic) {
                mqtt_picture_finish(&camera->picture);
                topic_unref(&camera->topic);
                camera->topic = topic_ref(topic);
            }
            return camera;
        }
    }
    struct camera *camera = calloc(1, sizeof *camera);
    if (camera != NULL) {
        camera->topic = topic_ref(topic);
        mqtt_values_init(&camera->values);
    }
    return camera;
}

static void read_list(struct mqtt_cameras *cameras) {
    struct topic_list *topics = broker_topics(cameras->broker);
    struct camera **list = calloc(topics->count + 1, sizeof *list);
    size_t count = 0;
    cameras->is_behind = list == NULL;
    for (size_t i = 0; i < topics->count && list != NULL; i++) {
        struct camera *camera = take_camera(cameras, topics->topics[i]);
        cameras->is_behind = cameras->is_behind || camera == NULL;
        if (camera != NULL) {
            mqtt_gone_keep(&cameras->gone, topic_id(camera->topic));
            list[count++] = camera;
        }
    }
    topic_list_unref(&topics);
    if (list == NULL) {
        return;
    }
    for (size_t i = 0; i < cameras->count; i++) {
        if (cameras->list[i] != NULL) {
            mqtt_gone_add(&cameras->gone, topic_id(cameras->list[i]->topic));
            destroy_camera(cameras->list[i]);
        }
    }
    free(cameras->list);
    cameras->list = list;
    cameras->count = count;
    cameras->turn = 0;
    for (size_t i = 0; i < count; i++) {
        describe(cameras, list[i]); /* its name may have changed */
        list[i]->counts_viewers = COUNTS_AFTER_EVENT;
        update(cameras, list[i], true);
    }
}

/* ---- Lifecycle ---- */

enum err mqtt_cameras_create(const struct mqtt_settings *settings, struct broker *broker, struct recorder *recorder,
                             struct mqtt_cameras **out) {
    struct mqtt_cameras *cameras = calloc(1, sizeof *cameras);
    if (cameras == NULL) {
        return ERR_MEMORY;
    }
    cameras->settings = settings;
    cameras->broker = broker;
    cameras->recorder = recorder;
    mqtt_gone_init(&cameras->gone);
    enum err error = inbox_create(&cameras->inbox);
    if (error != ERR_OK) {
        free(cameras);
        return error;
    }
    *out = cameras;
    return ERR_OK;
}

void mqtt_cameras_destroy(struct mqtt_cameras **cameras_pointer) {
    struct mqtt_cameras *cameras = *cameras_pointer;
    *cameras_pointer = NULL;
    if (cameras == NULL) {
        return;
    }
    for (size_t i = 0; i < cameras->count; i++) {
        destroy_camera(cameras->list[i]);
    }
    free(cameras->list);
    mqtt_gone_clear(&cameras->gone);
    inbox_destroy(&cameras->inbox);
    free(cameras);
}

int mqtt_cameras_fd(const struct mqtt_cameras *cameras) { return inbox_fd(cameras->inbox); }

/* ---- What happens ---- */

static void forget_sent(struct camera *camera) {
    for (enum mqtt_value value = 0; value < MQTT_VALUES; value++) {
        mqtt_values_forget_sent(&camera->values, value);
    }
}

void mqtt_cameras_begin(struct mqtt_cameras *cameras) {
    mqtt_gone_clear(&cameras->gone); /* what the broker still has of them, it sends */
    read_list(cameras);
    for (size_t i = 0; i < cameras->count; i++) {
        forget_sent(cameras->list[i]);
        mqtt_picture_note_event(&cameras->list[i]->picture, cameras->settings);
    }
}

void mqtt_cameras_announce(struct mqtt_cameras *cameras) {
    for (size_t i = 0; i < cameras->count; i++) {
        mqtt_values_forget_sent(&cameras->list[i]->values, MQTT_VALUE_CONFIG);
    }
}

void mqtt_cameras_note_retained(struct mqtt_cameras *cameras, const char *id) {
    if (find_camera(cameras, id) == NULL && !cameras->is_behind) {
        mqtt_gone_add(&cameras->gone, id);
    }
}

static void note_motion(struct mqtt_cameras *cameras, const struct event_log_entry *event) {
    struct camera *camera = find_camera(cameras, event->camera);
    if (camera == NULL) {
        return;
    }
    update(cameras, camera, false);
    if (event->kind == EVENT_LOG_MOTION_BEGAN) {
        mqtt_values_note_motion(&camera->values);
        mqtt_picture_note_event(&camera->picture, cameras->settings);
    }
}

static void note_state(struct mqtt_cameras *cameras, const struct event_log_entry *event) {
    struct camera *camera = find_camera(cameras, event->camera);
    if (camera == NULL) {
        return;
    }
    update(cameras, camera, false);
    if (event->to == STATE_LIVE) {
        mqtt_picture_note_event(&camera->picture, cameras->settings);
    }
}

static void note_viewer(struct mqtt_cameras *cameras, const struct event_log_entry *event) {
    struct camera *camera = find_camera(cameras, event->camera);
    if (camera != NULL) {
        camera->counts_viewers = COUNTS_AFTER_EVENT;
    }
}

void mqtt_cameras_note_missed(struct mqtt_cameras *cameras) {
    cameras->is_behind = true; /* which brings everything up to date */
}

void mqtt_cameras_note_event(struct mqtt_cameras *cameras, const struct event_log_entry *event) {
    switch (event->kind) {
    case EVENT_LOG_STATE: note_state(cameras, event); break;
    case EVENT_LOG_MOTION_BEGAN:
    case EVENT_LOG_MOTION_ENDED: note_motion(cameras, event); break;
    case EVENT_LOG_CAMERA_ADDED:
    case EVENT_LOG_CAMERA_REMOVED:
    case EVENT_LOG_RELOADED: cameras->is_behind = true; break;
    case EVENT_LOG_VIEWER_CAME:
    case EVENT_LOG_VIEWER_LEFT: note_viewer(cameras, event); break;
    default: break;
    }
}

/* What changes is seen at the next refresh. */
static void switch_recording(const struct mqtt_cameras *cameras, const char *id, bool on) {
    if (cameras->recorder == NULL || recorder_switch(cameras->recorder, id, on) != ERR_OK) {
        return;
    }
    log_event(LOG_LEVEL_INFO, id, "recording is switched %s by MQTT", on ? "on" : "off");
}

static void switch_motion(const struct mqtt_cameras *cameras, struct camera *camera, bool on) {
    if (is_local(camera) && motion_port_switch(topic_motion(camera->topic), on)) {
        log_event(LOG_LEVEL_INFO, topic_id(camera->topic), "motion is switched %s by MQTT", on ? "on" : "off");
        update(cameras, camera, false);
    }
}

void mqtt_cameras_obey(struct mqtt_cameras *cameras, const struct mqtt_message *command) {
    struct camera *camera = find_camera(cameras, command->camera);
    if (camera == NULL) {
        return;
    }
    switch (command->arrival) {
    case MQTT_MOTION_SET: switch_motion(cameras, camera, command->is_on); break;
    case MQTT_RECORD_SET:
        if (camera->has_recording) {
            switch_recording(cameras, command->camera, command->is_on);
        }
        break;
    case MQTT_SNAPSHOT_SET:
        log_event(LOG_LEVEL_DEBUG, command->camera, "snapshot requested by MQTT");
        mqtt_picture_request(&camera->picture, camera->topic, cameras->inbox, clock_monotonic_ns());
        break;
    default: break;
    }
}

static const struct recorder_camera_status *find_recorded(const struct recorder_status *status, const char *id) {
    for (size_t i = 0; i < status->camera_count; i++) {
        if (strcmp(status->cameras[i].id, id) == 0) {
            return &status->cameras[i];
        }
    }
    return NULL;
}

static const char *recording_word(const struct recorder_status *status, const struct recorder_camera_status *recorded) {
    bool works = status->state == RECORDER_RECORDING;
    return recorded->is_off ? "off" : works && !recorded->is_writing ? "waiting" : recorder_state_name(status->state);
}

static void refresh_recordings(struct mqtt_cameras *cameras) {
    struct recorder_status status;
    if (cameras->recorder == NULL || recorder_status(cameras->recorder, &status) != ERR_OK) {
        return;
    }
    for (size_t i = 0; i < cameras->count; i++) {
        struct camera *camera = cameras->list[i];
        const struct recorder_camera_status *recorded = find_recorded(&status, topic_id(camera->topic));
        mqtt_values_note_recording(&camera->values, recorded != NULL ? recording_word(&status, recorded) : NULL,
                                   recorded != NULL && !recorded->is_off);
        if (camera->has_recording != (recorded != NULL)) {
            camera->has_recording = recorded != NULL;
            describe(cameras, camera);
        }
    }
    recorder_status_finish(&status);
}

void mqtt_cameras_refresh(struct mqtt_cameras *cameras) {
    refresh_recordings(cameras);
    for (size_t i = 0; i < cameras->count; i++) {
        update(cameras, cameras->list[i], cameras->list[i]->counts_viewers > 0);
    }
}

/* ---- Sending ---- */

/* ERR_INVALID: the broker will never take it. */
static enum err send_value(struct mqtt_cameras *cameras, struct mqtt_link *link, struct camera *camera,
                           enum mqtt_value value) {
    const char *wanted = mqtt_values_wanted(&camera->values, value);
    char topic[MQTT_TOPIC_BYTES];
    enum err error = ERR_OK;
    if (mqtt_value_topic(topic, cameras->settings, topic_id(camera->topic), value)) {
        error = mqtt_link_publish(link, topic, wanted, strlen(wanted));
    }
    if (error == ERR_OK || error == ERR_INVALID) {
        mqtt_values_note_sent(&camera->values, value);
        error = ERR_OK;
    }
    return error;
}

static enum err send_values(struct mqtt_cameras *cameras, struct mqtt_link *link, struct camera *camera) {
    enum err error = ERR_OK;
    enum mqtt_value value;
    while (error == ERR_OK && (value = mqtt_values_next(&camera->values)) != MQTT_VALUES) {
        error = send_value(cameras, link, camera, value);
    }
    return error;
}

static void send_picture(struct mqtt_cameras *cameras, struct mqtt_link *link, struct camera *camera) {
    int64_t now_ns = clock_monotonic_ns();
    struct frame *frame = mqtt_picture_take(&camera->picture, cameras->settings, camera->topic, now_ns);
    if (frame == NULL) {
        return;
    }
    char topic[MQTT_TOPIC_BYTES];
    const char *id = topic_id(camera->topic);
    struct span jpeg = frame_payload(frame);
    mqtt_value_topic(topic, cameras->settings, id, MQTT_VALUE_PICTURE);
    enum err error = mqtt_link_publish_large(link, topic, jpeg.bytes, jpeg.count);
    if (error == ERR_OK || error == ERR_INVALID) {
        mqtt_picture_note_sent(&camera->picture, cameras->settings, frame, now_ns);
    }
    if (error == ERR_INVALID) {
        log_rate_limited(LOG_LEVEL_WARNING, id, "mqtt picture",
                         "mqtt: a picture of %zu bytes is larger than the broker accepts", jpeg.count);
    }
    frame_unref(&frame);
}

void mqtt_cameras_send(struct mqtt_cameras *cameras, struct mqtt_link *link) {
    inbox_begin(cameras->inbox);
    while (inbox_next(cameras->inbox) != NULL) {
        /* The camera is asked below, as all are. */
    }
    if (cameras->is_behind) {
        read_list(cameras);
    }
    enum err error = ERR_OK;
    size_t first = cameras->turn;
    for (size_t i = 0; i < cameras->count && error == ERR_OK; i++) {
        cameras->turn = (first + i) % cameras->count;
        error = send_values(cameras, link, cameras->list[cameras->turn]);
    }
    if (error == ERR_OK) {
        error = mqtt_gone_send(&cameras->gone, cameras->settings, link);
    }
    for (size_t i = 0; i < cameras->count && error == ERR_OK; i++) {
        send_picture(cameras, link, cameras->list[i]);
    }
}
