/* /api/events: what happens, as server-sent events (WHATWG HTML, section 9.2). The writers' thread sends them.
 *
 * A stream begins with the present state of each camera, unless the client says with Last-Event-ID where it was and all
 * since then is still in the event log. */
#include "broker/base/clock.h"
#include "web/access/slots.h"
#include "web/http/route.h"
#include "web/routes/support/camera_selection.h"
#include "web/routes/support/detached_response.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/visible_cameras.h"
#include "web/views/json/event_json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EVENT_BYTES 4096

struct event_stream {
    struct detached_response response;
    char (*cameras)[TOPIC_ID_MAX_BYTES + 1]; /* NULL: all, those too that are added later */
    size_t camera_count;
    uint64_t position;          /* number of the last event that was looked at */
    struct topic_list *present; /* whose states are yet to be sent, from present_next on; NULL: none */
    size_t present_next;
};

/* A piece of the stream that is being written. */
struct event_text {
    char *bytes;
    size_t count;
};

/* ---- Which events ---- */

/* False after refusing the request. */
static bool choose_cameras(struct event_stream *stream, const struct http_request *request, const struct route *route) {
    if (route->cameras.text == NULL) {
        return true;
    }
    struct camera_selection selection = {.count = 0};
    bool chosen = camera_selection_make(stream->response.context, request, route, &selection);
    if (chosen) {
        stream->cameras = calloc(selection.count, sizeof *stream->cameras);
        chosen = stream->cameras != NULL;
        for (; chosen && stream->camera_count < selection.count; stream->camera_count++) {
            const char *id = topic_id(selection.topics[stream->camera_count]);
            memcpy(stream->cameras[stream->camera_count], id, strlen(id));
        }
        if (!chosen) {
            reply_out_of_memory(request);
        }
    }
    camera_selection_finish(&selection);
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
static bool concerns(const struct event_stream *stream, const struct principal *principal, const char *camera) {
    return camera[0] == '\0' ? principal_rights(principal) == RIGHTS_ADMIN
                             : is_chosen(stream, camera) && access_may_view(principal, camera);
}

/* ---- Where the stream resumes ---- */

static struct event_id_codec id_codec(const struct server_context *context) {
    return (struct event_id_codec){(uint64_t)broker_started_realtime_ns(context->broker), context->event_key};
}

/* False if the id is not one of this run. */
static bool parse_event_id(struct server_context *context, const char *id, uint64_t *number) {
    const struct event_id_codec codec = id_codec(context);
    return event_id_read(&codec, id, number) && *number <= event_log_newest(broker_event_log(context->broker));
}

/* ---- Writing ---- */

/* json is taken. Without memory for it the event is left out. */
static void add_event(const struct event_stream *stream, struct event_text *text, const char *name, uint64_t number,
                      char *json) {
    char id[EVENT_ID_BYTES];
    const struct event_id_codec codec = id_codec(stream->response.context);
    event_id_write(&codec, number, id);
    int length = json == NULL ? 0
                              : snprintf(text->bytes + text->count, EVENT_BYTES, "id: %s\nevent: %s\ndata: %s\n\n", id,
                                         name, json);
    free(json);
    if (length > 0 && length < EVENT_BYTES) {
        text->count += (size_t)length;
    }
}

static void add_present_state(const struct event_stream *stream, const struct principal *principal,
                              struct event_text *text, struct topic *topic) {
    struct event_log_entry state = {.kind = EVENT_LOG_STATE};
    snprintf(state.camera, sizeof state.camera, "%s", topic_id(topic));
    state.to = topic_state_detail(topic, &state.at_realtime_ns, &state.reason);
    if (concerns(stream, principal, state.camera)) {
        add_event(stream, text, event_name(state.kind), stream->position, event_render_present(&state));
    }
}

/* From here on the states as they are come before the next event. */
static void begin_present(struct event_stream *stream) {
    topic_list_unref(&stream->present);
    stream->present = broker_topics(stream->response.context->broker);
    stream->present_next = 0;
}

static void add_next_present(struct event_stream *stream, const struct principal *principal, struct event_text *text) {
    if (stream->present_next < stream->present->count) {
        add_present_state(stream, principal, text, stream->present->topics[stream->present_next++]);
    } else {
        topic_list_unref(&stream->present);
    }
}

/* Removes what the principal may not know. */
static void hide_from_principal(const struct event_stream *stream, const struct principal *principal,
                                struct event_log_entry *entry) {
    visible_cameras_hide_viewer(stream->response.context, principal, &entry->viewer, entry->remote);
    if (entry->kind == EVENT_LOG_RELOAD_FAILED && !access_may_view_all(principal)) {
        reason_set(&entry->reason, "the configuration has faults; the log says which");
    }
}

/* ERR_BUSY: there is none. */
static enum err add_next_entry(struct event_stream *stream, const struct principal *principal,
                               struct event_text *text) {
    struct event_log_entry entry;
    uint64_t missed;
    enum err error =
        event_log_read_after(broker_event_log(stream->response.context->broker), &stream->position, &entry, &missed);
    if (error != ERR_OK) {
        return error;
    }
    if (missed > 0) { /* and then this entry again */
        stream->position = entry.number - 1;
        const uint64_t *count = access_may_view_all(principal) ? &missed : NULL; /* others' cameras have events too */
        add_event(stream, text, "missed", stream->position, event_render_missed(count));
        begin_present(stream);
    } else if (concerns(stream, principal, entry.camera)) {
        hide_from_principal(stream, principal, &entry);
        add_event(stream, text, event_name(entry.kind), entry.number, event_render(&entry));
    }
    return ERR_OK;
}

/* What a writer asks for. */
static enum err produce_events(void *user, char piece[WRITERS_PIECE_MAX_BYTES], size_t *count) {
    struct event_stream *stream = user;
    struct principal principal;
    authorization_renew_principal(stream->response.context->authorization, &stream->response.principal, &principal);
    struct event_text text = {.bytes = piece};
    enum err error = principal_rights(&principal) < RIGHTS_VIEW ? ERR_CLOSED : ERR_OK;
    while (error == ERR_OK && text.count + EVENT_BYTES <= WRITERS_PIECE_MAX_BYTES) {
        if (stream->present != NULL) {
            add_next_present(stream, &principal, &text);
        } else {
            error = add_next_entry(stream, &principal, &text);
        }
    }
    principal_finish(&principal);
    *count = text.count;
    return text.count > 0 ? ERR_OK : error;
}

/* ---- The request ---- */

static struct event_stream *event_stream_create(struct server_context *context, const struct http_request *request) {
    struct event_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL) {
        return NULL;
    }
    detached_response_init(&stream->response, context, request);
    return stream;
}

