/* /api/events: what happens, as server-sent events (WHATWG HTML, section 9.2).
 *
 * A stream begins with the present state of each camera, unless the client says with Last-Event-ID where it was and all
 * since then is still in the journal. */
#define _GNU_SOURCE
#include "broker/clock.h"
#include "web/event_json.h"
#include "web/handlers.h"

#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Proxies and clients give up a connection on which nothing comes for long. */
#define HEARTBEAT_NS (15 * NS_PER_S)
#define ID_BYTES 48
#define EVENT_BYTES 2048

struct event_stream {
    struct site *site;
    const struct http_request *request;
    int fd;
    char (*cameras)[TOPIC_ID_MAX_BYTES + 1]; /* NULL: all, those too that are added later */
    size_t camera_count;
    struct journal_reader *reader;
};

/* ---- What the client is told of ---- */

/* False after refusing the request. */
static bool choose_cameras(struct event_stream *stream, const struct route *route) {
    if (route->cameras.text == NULL) {
        return true;
    }
    struct selection selection = {.count = 0};
    bool chosen = selection_make(stream->site, stream->request, route, &selection);
    if (chosen) {
        stream->cameras = calloc(selection.count, sizeof *stream->cameras);
        chosen = stream->cameras != NULL;
        for (; chosen && stream->camera_count < selection.count; stream->camera_count++) {
            const char *id = topic_id(selection.topics[stream->camera_count]);
            memcpy(stream->cameras[stream->camera_count], id, strlen(id));
        }
        if (!chosen) {
            http_reply_error(stream->request, 503, "Retry-After: 1\r\n", "out_of_memory",
                             "the server is out of memory");
        }
    }
    selection_release(&selection);
    return chosen;
}

static bool is_chosen(const struct event_stream *stream, const char *camera) {
    for (size_t i = 0; i < stream->camera_count; i++) {
        if (strcmp(stream->cameras[i], camera) == 0) {
            return true;
        }
    }
    return stream->cameras == NULL;
}

/* What concerns no camera is for administrators. */
static bool concerns(const struct event_stream *stream, const struct visitor *visitor, const char *camera) {
    return camera[0] == '\0' ? visitor_rights(visitor) == RIGHTS_ADMIN
                             : is_chosen(stream, camera) && access_may_view(visitor, camera);
}

/* ---- Where the client was ---- */

/* Numbers begin again with each run of the program, so an id tells the run, too. */
static void write_id(struct site *site, uint64_t number, char id[ID_BYTES]) {
    snprintf(id, ID_BYTES, "%" PRIx64 "-%" PRIu64, (uint64_t)broker_started_realtime_ns(site->broker), number);
}

/* False where the id is none of this run. */
static bool read_id(struct site *site, const char *id, uint64_t *number) {
    const char *dash = strchr(id, '-');
    char again[ID_BYTES];
    *number = dash != NULL ? strtoull(dash + 1, NULL, 10) : 0;
    write_id(site, *number, again);
    return strcmp(id, again) == 0 && *number <= journal_newest(broker_journal(site->broker));
}

/* ---- Sending ---- */

/* json is taken over. False when the client has gone. */
static bool send_event(const struct event_stream *stream, const char *name, uint64_t number, char *json) {
    char event[EVENT_BYTES];
    char id[ID_BYTES];
    write_id(stream->site, number, id);
    int length = json == NULL ? 0 : snprintf(event, sizeof event, "id: %s\nevent: %s\ndata: %s\n\n", id, name, json);
    free(json);
    /* Without memory there is no event: the client comes back for it. */
    return length > 0 && (size_t)length < sizeof event && http_send(stream->request, event, (size_t)length);
}

static bool send_present_state(const struct event_stream *stream, const struct visitor *visitor, struct topic *topic,
                               uint64_t number) {
    struct journal_entry state = {.kind = JOURNAL_STATE};
    snprintf(state.camera, sizeof state.camera, "%s", topic_id(topic));
    state.to = topic_state_detail(topic, &state.at_realtime_ns, &state.reason);
    return !concerns(stream, visitor, state.camera) ||
           send_event(stream, event_name(state.kind), number, event_render_present(&state));
}

static bool send_present(const struct event_stream *stream, const struct visitor *visitor, uint64_t number) {
    struct topic_list *topics = broker_topics(stream->site->broker);
    bool sent = true;
    for (size_t i = 0; i < topics->count && sent; i++) {
        sent = send_present_state(stream, visitor, topics->topics[i], number);
    }
    topic_list_unref(&topics);
    return sent;
}

