/* /api/history and /history: what happened, as a table of any length. */
#include "broker/base/clock.h"
#include "broker/cluster/requests/node_client.h"
#include "web/access/slots.h"
#include "web/http/route.h"
#include "web/routes/support/history_table.h"
#include "web/routes/support/playback_stream.h"
#include "web/routes/support/reply.h"
#include "web/routes/support/visible_cameras.h"
#include "web/views/history_view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether the program asks for that type in place of JSON. */
static bool accepts(const struct http_request *request, const char *type) {
    const char *accept = http_header(request, "Accept");
    return accept != NULL && strstr(accept, type) != NULL && strstr(accept, CONTENT_JSON) == NULL;
}

/* False after refusing the request. */
static bool choose_format(const struct http_request *request, const struct route *route, enum history_format *format) {
    static const struct {
        const char *name, *type;
        enum history_format format;
    } formats[] = {{"json", CONTENT_JSON, HISTORY_JSON},
                   {"ndjson", "application/x-ndjson", HISTORY_NDJSON},
                   {"csv", "text/csv", HISTORY_CSV}};
    *format = HISTORY_JSON;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        bool is_named = strcmp(route->format, formats[i].name) == 0;
        if (is_named || (route->format[0] == '\0' && accepts(request, formats[i].type))) {
            *format = formats[i].format;
            return true;
        }
    }
    if (route->format[0] != '\0') {
        http_reply_error(request, 400, NULL, "bad_parameter", "format must be json, ndjson or csv");
    }
    return route->format[0] == '\0';
}

/* Once a table has begun it can only be cut. False after refusing the request. */
static bool can_be_read(struct server_context *context, const struct http_request *request) {
    struct catalogue *catalogue = NULL;
    struct reason reason;
    if (context->recorder == NULL) {
        http_reply_error(request, 404, NULL, "no_recording", "this server does not record; ?node= asks another one");
        return false;
    }
    enum err error = catalogue_open(recorder_path(context->recorder), &catalogue, &reason);
    catalogue_close(&catalogue);
    if (error != ERR_OK && error != ERR_NOT_FOUND) {
        http_reply_error(request, 503, RETRY_SOON, "unavailable", "the history cannot be read: %s", reason.text);
        return false;
    }
    return true;
}

/* The camera of the query, which may have been removed since. False after refusing the request. */
static bool choose_camera(struct server_context *context, const struct http_request *request, const struct route *route,
                          char camera[TOPIC_ID_MAX_BYTES + 1]) {
    camera[0] = '\0';
    if (route->camera[0] == '\0') {
        return true;
    }
    struct topic *topic = visible_camera_find(context, request->principal, route->camera);
    snprintf(camera, TOPIC_ID_MAX_BYTES + 1, "%s", topic != NULL ? topic_id(topic) : route->camera);
    topic_unref(&topic);
    if (!access_may_view(request->principal, camera)) {
        http_reply_error(request, 404, NULL, "no_such_camera", "there is no camera \"%s\"; /api/cameras lists them",
                         camera);
        return false;
    }
    return true;
}

static bool ignore_row(void *user, const struct history_row *row) {
    (void)user;
    (void)row;
    return false;
}

/* The node of the query, or that of its camera, if it has rows to show. False after refusing the request. */
static bool choose_node(struct history_table *table, const struct http_request *request, const struct route *route) {
    const char *id;
    snprintf(table->node, sizeof table->node, "%s", route->node);
    if (table->node[0] == '\0' && table->response.context->cluster != NULL &&
        !cluster_split_id(table->camera, table->node, &id)) {
        table->node[0] = '\0';
    }
    if (table->node[0] == '\0') {
        return can_be_read(table->response.context, request);
    }
    if (!visible_node(table->response.context, request->principal, table->node)) {
        http_reply_error(request, 404, NULL, "no_such_node", "there is no node \"%s\"; /api/cluster lists them",
                         table->node);
        return false;
    }
    return true;
}

