#include "web/views/metrics.h"

#include "broker/base/clock.h"
#include "broker/base/log.h"
#include "broker/timing.h"
#include "web/views/cluster_metrics.h"
#include "web/views/metrics_page.h"
#include "web/views/process.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define COUNT_OF(array) (sizeof(array) / sizeof(array)[0])

/* The data of one page. */
struct scrape {
    const struct broker_snapshot *broker;
    const struct server_counts *server;
    struct process_usage process;
};

/* A metric and where its samples come from: one of the five. */
struct family {
    struct metric metric;
    double (*of_all)(const struct scrape *scrape);
    double (*of_camera)(const struct topic_snapshot *camera); /* NAN: this one has no sample */
    double (*of_recorded)(const struct recorder_camera_status *camera);
    void (*write)(FILE *page, const struct metric *metric, const struct scrape *scrape);
    void (*write_camera)(FILE *page, const struct metric *metric, const struct topic_snapshot *camera);
};

/* ---- Of a camera ---- */

static double if_known(double value, bool is_known) { return is_known ? value : NAN; }

/* clang-format off */
#define CAMERA_VALUE(name, value) static double name(const struct topic_snapshot *camera) { return value; }

CAMERA_VALUE(is_up, camera->state == STATE_LIVE || (camera->state == STATE_IDLE && camera->error[0] == '\0'))
CAMERA_VALUE(published, (double)camera->published)
CAMERA_VALUE(published_bytes, (double)camera->published_bytes)
CAMERA_VALUE(dropped, (double)camera->dropped)
CAMERA_VALUE(invalid, (double)camera->invalid)
CAMERA_VALUE(restarts, (double)camera->restarts)
CAMERA_VALUE(last_age, if_known(clock_seconds(camera->last_age_ns), camera->last_sequence != 0))
CAMERA_VALUE(last_time, if_known(clock_seconds(camera->last_captured_realtime_ns), camera->last_sequence != 0))
CAMERA_VALUE(captured_fps, camera->captured_fps)
CAMERA_VALUE(configured_fps, if_known(camera->settings.fps, camera->settings.fps > 0))
CAMERA_VALUE(width, if_known(camera->width_px, camera->width_px != 0))
CAMERA_VALUE(height, if_known(camera->height_px, camera->height_px != 0))
CAMERA_VALUE(subscribers, (double)camera->subscriber_count)
CAMERA_VALUE(variants, (double)camera->variant_count)
CAMERA_VALUE(sent, (double)camera->delivered.sent)
CAMERA_VALUE(skipped, (double)camera->delivered.skipped)
CAMERA_VALUE(sent_bytes, (double)camera->delivered.bytes)
CAMERA_VALUE(motion_active, if_known(camera->motion.is_active, camera->motion.is_configured))
CAMERA_VALUE(motion_moving, if_known(camera->motion.is_moving, camera->motion.is_configured))
CAMERA_VALUE(motion_score, if_known(camera->motion.score, camera->motion.is_configured))
CAMERA_VALUE(motion_events, if_known((double)camera->motion.events, camera->motion.is_configured))

/* ---- Of all ---- */

#define OVERALL_VALUE(name, value) static double name(const struct scrape *scrape) { return value; }

OVERALL_VALUE(cameras, (double)scrape->broker->topic_count)
OVERALL_VALUE(streams_active, scrape->server->streams_active)
OVERALL_VALUE(streams_max, scrape->server->streams_max)
OVERALL_VALUE(worker_threads, scrape->broker->workers.threads)
OVERALL_VALUE(worker_queue, scrape->broker->workers.queued)
OVERALL_VALUE(worker_done, (double)scrape->broker->workers.completed)
OVERALL_VALUE(worker_replaced, (double)scrape->broker->workers.replaced)
OVERALL_VALUE(pool_frames, (double)scrape->broker->frames.frames)
OVERALL_VALUE(pool_bytes, (double)scrape->broker->frames.bytes)
OVERALL_VALUE(last_reload, if_known(clock_seconds(scrape->server->reloads.last_ns), scrape->server->reloads.last_ns != 0))
OVERALL_VALUE(mqtt_connected, if_known(scrape->server->mqtt.state == MQTT_CONNECTED, scrape->server->mqtt.state != MQTT_OFF))
OVERALL_VALUE(start_time, clock_seconds(scrape->broker->started_realtime_ns))
OVERALL_VALUE(cpu_time, clock_seconds(scrape->process.cpu_ns))
OVERALL_VALUE(resident_bytes, (double)scrape->process.resident_bytes)
OVERALL_VALUE(virtual_bytes, (double)scrape->process.virtual_bytes)
OVERALL_VALUE(threads, (double)scrape->process.threads)
OVERALL_VALUE(open_descriptors, (double)scrape->process.open_descriptors)
OVERALL_VALUE(most_descriptors, (double)scrape->process.most_descriptors)
/* clang-format on */