static bool send_missed(const struct event_stream *stream, const struct visitor *visitor, uint64_t missed,
                        uint64_t number) {
    return send_event(stream, "missed", number, event_render_missed(missed)) && send_present(stream, visitor, number);
}

/* What is for others alone. */
static void hide(const struct event_stream *stream, const struct visitor *visitor, struct journal_entry *entry) {
    if (visitor_rights(visitor) < RIGHTS_ADMIN) {
        site_hide_address(stream->site, entry->remote);
    }
    if (entry->kind == JOURNAL_RELOAD_FAILED && !access_may_view_all(visitor)) {
        reason_set(&entry->reason, "the configuration has faults, which the log tells");
    }
}

static bool send_entry(const struct event_stream *stream, const struct visitor *visitor, struct journal_entry *entry,
                       uint64_t missed) {
    if (missed > 0 && !send_missed(stream, visitor, missed, entry->number - 1)) {
        return false;
    }
    if (!concerns(stream, visitor, entry->camera)) {
        return true;
    }
    hide(stream, visitor, entry);
    return send_event(stream, event_name(entry->kind), entry->number, event_render(entry));
}

/* What the journal has. False at the end, and when the client has gone or has no rights any more. */
static bool send_news(const struct event_stream *stream) {
    struct journal_entry entry;
    uint64_t missed;
    enum err error = ERR_OK;
    bool goes_on = true;
    while (goes_on && (error = journal_read(stream->reader, &entry, &missed)) == ERR_OK) {
        struct visitor visitor;
        gate_renew_visitor(stream->site->gate, stream->request->visitor, &visitor);
        goes_on = visitor_rights(&visitor) >= RIGHTS_VIEW && send_entry(stream, &visitor, &entry, missed);
        visitor_finish(&visitor);
    }
    return goes_on && error != ERR_CLOSED;
}

/* Blocks: until there is news or it is time for a sign of life (true), or until the client has gone. */
static bool wait_for_news(const struct event_stream *stream) {
    struct pollfd pollers[] = {{.fd = journal_reader_fd(stream->reader), .events = POLLIN},
                               {.fd = stream->fd, .events = POLLRDHUP}};
    int ready = poll(pollers, 2, clock_poll_timeout_ms(clock_monotonic_ns() + HEARTBEAT_NS));
    if (ready == 0) {
        static const char heartbeat[] = ":\n\n";
        return http_send(stream->request, heartbeat, sizeof heartbeat - 1);
    }
    return pollers[1].revents == 0;
}

static void follow(struct event_stream *stream) {
    while (send_news(stream) && wait_for_news(stream)) {
    }
}

/* ---- The request ---- */

static void begin(struct event_stream *stream) {
    struct journal *journal = broker_journal(stream->site->broker);
    const char *last_id = http_header(stream->request, "Last-Event-ID");
    uint64_t after;
    bool resumes = last_id != NULL && read_id(stream->site, last_id, &after);
    if (!resumes) {
        after = journal_newest(journal);
    }
    if (journal_reader_create(journal, after, &stream->reader) != ERR_OK) {
        http_reply_error(stream->request, 503, "Retry-After: 1\r\n", "out_of_memory", "the server is out of memory");
        return;
    }
    if (http_socket(stream->request, &stream->fd) == ERR_OK &&
        http_begin_stream(stream->request, "text/event-stream", "retry: 1000\n\n") &&
        (resumes || send_present(stream, stream->request->visitor, after))) {
        follow(stream);
    }
    journal_reader_destroy(&stream->reader);
}

/* Takes a place, and one of the client's. False after refusing the request. */
static bool admit(struct site *site, const struct http_request *request) {
    if (!place_take(&site->event_streams, EVENT_STREAMS_MAX)) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_event_streams",
                         "%u clients listen to events already", EVENT_STREAMS_MAX);
        return false;
    }
    if (!admission_enter(site->event_admission, request->client, EVENT_STREAMS_PER_ADDRESS_MAX)) {
        place_leave(&site->event_streams);
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_event_streams_per_address",
                         "%s listens to events %u times already; close one", request->client,
                         EVENT_STREAMS_PER_ADDRESS_MAX);
        return false;
    }
    return true;
}

void handle_events(struct site *site, const struct http_request *request, const struct route *route) {
    if (!admit(site, request)) {
        return;
    }
    struct event_stream stream = {.site = site, .request = request};
    if (choose_cameras(&stream, route)) {
        if (http_is_head(request)) {
            bool sent = http_begin_stream(request, "text/event-stream", "");
            (void)sent;
        } else {
            begin(&stream);
        }
    }
    free(stream.cameras);
    admission_leave(site->event_admission, request->client);
    place_leave(&site->event_streams);
}
