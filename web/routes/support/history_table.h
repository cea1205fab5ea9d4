/* A table of what happened, of any length: of this node's history or of another's.
 *
 * The catalogue gives the rows in slices, whenever the client has taken those before; between slices there is no
 * transaction. So a table costs a piece of memory, and a client that does not read costs no work.
 *
 * Lifecycle: filled by the request that creates it, then handed to the threads of tables (web/stream/writers.h), which
 * destroy it.
 * Threads: one at a time. Ownership: a table owns all that it points to, but for the context. */
#ifndef WEB_ROUTES_SUPPORT_HISTORY_TABLE_H
#define WEB_ROUTES_SUPPORT_HISTORY_TABLE_H

#include "broker/cluster/requests/node_client.h"
#include "web/routes/support/detached_response.h"
#include "web/stream/writers.h"
#include "web/views/history_view.h"

/* Rows that are looked at before other tables have their turn. */
#define HISTORY_SLICE_ROWS 500
/* The same of another node, which sends them: about as many as a piece holds. */
#define HISTORY_NODE_SLICE_ROWS 150

struct history_table {
    struct detached_response response;
    enum history_format format;
    char node[NODE_MAX_BYTES + 1];       /* that has the history; "": this one */
    char camera[TOPIC_ID_MAX_BYTES + 1]; /* "": all */
    char kind[HISTORY_KIND_MAX_BYTES + 1];
    struct history_query query; /* what comes next; its texts are those above */
    uint64_t rows_left;
    bool has_rows;     /* one has been written */
    char *head, *foot; /* of the page; NULL of other formats */
    const char *text;  /* to be written before anything else; NULL: none */
    bool is_at_end;    /* the foot is written, or is in `text` */
};

/* Writes the next piece (writers.h: produce). Blocks: as the disk or the other node does. */
CHECKED enum err history_table_produce(void *table, char piece[WRITERS_PIECE_MAX_BYTES], size_t *count);
/* Releases its slot, and closes its socket (writers.h: ended). */
void history_table_destroy(void *table);

#endif