/* ---- Those with labels of their own ---- */

static void write_build(FILE *page, const struct metric *metric, const struct scrape *scrape) {
    (void)scrape;
    metrics_page_sample(page, metric, &(struct metric_label){"version", FRAMEBROKER_VERSION}, 1, 1);
}

static void write_camera_info(FILE *page, const struct metric *metric, const struct topic_snapshot *camera) {
    const struct metric_label labels[] = {
        {"camera", camera->settings.id},
        {"name", camera->settings.name},
        {"source", camera->settings.source},
        {"format", camera->format != NULL ? camera->format : ""},
    };
    metrics_page_sample(page, metric, labels, COUNT_OF(labels), 1);
}

static void write_state(FILE *page, const struct metric *metric, const struct topic_snapshot *camera) {
    for (enum camera_state state = STATE_IDLE; state <= STATE_OFFLINE; state++) {
        const struct metric_label labels[] = {{"camera", camera->settings.id}, {"state", state_name(state)}};
        metrics_page_sample(page, metric, labels, COUNT_OF(labels), camera->state == state);
    }
}

static void write_rejections(FILE *page, const struct metric *metric, const struct scrape *scrape) {
    const struct server_counts *server = scrape->server;
    metrics_page_sample(page, metric, &(struct metric_label){"reason", "too_many_streams"}, 1,
                        (double)server->streams_rejected);
    metrics_page_sample(page, metric, &(struct metric_label){"reason", "too_many_streams_per_address"}, 1,
                        (double)server->streams_rejected_per_address);
}

static void write_replies(FILE *page, const struct metric *metric, const struct scrape *scrape) {
    static const char *const classes[REPLY_CLASSES] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
    for (size_t i = 0; i < REPLY_CLASSES; i++) {
        metrics_page_sample(page, metric, &(struct metric_label){"code", classes[i]}, 1,
                            (double)scrape->server->replies[i]);
    }
}

static void write_login_refusals(FILE *page, const struct metric *metric, const struct scrape *scrape) {
    static const char *const reasons[REFUSALS] = {"wrong", "throttled", "busy"};
    for (size_t i = 0; i < REFUSALS; i++) {
        metrics_page_sample(page, metric, &(struct metric_label){"reason", reasons[i]}, 1,
                            (double)scrape->server->login_refusals[i]);
    }
}

static void write_hooks(FILE *page, const struct metric *metric, const struct scrape *scrape) {
    static const char *const results[HOOK_RESULTS] = {"delivered", "tried_again", "given_up"};
    for (size_t i = 0; i < HOOK_RESULTS; i++) {
        metrics_page_sample(page, metric, &(struct metric_label){"result", results[i]}, 1,
                            (double)scrape->server->hooks[i]);
    }
}

/* Nothing where there is no broker. */
static void write_mqtt_count(FILE *page, const struct metric *metric, const struct scrape *scrape,
                             enum mqtt_count what) {
    if (scrape->server->mqtt.state != MQTT_OFF) {
        metrics_page_sample(page, metric, NULL, 0, (double)scrape->server->mqtt.counts[what]);
    }
}

#define MQTT_WRITER(name, what)                                                                                        \
    static void name(FILE *page, const struct metric *metric, const struct scrape *scrape) {                           \
        write_mqtt_count(page, metric, scrape, what);                                                                  \
    }
MQTT_WRITER(write_mqtt_connections, MQTT_COUNT_CONNECTIONS)
MQTT_WRITER(write_mqtt_failures, MQTT_COUNT_FAILURES)
MQTT_WRITER(write_mqtt_published, MQTT_COUNT_PUBLISHED)
MQTT_WRITER(write_mqtt_refused, MQTT_COUNT_REFUSED)

/* ---- What is recorded; nothing without a recorder ---- */

/* clang-format off */
#define RECORDED_VALUE(name, value) static double name(const struct recorder_camera_status *camera) { return value; }

RECORDED_VALUE(recorded_size, (double)camera->bytes)
RECORDED_VALUE(recorded_frames, (double)camera->recorded_frames)
RECORDED_VALUE(recorded_bytes, (double)camera->recorded_bytes)
RECORDED_VALUE(lost_frames, (double)camera->lost_frames)
RECORDED_VALUE(oldest, clock_seconds(camera->oldest_ns))
RECORDED_VALUE(newest, clock_seconds(camera->newest_ns))

