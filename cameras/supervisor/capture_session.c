#include "cameras/supervisor/capture_session.h"

#include "broker/base/log.h"
#include "broker/base/saturating.h"
#include "broker/frame/sequence.h"
#include "cameras/filter/picture_filter.h"
#include "cameras/supervisor/ingest.h"

#define MAX_BROKEN_IN_A_ROW 100

struct capture_session {
    struct camera *camera;
    struct driver_context context; /* which the driver borrows */
    void *device;                  /* the driver's state */
    struct ingest *ingest;
    int64_t opened_ns;
    int64_t first_good_ns, last_good_ns; /* when intact frames came; 0: none yet */
    int64_t last_captured_ns;            /* of the last intact frame */
    int64_t alive_ns;                    /* when the source was last known to send something else */
};

/* Before each driver call that may block. False: skip the call. */
static bool begin_call(struct camera *camera, int64_t deadline_ns) {
    watchdog_schedule(&camera->watch, driver_call_begin(&camera->call, deadline_ns));
    return !camera_is_over(camera);
}

/* After the call, or in place of it. Returns its error; ERR_IO: it had expired. */
static enum err end_call(struct camera *camera, enum err error, struct reason *reason) {
    if (driver_call_end(&camera->call)) {
        return error;
    }
    watchdog_wait_idle(&camera->watch); /* the state that it sets must not follow the next one */
    reason_set(reason, "the driver did not respond and was interrupted");
    return ERR_IO;
}

static enum err open_device(struct capture_session *session, struct reason *reason) {
    struct camera *camera = session->camera;
    int64_t deadline_ns = clock_monotonic_ns() + camera->timing->open;
    enum err opened = ERR_INTERRUPTED;
    if (begin_call(camera, deadline_ns)) {
        opened = camera->driver->open(&session->context, deadline_ns, &session->device, reason);
    }
    enum err error = end_call(camera, opened, reason);
    if (error != ERR_OK && opened == ERR_OK) {
        camera->driver->close(session->device);
    }
    return error;
}

static enum err read_frame(struct capture_session *session, int64_t deadline_ns, struct frame **frame, uint64_t *lost,
                           struct reason *reason) {
    struct camera *camera = session->camera;
    enum err error = ERR_INTERRUPTED;
    if (begin_call(camera, deadline_ns)) {
        error = camera->driver->read(session->device, deadline_ns, camera->sequence + 1, frame, lost, reason);
    }
    error = end_call(camera, error, reason);
    if (error != ERR_OK) {
        frame_unref(frame);
    }
    return error;
}

static bool is_filtered(const struct camera *camera) { return picture_filter_is_wanted(&camera->settings.filter); }

/* A driver that passes JPEG on does not parse it; the check of the previous frame has. One that knows the size does not
 * know how the picture is rotated and cut. */
static void describe_newest(struct topic *topic, struct driver_description *description) {
    struct frame *newest = topic_newest(topic);
    if (newest != NULL && frame_info(newest)->state == STATE_LIVE) {
        description->width_px = frame_info(newest)->width_px;
        description->height_px = frame_info(newest)->height_px;
    }
    frame_unref(&newest);
}

static void update_capture(struct capture_session *session) {
    struct camera *camera = session->camera;
    struct driver_description now = {.width_px = 0};
    camera->driver->describe(session->device, &now);
    if (camera->settings.filter.turn_degrees % 180 != 0) {
        const uint32_t width_px = now.width_px;
        now.width_px = now.height_px;
        now.height_px = width_px;
    }
    if (now.width_px == 0 || is_filtered(camera)) {
        describe_newest(camera->topic, &now);
    }
    if (now.width_px != camera->described.width_px || now.height_px != camera->described.height_px ||
        now.format != camera->described.format) {
        camera->described = now;
        topic_set_capture(camera->topic, now.width_px, now.height_px, now.format);
    }
}

/* Packets prove life where frames are rare, as key frames are: until their distance is known, which takes two of them,
 * a frame does not become stale while packets come. */
static void note_alive(struct capture_session *session) {
    struct camera *camera = session->camera;
    session->alive_ns = clock_monotonic_ns();
    if (session->first_good_ns != 0 && session->first_good_ns == session->last_good_ns) {
        int64_t age_ns = session->alive_ns - session->last_captured_ns;
        atomic_store(&camera->max_age_ns, min_i64(age_ns + camera->stale_after_ns, camera->timing->no_frame));
    }
}

