/* A configuration file as it was read: its values, each with the line where it stands, and the faults found in it.
 *
 * Lifecycle: document_open(); look at nodes and report faults; document_write_faults(); document_finish().
 * Ownership: faults come from one storage, values from that which they are being read into at the time; both
 * outlive the document. A node borrows from its document and its parent.
 * Threads: one at a time. */
#ifndef CONFIG_JSON_DOCUMENT_H
#define CONFIG_JSON_DOCUMENT_H

#include "broker/base/arena.h"
#include "config/json/json_lines.h"

#include <jansson.h>
#include <stdio.h>

#define DOCUMENT_MAX_BYTES ((size_t)4 << 20)

struct document {
    const char *path;
    struct arena *notes; /* for what is said of the file: its faults */
    struct arena *arena; /* for what is read from it; the same at first */
    bool opens_files;    /* a file that it names and that cannot be opened is a fault; false at first */
    json_t *root;
    struct json_lines *lines;
    struct document_fault *faults; /* and warnings; the newest first */
    size_t fault_count, warning_count;
};

/* A value in the file, and the way to it from the root. */
struct node {
    struct document *document;
    const struct node *parent; /* NULL: the root */
    const char *key;           /* NULL: an element of a list */
    size_t place;              /* among its siblings, from 0 */
    size_t number;             /* in document->lines */
    json_t *json;
};

/* path and arena are borrowed. What is wrong with a file that is not a regular one, cannot be read or is not JSON is
 * written to `faults`: ERR_NOT_FOUND, ERR_DENIED, ERR_IO, ERR_INVALID; ERR_MEMORY. After a failure there is nothing to
 * finish. Never waits for another process, as opening a FIFO would. */
CHECKED enum err document_open(struct document *document, const char *path, struct arena *arena, FILE *faults);
/* The same of a text in memory, which faults call `name`; borrowed. */
CHECKED enum err document_parse(struct document *document, const char *name, const char *text, size_t length,
                                struct arena *arena, FILE *faults);
void document_finish(struct document *document);
/* The faults and warnings that have been collected, in the order of the file. Needs memory of the notes. */
void document_write_faults(const struct document *document, FILE *faults);

struct node document_root(struct document *document);
/* Steps through what a list or an object holds. *child is {0} at first; false at the end. */
bool node_next(const struct node *parent, struct node *child);
/* False if the object has no such key. */
bool node_find(const struct node *object, const char *key, struct node *member);

/* A text of the file as a fault may show it: cut, and without control characters, which could forge a line or move a
 * terminal's cursor. */
const char *node_quote(const struct node *node, const char *text);
/* Reports what is wrong with a value, as FILE:LINE: cameras[2].source.fps: and the sentence. The sentence never holds
 * anything from the environment. */
void node_fault(const struct node *node, const char *format, ...) PRINTF_LIKE(2, 3);
/* The same for what is right with the file and wrong with the machine: the file can be used. */
void node_warn(const struct node *node, const char *format, ...) PRINTF_LIKE(2, 3);

#endif