static double of_recording(const struct scrape *scrape, double value) {
    return scrape->server->recording != NULL ? value : NAN;
}
#define RECORDING_VALUE(name, value)                                                                                   \
    static double name(const struct scrape *scrape) {                                                                  \
        const struct recorder_status *recording = scrape->server->recording;                                          \
        return of_recording(scrape, recording != NULL ? (value) : 0);                                                  \
    }

RECORDING_VALUE(recording_up, recording->state == RECORDER_RECORDING)
RECORDING_VALUE(recording_bytes, (double)recording->bytes)
RECORDING_VALUE(recording_free, (double)recording->free_bytes)
RECORDING_VALUE(recording_deleted, (double)recording->deleted_segments)
/* clang-format on */

static void write_lost_lines(FILE *page, const struct metric *metric, const struct scrape *scrape) {
    (void)scrape;
    metrics_page_sample(page, metric, NULL, 0, (double)log_lost_count());
}

static void write_reloads(FILE *page, const struct metric *metric, const struct scrape *scrape) {
    const struct reload_counts *reloads = &scrape->server->reloads;
    metrics_page_sample(page, metric, &(struct metric_label){"result", "applied"}, 1,
                        (double)(reloads->count - reloads->failed));
    metrics_page_sample(page, metric, &(struct metric_label){"result", "failed"}, 1, (double)reloads->failed);
}

static void write_timing(FILE *page, const struct metric *metric, enum timing timing) {
    struct histogram_snapshot histogram;
    timing_read(timing, &histogram);
    metrics_page_histogram(page, metric, &histogram);
}

/* clang-format off */
#define TIMING_WRITER(name, timing)                                                                                    \
    static void name(FILE *page, const struct metric *metric, const struct scrape *scrape) {                           \
        (void)scrape;                                                                                                  \
        write_timing(page, metric, timing);                                                                            \
    }

TIMING_WRITER(write_encode_times, TIMING_ENCODE)
TIMING_WRITER(write_convert_times, TIMING_CONVERT)
TIMING_WRITER(write_publish_times, TIMING_PUBLISH)
TIMING_WRITER(write_delivery_times, TIMING_DELIVERY)

/* ---- The page ---- */

#define GAUGE(name, help) .metric = {name, help, METRIC_GAUGE}
#define COUNTER(name, help) .metric = {name, help, METRIC_COUNTER}
#define HISTOGRAM(name, help) .metric = {name, help, METRIC_HISTOGRAM}