/* From then on a frame becomes stale when the next is late by half of that distance. */
static void follow_distance(struct capture_session *session, int64_t captured_ns) {
    const bool is_rare = session->last_good_ns != 0 && session->alive_ns > session->last_good_ns;
    int64_t distance_ns = captured_ns - session->last_captured_ns;
    if (session->last_good_ns != 0) {
        atomic_store(&session->camera->max_age_ns, is_rare ? distance_ns + distance_ns / 2 : 0);
    }
    session->last_captured_ns = captured_ns;
}

static void note_intact_frame(struct capture_session *session, int64_t captured_ns) {
    struct camera *camera = session->camera;
    follow_distance(session, captured_ns);
    watchdog_schedule(&camera->watch, captured_ns + camera->stale_after_ns);
    session->last_good_ns = clock_monotonic_ns();
    if (session->first_good_ns == 0) {
        session->first_good_ns = session->last_good_ns;
    }
    if (atomic_exchange(&camera->failure_logged, false)) {
        log_event(LOG_LEVEL_INFO, camera->settings.topic.id, "frames come again");
    }
}

static void log_broken_frame(struct capture_session *session, const struct reason *reason) {
    log_rate_limited(LOG_LEVEL_WARNING, session->camera->settings.topic.id, "broken frame",
                     "skipping a broken frame: %s", reason->text);
}

static void count_lost(struct camera *camera, uint64_t lost) {
    camera->sequence = add_count(camera->sequence, lost);
    if (lost > 0) {
        topic_count_dropped(camera->topic, lost);
    }
}

/* Publishes a frame; NULL: the driver found it broken, and it is only counted. */
static void take_frame(struct capture_session *session, struct frame *frame, bool after_gap, struct reason *reason) {
    struct camera *camera = session->camera;
    uint64_t claimed = frame != NULL ? frame_info(frame)->sequence : 0;
    camera->sequence = sequence_follow(camera->sequence, 0, claimed, session->first_good_ns == 0);
    if (frame == NULL) {
        ingest_reject(session->ingest);
        log_broken_frame(session, reason);
        return;
    }
    struct frame_info *info = frame_edit_info(frame);
    int64_t captured_ns = info->captured_monotonic_ns;
    info->sequence = camera->sequence;
    update_capture(session);
    enum err error = ingest_take(session->ingest, &frame, after_gap, reason);
    if (error == ERR_INVALID) {
        log_broken_frame(session, reason);
    }
    if (camera->described.width_px == 0 || is_filtered(camera)) {
        update_capture(session);
    }
    if (error == ERR_OK && ingest_broken_in_a_row(session->ingest) == 0) {
        note_intact_frame(session, captured_ns);
    }
}

/* How long the next frame may take after the last intact one, or after the opening. */
static int64_t frame_timeout_ns(const struct capture_session *session) {
    const struct camera *camera = session->camera;
    if (session->last_good_ns == 0) {
        return max_i64(camera->timing->first_frame, camera->stale_after_ns);
    }
    return max_i64(camera->timing->next_frame, max_i64(camera->period_ns * 10, camera->stale_after_ns * 2));
}

static int64_t frame_deadline_ns(const struct capture_session *session) {
    int64_t timeout_ns = frame_timeout_ns(session);
    int64_t since_ns = max_i64(session->opened_ns, session->last_good_ns);
    int64_t alive_until_ns = min_i64(session->alive_ns + timeout_ns, since_ns + session->camera->timing->no_frame);
    return max_i64(since_ns + timeout_ns, alive_until_ns);
}

/* A camera that sends only broken frames fails like one that sends nothing. */
static enum err check_broken_frames(const struct capture_session *session, int64_t deadline_ns, struct reason *reason) {
    unsigned broken = ingest_broken_in_a_row(session->ingest);
    if (broken < MAX_BROKEN_IN_A_ROW && (broken == 0 || clock_monotonic_ns() < deadline_ns)) {
        return ERR_OK;
    }
    const struct reason newest = *reason; /* "": a worker found it */
    reason_set(reason, "the last %u frames were broken%s%s%s: check the camera and its cable; reopening it", broken,
               newest.text[0] != '\0' ? " (the newest: " : "", newest.text, newest.text[0] != '\0' ? ")" : "");
    return ERR_INVALID;
}