/* Looks at the first row, since a table that has begun can only be cut. False after refusing the request. */
static bool find_in_node(struct history_table *table, const struct http_request *request) {
    struct node_history_place place;
    struct history_query query = table->query;
    struct reason reason = {""};
    table->query.limit = HISTORY_NODE_SLICE_ROWS;
    query.limit = 1;
    enum err error = node_client_read_history(table->response.context->cluster, table->node, &query, ignore_row, NULL,
                                              &place, &reason);
    if (error == ERR_NOT_FOUND && query.after_key != 0) {
        http_reply_error(request, 400, NULL, "bad_parameter", "after must be the id of an event that is still kept");
    } else if (error == ERR_UNSUPPORTED) {
        http_reply_error(request, 404, NULL, "no_recording", "the node \"%s\" does not record", table->node);
    } else if (error != ERR_OK) {
        http_reply_error(request, 503, RETRY_SOON, "node_unreachable", "the node \"%s\" cannot be asked: %s",
                         table->node, reason.text[0] != '\0' ? reason.text : err_text(error));
    }
    return error == ERR_OK;
}

/* Where the table begins, behind a row. False after refusing the request. */
static bool find_after(struct history_table *table, const struct http_request *request, uint64_t after) {
    struct server_context *context = table->response.context;
    struct history_query *query = &table->query;
    query->after_key = (int64_t)after;
    if (table->node[0] != '\0') {
        query->after_at_ns = after != 0 ? INT64_MIN : 0;
        return find_in_node(table, request);
    }
    if (after == 0) {
        return true;
    }
    struct catalogue *catalogue = NULL;
    struct reason reason;
    enum err error = catalogue_open(recorder_path(context->recorder), &catalogue, &reason);
    if (error == ERR_OK) {
        error = catalogue_find_event(catalogue, (int64_t)after, &query->after_at_ns);
    }
    catalogue_close(&catalogue);
    if (error == ERR_NOT_FOUND) {
        http_reply_error(request, 400, NULL, "bad_parameter", "after must be the id of an event that is still kept");
    } else if (error != ERR_OK) {
        http_reply_error(request, 503, RETRY_SOON, "unavailable", "the history cannot be read: %s", err_text(error));
    }
    return error == ERR_OK;
}

/* NULL after refusing the request, which then holds no slot. */
static struct history_table *table_create(struct server_context *context, const struct http_request *request,
                                          const struct route *route, enum history_format format) {
    struct history_table *table = calloc(1, sizeof *table);
    if (table == NULL) {
        slot_release(&context->slots.tables, request->client, request->principal);
        reply_out_of_memory(request);
        return NULL;
    }
    detached_response_init(&table->response, context, request);
    table->format = format;
    snprintf(table->kind, sizeof table->kind, "%s", route->kind);
    table->rows_left = route->limit > 0 ? route->limit : UINT64_MAX;
    table->query = (struct history_query){.kind = table->kind[0] != '\0' ? table->kind : NULL,
                                          .from_ns = route->period.from_ns,
                                          .to_ns = route->period.to_ns,
                                          .newest_first = !route->is_ascending,
                                          .limit = HISTORY_SLICE_ROWS};
    bool is_begun = choose_camera(context, request, route, table->camera) && choose_node(table, request, route);
    table->query.camera_id = table->camera[0] != '\0' ? table->camera : NULL;
    if (!is_begun || !find_after(table, request, route->after)) {
        history_table_destroy(table);
        return NULL;
    }
    return table;
}

/* False after refusing the request. */
static bool admit_table(struct server_context *context, const struct http_request *request) {
    if (!playback_admit(context, request, NULL)) {
        return false;
    }
    if (slot_take(&context->slots.tables, request->client, request->principal) != SLOT_TAKEN) {
        http_reply_error(request, 503, "Retry-After: 5\r\n", "too_many_tables", "too many clients read the history");
        return false;
    }
    return true;
}

/* The thread of all tables, which starts with the first; those of other nodes, which may take their time, have another.
 */