static const struct family families[] = {
    {GAUGE("framebroker_build_info", "1, with the version of the program."), .write = write_build},
    {GAUGE("framebroker_cameras", "Cameras of the configuration."), .of_all = cameras},

    {GAUGE("framebroker_camera_info", "1, with what a camera is."), .write_camera = write_camera_info},
    {GAUGE("framebroker_camera_state", "1 for the state that a camera is in, 0 for the others."), .write_camera = write_state},
    {GAUGE("framebroker_camera_up", "1 while a camera is live, or idle and not known to have failed."), .of_camera = is_up},
    {COUNTER("framebroker_camera_frames_published_total", "Frames that a camera has published."), .of_camera = published},
    {COUNTER("framebroker_camera_published_bytes_total", "Bytes of these frames."), .of_camera = published_bytes},
    {COUNTER("framebroker_camera_frames_dropped_total", "Frames lost between a camera and their publication."), .of_camera = dropped},
    {COUNTER("framebroker_camera_frames_invalid_total", "Frames refused because they were broken."), .of_camera = invalid},
    {COUNTER("framebroker_camera_restarts_total", "Times that a camera was opened again after a failure."), .of_camera = restarts},
    {GAUGE("framebroker_camera_last_frame_age_seconds", "Time since the newest frame was captured."), .of_camera = last_age},
    {GAUGE("framebroker_camera_last_frame_timestamp_seconds", "When the newest frame was captured, since the epoch."), .of_camera = last_time},
    {GAUGE("framebroker_camera_captured_fps", "Frames a second that a camera gives, over the last seconds."), .of_camera = captured_fps},
    {GAUGE("framebroker_camera_configured_fps", "Frames a second that a camera was asked for."), .of_camera = configured_fps},
    {GAUGE("framebroker_camera_width_pixels", "Width of a camera's frames."), .of_camera = width},
    {GAUGE("framebroker_camera_height_pixels", "Height of a camera's frames."), .of_camera = height},
    {GAUGE("framebroker_camera_subscribers", "Viewers of a camera, those of its variants too."), .of_camera = subscribers},
    {GAUGE("framebroker_camera_variants", "Sizes and qualities that a camera is made into."), .of_camera = variants},
    {COUNTER("framebroker_camera_frames_sent_total", "Frames sent to all viewers of a camera."), .of_camera = sent},
    {COUNTER("framebroker_camera_frames_skipped_total", "Frames that slow viewers of a camera skipped."), .of_camera = skipped},
    {COUNTER("framebroker_camera_sent_bytes_total", "Bytes sent to all viewers of a camera."), .of_camera = sent_bytes},

    {GAUGE("framebroker_camera_motion_active", "1 while the motion of a camera makes events, 0 while it is switched off or outside of its hours."), .of_camera = motion_active},
    {GAUGE("framebroker_camera_motion_moving", "1 while an event of a camera's motion lasts."), .of_camera = motion_moving},
    {GAUGE("framebroker_camera_motion_score", "How large and clear is what moves before a camera, from 0 to 100."), .of_camera = motion_score},
    {COUNTER("framebroker_camera_motion_events_total", "Events of a camera's motion that have begun."), .of_camera = motion_events},

    {HISTOGRAM("framebroker_encode_duration_seconds", "Time to encode a frame."), .write = write_encode_times},
    {HISTOGRAM("framebroker_variant_duration_seconds", "Time to make a frame's variant."), .write = write_convert_times},
    {HISTOGRAM("framebroker_publish_latency_seconds", "Time from a frame's capture to its publication."), .write = write_publish_times},
    {HISTOGRAM("framebroker_delivery_latency_seconds", "Time from a frame's publication until its last byte was handed to the kernel, for each viewer."), .write = write_delivery_times},

    {GAUGE("framebroker_streams_active", "Streams that are being served."), .of_all = streams_active},
    {GAUGE("framebroker_streams_max", "Streams that may be served at once."), .of_all = streams_max},
    {COUNTER("framebroker_streams_rejected_total", "Requests for a stream that were refused."), .write = write_rejections},
    {COUNTER("framebroker_login_attempts_refused_total", "Passwords, tokens, keys and links that were refused."), .write = write_login_refusals},
    {COUNTER("framebroker_http_requests_total", "Requests by the class of their answer."), .write = write_replies},
    {GAUGE("framebroker_workers_threads", "Threads that encode and scale."), .of_all = worker_threads},
    {GAUGE("framebroker_workers_queued", "Frames that wait for a worker thread."), .of_all = worker_queue},
    {COUNTER("framebroker_workers_completed_total", "Frames that worker threads have completed."), .of_all = worker_done},
    {COUNTER("framebroker_workers_replaced_total", "Frames that a newer one replaced while they waited."), .of_all = worker_replaced},
    {GAUGE("framebroker_pool_frames", "Frames in memory, in use or kept for the next."), .of_all = pool_frames},
    {GAUGE("framebroker_pool_bytes", "Memory of the frame pool."), .of_all = pool_bytes},
    {COUNTER("framebroker_reloads_total", "Reloads of the configuration, by result."), .write = write_reloads},
    {GAUGE("framebroker_last_reload_timestamp_seconds", "Time of the last reload, since the epoch."), .of_all = last_reload},

    {GAUGE("framebroker_recording_up", "1 while recordings can be written, 0 while the disk is full or fails."), .of_all = recording_up},
    {GAUGE("framebroker_recording_bytes", "Size of all recordings."), .of_all = recording_bytes},
    {GAUGE("framebroker_recording_free_bytes", "What the disk of the recordings has free."), .of_all = recording_free},
    {COUNTER("framebroker_recording_segments_deleted_total", "Segments that were deleted for their age, or to make room."), .of_all = recording_deleted},
    {GAUGE("framebroker_camera_recording_bytes", "Size of a camera's recordings."), .of_recorded = recorded_size},
    {COUNTER("framebroker_camera_recording_frames_total", "Frames of a camera that were recorded."), .of_recorded = recorded_frames},
    {COUNTER("framebroker_camera_recording_written_bytes_total", "Bytes of these frames."), .of_recorded = recorded_bytes},
    {COUNTER("framebroker_camera_recording_frames_lost_total", "Frames of a camera that were to be recorded, and were not."), .of_recorded = lost_frames},
    {GAUGE("framebroker_camera_recording_oldest_timestamp_seconds", "Capture time of a camera's oldest recorded frame, since the epoch; 0: none."), .of_recorded = oldest},
    {GAUGE("framebroker_camera_recording_newest_timestamp_seconds", "Capture time of a camera's newest recorded frame, since the epoch; 0: none."), .of_recorded = newest},

    {COUNTER("framebroker_hook_attempts_total", "Attempts to deliver an event to a hook, by result."), .write = write_hooks},
    {GAUGE("framebroker_mqtt_connected", "1 while the MQTT broker is connected, 0 while it is not; missing without one."), .of_all = mqtt_connected},
    {COUNTER("framebroker_mqtt_connections_total", "Connections to the MQTT broker that were made."), .write = write_mqtt_connections},
    {COUNTER("framebroker_mqtt_failures_total", "Attempts that failed and connections that were lost."), .write = write_mqtt_failures},
    {COUNTER("framebroker_mqtt_messages_published_total", "Messages and subscriptions that the MQTT broker has confirmed."), .write = write_mqtt_published},
    {COUNTER("framebroker_mqtt_messages_refused_total", "Messages and subscriptions that the MQTT broker has refused."), .write = write_mqtt_refused},
    {COUNTER("framebroker_log_lines_lost_total", "Lines of the log that standard error did not take."), .write = write_lost_lines},

    {GAUGE("process_start_time_seconds", "Start of the process, since the epoch."), .of_all = start_time},
    {COUNTER("process_cpu_seconds_total", "Time that the process has spent on processors."), .of_all = cpu_time},
    {GAUGE("process_resident_memory_bytes", "Resident memory."), .of_all = resident_bytes},
    {GAUGE("process_virtual_memory_bytes", "Virtual memory."), .of_all = virtual_bytes},
    {GAUGE("process_threads", "Threads of the process."), .of_all = threads},
    {GAUGE("process_open_fds", "Open file descriptors."), .of_all = open_descriptors},
    {GAUGE("process_max_fds", "File descriptors that may be open at once."), .of_all = most_descriptors},
};
/* clang-format on */