/* What a read gave that was no frame. ERR_OK: read on. */
static enum err handle_no_frame(struct capture_session *session, enum err error, int64_t deadline_ns,
                                struct reason *reason) {
    struct camera *camera = session->camera;
    if (error == ERR_BUSY) {
        note_alive(session);
        error = session->alive_ns < deadline_ns ? ERR_OK : ERR_TIMEOUT;
    }
    if (error == ERR_TIMEOUT) {
        int64_t silent_ns = deadline_ns - max_i64(session->opened_ns, session->last_good_ns);
        reason_set(reason, "no frame for %.3g s: the camera stopped sending; reopening it", clock_seconds(silent_ns));
    }
    if (error == ERR_INTERRUPTED && !camera_is_over(camera)) {
        driver_call_clear(&camera->call); /* a viewer came back at this moment */
        error = ERR_OK;
    }
    return error;
}

/* Until the session fails or has to end; never ERR_OK. */
static enum err read_frames(struct capture_session *session, struct reason *reason) {
    struct camera *camera = session->camera;
    enum err error = ERR_OK;
    while (error == ERR_OK) {
        int64_t deadline_ns = max_i64(frame_deadline_ns(session), clock_monotonic_ns());
        struct frame *frame = NULL;
        uint64_t lost = 0;
        error = read_frame(session, deadline_ns, &frame, &lost, reason);
        count_lost(camera, lost);
        if (error == ERR_OK || error == ERR_INVALID) {
            take_frame(session, frame, lost > 0, reason);
            error = check_broken_frames(session, deadline_ns, reason);
        } else {
            error = handle_no_frame(session, error, deadline_ns, reason);
        }
    }
    return error;
}

static enum err begin_session(struct capture_session *session, struct reason *reason) {
    struct camera *camera = session->camera;
    session->context = (struct driver_context){.id = camera->settings.topic.id,
                                               .name = camera->settings.topic.name,
                                               .settings = &camera->settings.source,
                                               .pool = broker_frame_pool(camera->broker),
                                               .cancel = &camera->call.cancel,
                                               .stopping = &camera->stopping,
                                               .mailbox = topic_mailbox(camera->topic),
                                               .script = camera->script};
    driver_call_clear(&camera->call);
    enum err error = open_device(session, reason);
    session->opened_ns = clock_monotonic_ns();
    return error;
}

enum err capture_session_probe(struct camera *camera, struct reason *reason) {
    struct capture_session session = {.camera = camera};
    enum err error = begin_session(&session, reason);
    if (error != ERR_OK) {
        return error;
    }
    const int64_t deadline_ns = session.opened_ns + camera->timing->first_frame;
    struct frame *frame = NULL;
    do { /* a broken frame, and a packet that makes none, are no failure yet */
        uint64_t lost = 0;
        error = read_frame(&session, deadline_ns, &frame, &lost, reason);
    } while ((error == ERR_INVALID || error == ERR_BUSY) && clock_monotonic_ns() < deadline_ns);
    if (error == ERR_OK) {
        update_capture(&session);
    } else if (error == ERR_TIMEOUT) {
        reason_set(reason, "it was opened, but sent no frame for %.3g s", clock_seconds(camera->timing->first_frame));
    }
    frame_unref(&frame);
    camera->driver->close(session.device);
    return error;
}

enum err capture_session_run(struct camera *camera, struct reason *reason) {
    struct capture_session session = {.camera = camera};
    camera->delivered_ns = 0;
    enum err error = begin_session(&session, reason);
    if (error != ERR_OK) {
        return error;
    }
    error = ingest_create(camera->broker, camera->topic, &camera->settings, camera->generation, camera->motion,
                          &camera->call.cancel, &session.ingest);
    struct control_port *controls = topic_controls(camera->topic);
    if (error == ERR_OK) {
        if (camera->driver->controls != NULL) {
            control_port_open(controls, camera->driver->controls, session.device);
        }
        error = read_frames(&session, reason);
    }
    ingest_destroy(&session.ingest);
    motion_watch_pause(camera->motion);
    control_port_close(controls);
    camera->driver->close(session.device);
    if (session.first_good_ns != 0) {
        camera->delivered_ns = max_i64(session.last_good_ns - session.first_good_ns, 1);
    }
    return error;
}
