#include "web/routes/support/history_table.h"

#include "broker/base/log.h"
#include "web/access/slots.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A piece that is being written, and by which principal's rights. */
struct history_piece {
    struct history_table *table;
    const struct principal *principal;
    FILE *out;
    bool is_full; /* no more rows are taken */
};

/* What concerns no camera is for administrators. */
static bool may_see(const struct principal *principal, const char *camera) {
    return camera[0] == '\0' ? principal_rights(principal) == RIGHTS_ADMIN : access_may_view(principal, camera);
}

static bool write_row(void *user, const struct history_row *row) {
    struct history_piece *piece = user;
    struct history_table *table = piece->table;
    table->query.after_at_ns = row->at_ns;
    table->query.after_key = row->key;
    if (!may_see(piece->principal, row->camera)) {
        return true;
    }
    history_write_row(piece->out, table->format, row, !table->has_rows);
    table->has_rows = true;
    table->rows_left--;
    long used = ftell(piece->out);
    piece->is_full =
        table->rows_left == 0 || used < 0 || (size_t)used + HISTORY_ROW_MAX_BYTES > WRITERS_PIECE_MAX_BYTES;
    return !piece->is_full;
}

/* The tables' thread has one connection for all of them. ERR_NOT_FOUND: nothing has been written yet. */
static enum err open_catalogue(struct server_context *context) {
    struct reason reason;
    enum err error = context->tables_catalogue != NULL
                         ? ERR_OK
                         : catalogue_open(recorder_path(context->recorder), &context->tables_catalogue, &reason);
    if (error != ERR_OK && error != ERR_NOT_FOUND) {
        log_rate_limited(LOG_LEVEL_WARNING, NULL, "history", "the history cannot be read: %s", reason.text);
    }
    return error;
}

/* The same of another node. */
static enum err write_rows_of_node(struct history_piece *piece) {
    struct history_table *table = piece->table;
    struct reason reason = {""};
    enum err error = ERR_OK;
    while (error == ERR_OK && table->rows_left > 0 && ftell(piece->out) == 0) {
        struct node_history_place place;
        error = node_client_read_history(table->response.context->cluster, table->node, &table->query, write_row, piece,
                                         &place, &reason);
        if (error == ERR_OK && !piece->is_full) {
            table->query.after_at_ns = place.at_ns;
            table->query.after_key = place.key;
            table->rows_left = place.is_end ? 0 : table->rows_left;
        }
    }
    if (error != ERR_OK) {
        log_rate_limited(LOG_LEVEL_WARNING, NULL, "node history", "the history of the node %s cannot be read: %s",
                         table->node, reason.text[0] != '\0' ? reason.text : err_text(error));
    }
    const bool is_at_end = error == ERR_OK && table->rows_left == 0 && ftell(piece->out) == 0;
    return is_at_end ? ERR_CLOSED : error != ERR_OK ? ERR_IO : ERR_OK;
}

/* Slices until there are rows to send. ERR_CLOSED: there are none any more. */
static enum err write_rows(struct history_piece *piece) {
    struct history_table *table = piece->table;
    enum err error = open_catalogue(table->response.context);
    while (error == ERR_OK && table->rows_left > 0 && ftell(piece->out) == 0) {
        size_t count;
        error =
            catalogue_read_history(table->response.context->tables_catalogue, &table->query, write_row, piece, &count);
        if (error == ERR_OK && count < HISTORY_SLICE_ROWS && ftell(piece->out) == 0) {
            table->rows_left = 0;
        }
    }
    bool is_at_end = error == ERR_OK && table->rows_left == 0 && ftell(piece->out) == 0;
    return is_at_end || error == ERR_NOT_FOUND ? ERR_CLOSED : error;
}

/* As much of the text as fits. */
static size_t write_text(struct history_table *table, char piece[WRITERS_PIECE_MAX_BYTES]) {
    size_t count = strnlen(table->text, WRITERS_PIECE_MAX_BYTES);
    memcpy(piece, table->text, count);
    table->text = table->text[count] != '\0' ? table->text + count : NULL;
    return count;
}

static enum err produce_rows(struct history_table *table, char piece[WRITERS_PIECE_MAX_BYTES], size_t *count) {
    struct principal principal;
    authorization_renew_principal(table->response.context->authorization, &table->response.principal, &principal);
    enum err error = principal_rights(&principal) < RIGHTS_VIEW ? ERR_CLOSED : ERR_OK;
    FILE *out = error == ERR_OK ? fmemopen(piece, WRITERS_PIECE_MAX_BYTES, "w") : NULL;
    if (out != NULL) {
        struct history_piece written = {.table = table, .principal = &principal, .out = out};
        error = table->node[0] != '\0' ? write_rows_of_node(&written) : write_rows(&written);
        long used = ftell(out);
        *count = used > 0 ? (size_t)used : 0;
        if (fclose(out) != 0) {
            error = ERR_MEMORY;
        }
    } else if (error == ERR_OK) {
        error = ERR_MEMORY;
    }
    principal_finish(&principal);
    return error;
}

enum err history_table_produce(void *user, char piece[WRITERS_PIECE_MAX_BYTES], size_t *count) {
    struct history_table *table = user;
    if (table->text == NULL && !table->is_at_end) {
        enum err error = produce_rows(table, piece, count);
        if (error != ERR_CLOSED) {
            return error == ERR_OK ? ERR_OK : ERR_CLOSED; /* a table that is cut has no foot */
        }
        table->is_at_end = true;
        const char *foot = table->foot != NULL ? table->foot : history_foot(table->format);
        table->text = foot[0] != '\0' ? foot : NULL;
    }
    if (table->text == NULL) {
        return ERR_CLOSED;
    }
    *count = write_text(table, piece);
    return ERR_OK;
}

void history_table_destroy(void *user) {
    struct history_table *table = user;
    struct detached_response *response = &table->response;
    detached_response_close(response);
    slot_release(&response->context->slots.tables, response->client, &response->principal);
    detached_response_finish(response);
    free(table->head);
    free(table->foot);
    free(table);
}
