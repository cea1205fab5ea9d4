/* Rows of the history as a table: JSON, a JSON object a line, CSV (RFC 4180), or the rows of a page.
 *
 * A table is its head, its rows in their order and its foot. Rows are written one by one, so a table has any length.
 * Threads: any. */
#ifndef WEB_VIEWS_HISTORY_VIEW_H
#define WEB_VIEWS_HISTORY_VIEW_H

#include "broker/recording/catalogue/catalogue.h"
#include "web/views/gallery.h"

#include <stdio.h>

enum history_format { HISTORY_JSON, HISTORY_NDJSON, HISTORY_CSV, HISTORY_PAGE };

/* What a row needs at most, in any format. */
#define HISTORY_ROW_MAX_BYTES ((size_t)32 << 10)

/* The media type. Static. */
const char *history_content_type(enum history_format format);

/* What stands before the first row and behind the last, of every format but HISTORY_PAGE. Static. */
const char *history_head(enum history_format format);
const char *history_foot(enum history_format format);

/* What the form of the page shows as chosen; texts as the request has them, "": not chosen. */
struct history_choice {
    const char *node, *camera, *kind, *from, *to;
    bool is_ascending;
};

/* The same of the page, whose form offers the cameras of the snapshot and their nodes; each is the caller's to free().
 * ERR_MEMORY. */
CHECKED enum err history_render_page(const struct broker_snapshot *snapshot, const struct history_choice *choice,
                                     const struct page_settings *page_settings, char **head, char **foot);

/* Writes one row. is_first: none was before it. */
void history_write_row(FILE *out, enum history_format format, const struct history_row *row, bool is_first);

#endif