static void event_stream_destroy(void *user) {
    struct event_stream *stream = user;
    struct detached_response *response = &stream->response;
    detached_response_close(response);
    slot_release(&response->context->slots.event_streams, response->client, &response->principal);
    detached_response_finish(response);
    topic_list_unref(&stream->present);
    free(stream->cameras);
    free(stream);
}

/* Where the client wants to begin: after the last event that it had, as far as that is known, otherwise with the states
 * as they are. */
static void set_position(struct event_stream *stream, const struct http_request *request) {
    const char *last_id = http_header(request, "Last-Event-ID");
    if (last_id == NULL || !parse_event_id(stream->response.context, last_id, &stream->position)) {
        stream->position = event_log_newest(broker_event_log(stream->response.context->broker));
        begin_present(stream);
    }
}

/* Hands the stream to a writer. False: the client has gone already, or has just logged out. */
static bool event_stream_start(struct event_stream *stream, const struct http_request *request) {
    const struct http_stream_head head = {.content_type = "text/event-stream", .first_bytes = "retry: 1000\n\n"};
    if (!detached_response_begin(&stream->response, request, &head, NULL, 0)) {
        return false;
    }
    const struct writer_settings settings = {.fd = stream->response.fd,
                                             .produce = produce_events,
                                             .heartbeat = ":\n\n",
                                             .ended = event_stream_destroy,
                                             .user = stream};
    return writers_begin(stream->response.context->writers, &settings) == ERR_OK;
}

/* False after refusing the request. */
static bool admit_event_stream(struct server_context *context, const struct http_request *request) {
    switch (slot_take(&context->slots.event_streams, request->client, request->principal)) {
    case SLOTS_FULL:
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_event_streams",
                         "%u clients already receive events", context->slots.event_streams.max);
        return false;
    case SLOT_SHARE_FULL:
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_event_streams_per_address",
                         "%s already receives events %u times; close one", request->client,
                         context->slots.event_streams.max_per_address);
        return false;
    case SLOT_TAKEN: break;
    }
    return true;
}

static void handle_events(struct server_context *context, const struct http_request *request,
                          const struct route *route) {
    if (!admit_event_stream(context, request)) {
        return;
    }
    struct event_stream *stream = event_stream_create(context, request);
    if (stream == NULL) {
        slot_release(&context->slots.event_streams, request->client, request->principal);
        reply_out_of_memory(request);
        return;
    }
    bool is_chosen_well = choose_cameras(stream, request, route);
    if (is_chosen_well) {
        set_position(stream, request);
    }
    if (!is_chosen_well || !event_stream_start(stream, request)) {
        event_stream_destroy(stream);
    }
}

const struct route_row events_route = {
    .pattern = "/api/events",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETER_CAMERAS,
    .listener = LISTENER_MAIN,
    .handle = handle_events,
};