static enum err tables_of(const struct history_table *table, struct writers **tables) {
    struct server_context *context = table->response.context;
    lock_acquire(&context->lock);
    struct writers **place = table->node[0] != '\0' ? &context->node_tables : &context->tables;
    enum err error = *place != NULL ? ERR_OK : writers_create(&(struct writers_source){.fd = -1}, place);
    *tables = *place;
    lock_release(&context->lock);
    return error;
}

/* Hands the table to its thread. */
static void table_start(struct history_table *table, const struct http_request *request) {
    const char *head = table->head != NULL ? table->head : history_head(table->format);
    table->text = head[0] != '\0' ? head : NULL;
    const struct http_stream_head stream_head = {.content_type = history_content_type(table->format)};
    const bool is_begun = detached_response_begin(&table->response, request, &stream_head, NULL, 0);
    const struct writer_settings settings = {
        .fd = table->response.fd, .produce = history_table_produce, .ended = history_table_destroy, .user = table};
    struct writers *tables;
    if (!is_begun || tables_of(table, &tables) != ERR_OK || writers_begin(tables, &settings) != ERR_OK) {
        history_table_destroy(table);
    }
}

static void handle_history(struct server_context *context, const struct http_request *request,
                           const struct route *route) {
    enum history_format format;
    if (!choose_format(request, route, &format) || !admit_table(context, request)) {
        return;
    }
    struct history_table *table = table_create(context, request, route, format);
    if (table != NULL) {
        table_start(table, request);
    }
}

/* A time as the form shows it. */
static void write_time(int64_t realtime_ns, char text[CLOCK_TEXT_BYTES]) {
    text[0] = '\0';
    if (realtime_ns >= 0 && realtime_ns != INT64_MAX) {
        clock_format_utc(realtime_ns, 0, text);
    }
}

static enum err render_page(struct history_table *table, const struct http_request *request, const struct route *route,
                            const struct broker_snapshot *snapshot) {
    const struct page_settings page_settings = {.base_path = request_policy_settings(request->policy)->base_path,
                                                .principal = request->principal};
    char from[CLOCK_TEXT_BYTES], to[CLOCK_TEXT_BYTES];
    write_time(route->period.from_ns, from);
    write_time(route->period.to_ns, to);
    const struct history_choice choice = {.node = table->node,
                                          .camera = table->camera,
                                          .kind = table->kind,
                                          .from = from,
                                          .to = to,
                                          .is_ascending = route->is_ascending};
    return history_render_page(snapshot, &choice, &page_settings, &table->head, &table->foot);
}

static void handle_history_page(struct server_context *context, const struct http_request *request,
                                const struct route *route) {
    struct broker_snapshot snapshot;
    if (!admit_table(context, request)) {
        return;
    }
    struct history_table *table = table_create(context, request, route, HISTORY_PAGE);
    if (table == NULL) {
        return;
    }
    if (!visible_cameras_snapshot(context, request, true, &snapshot)) {
        history_table_destroy(table);
        return;
    }
    enum err error = render_page(table, request, route, &snapshot);
    broker_snapshot_finish(&snapshot);
    if (error != ERR_OK) {
        reply_out_of_memory(request);
        history_table_destroy(table);
        return;
    }
    table_start(table, request);
}

#define PARAMETERS_HISTORY                                                                                             \
    (PARAMETER_CAMERA | PARAMETER_KIND | PARAMETER_FROM | PARAMETER_TO | PARAMETER_ORDER | PARAMETER_LIMIT |           \
     PARAMETER_AFTER | PARAMETER_NODE)

const struct route_row history_route = {
    .pattern = "/api/history",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETERS_HISTORY | PARAMETER_FORMAT,
    .listener = LISTENER_MAIN,
    .handle = handle_history,
};

const struct route_row history_page_route = {
    .pattern = "/history",
    .methods = METHODS_READ,
    .need = NEED_VIEW,
    .parameters = PARAMETERS_HISTORY,
    .listener = LISTENER_MAIN,
    .handle = handle_history_page,
};