static void write_if_known(FILE *page, const struct metric *metric, const struct metric_label *labels,
                           size_t label_count, double value) {
    if (!isnan(value)) {
        metrics_page_sample(page, metric, labels, label_count, value);
    }
}

static bool is_of_cameras(const struct family *family) {
    return family->of_camera != NULL || family->of_recorded != NULL || family->write_camera != NULL;
}

/* Those that are recorded, and shown. */
static void write_recorded(FILE *page, const struct family *family, const struct scrape *scrape) {
    const struct recorder_status *recording = scrape->server->recording;
    for (size_t i = 0; recording != NULL && i < recording->camera_count; i++) {
        const struct recorder_camera_status *camera = &recording->cameras[i];
        for (size_t j = 0; j < scrape->broker->topic_count; j++) {
            if (strcmp(scrape->broker->topics[j].settings.id, camera->id) == 0) {
                metrics_page_sample(page, &family->metric, &(struct metric_label){"camera", camera->id}, 1,
                                    family->of_recorded(camera));
            }
        }
    }
}

static void write_cameras(FILE *page, const struct family *family, const struct scrape *scrape) {
    for (size_t i = 0; i < scrape->broker->topic_count; i++) {
        const struct topic_snapshot *camera = &scrape->broker->topics[i];
        const struct metric_label id = {"camera", camera->settings.id};
        if (family->write_camera != NULL) {
            family->write_camera(page, &family->metric, camera);
        } else {
            write_if_known(page, &family->metric, &id, 1, family->of_camera(camera));
        }
    }
}

static void write_family(FILE *page, const struct family *family, const struct scrape *scrape) {
    if (scrape->server->is_hidden && !is_of_cameras(family)) {
        return;
    }
    metrics_page_head(page, &family->metric);
    if (family->of_recorded != NULL) {
        write_recorded(page, family, scrape);
    } else if (is_of_cameras(family)) {
        write_cameras(page, family, scrape);
    } else if (family->write != NULL) {
        family->write(page, &family->metric, scrape);
    } else {
        write_if_known(page, &family->metric, NULL, 0, family->of_all(scrape));
    }
}

char *metrics_render(const struct broker_snapshot *snapshot, const struct server_counts *counts) {
    const struct scrape scrape = {.broker = snapshot, .server = counts, .process = process_usage()};
    char *text = NULL;
    size_t text_bytes;
    FILE *page = open_memstream(&text, &text_bytes);
    if (page == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < COUNT_OF(families); i++) {
        write_family(page, &families[i], &scrape);
    }
    if (counts->cluster != NULL && !counts->is_hidden) {
        cluster_metrics_write(page, counts->cluster);
    }
    bool failed = ferror(page) != 0;
    if (fclose(page) != 0 || failed) {
        free(text);
        return NULL;
    }
    return text;
}
