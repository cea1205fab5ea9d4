#include "config/json/document.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of a text that a fault quotes. */
#define QUOTED_BYTES 100
/* Of a fault without its label: enough to list all keys. */
#define FAULT_BYTES 1000

/* Some editors begin a file with it; RFC 8259, section 8.1, allows to ignore it. */
static const char byte_order_mark[] = {'\xef', '\xbb', '\xbf'};

struct document_fault {
    const char *text;
    size_t number;                 /* of the value that it is about */
    size_t order;                  /* among the faults, as they were found */
    struct document_fault *before; /* the one found before this one */
};

static void drop_byte_order_mark(char *bytes, size_t *length) {
    if (*length >= sizeof byte_order_mark && memcmp(bytes, byte_order_mark, sizeof byte_order_mark) == 0) {
        *length -= sizeof byte_order_mark;
        memmove(bytes, bytes + sizeof byte_order_mark, *length);
    }
}

/* Non-blocking, since opening a FIFO would wait for its writer. *file is the caller's to close. */
static enum err open_regular_file(const char *path, FILE **file, FILE *faults) {
    struct stat status;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &status) != 0) {
        goto failed;
    }
    if (!S_ISREG(status.st_mode) && !S_ISDIR(status.st_mode)) { /* reading a directory fails by itself */
        fprintf(faults, "%s: must be a regular file, not a pipe, socket or device\n", path);
        close(fd);
        return ERR_INVALID;
    }
    *file = fdopen(fd, "r");
    if (*file != NULL) {
        return ERR_OK;
    }
failed:;
    enum err error = err_from_errno(errno);
    fprintf(faults, "%s: cannot be opened: %s\n", path, strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return error;
}

/* *text is the caller's to free(). */
static enum err read_file(const char *path, char **text, size_t *length, FILE *faults) {
    char *bytes = NULL;
    FILE *file = NULL;
    enum err error = open_regular_file(path, &file, faults);
    if (error != ERR_OK) {
        goto out;
    }
    bytes = malloc(DOCUMENT_MAX_BYTES + 1);
    if (bytes == NULL) {
        error = ERR_MEMORY;
        goto out;
    }
    *length = fread(bytes, 1, DOCUMENT_MAX_BYTES + 1, file);
    if (ferror(file)) {
        error = err_from_errno(errno);
        fprintf(faults, "%s: cannot be read: %s\n", path, strerror(errno));
    } else if (*length > DOCUMENT_MAX_BYTES) {
        error = ERR_INVALID;
        fprintf(faults, "%s:1: must be at most %zu MB large\n", path, DOCUMENT_MAX_BYTES >> 20);
    } else {
        drop_byte_order_mark(bytes, length);
        *text = bytes;
        bytes = NULL;
    }
out:
    free(bytes);
    if (file != NULL) {
        fclose(file);
    }
    return error;
}

/* jansson's message without the text that it quotes, which may be a password. */
static enum err report_syntax(const struct document *document, const json_error_t *problem, const char *text,
                              size_t length, FILE *faults) {
    /* jansson gives no message for most failed allocations. */
    if (json_error_code(problem) == json_error_out_of_memory || problem->text[0] == '\0') {
        return ERR_MEMORY;
    }
    const char *quotation = strstr(problem->text, " near '");
    size_t shown = quotation != NULL ? (size_t)(quotation - problem->text) : strlen(problem->text);
    size_t at = problem->position > 0 ? (size_t)problem->position - 1 : 0;
    bool comment = at < length && (text[at] == '/' || text[at] == '#');
    fprintf(faults, "%s:%d: not JSON at column %d: %.*s%s\n", document->path, problem->line > 0 ? problem->line : 1,
            problem->column > 0 ? problem->column : 1, (int)shown, problem->text,
            comment ? " (JSON has no comments)" : "");
    return ERR_INVALID;
}

enum err document_parse(struct document *document, const char *name, const char *text, size_t length,
                        struct arena *arena, FILE *faults) {
    *document = (struct document){.path = name, .notes = arena, .arena = arena};
    json_error_t problem;
    document->root = json_loadb(text, length, JSON_REJECT_DUPLICATES, &problem);
    enum err error = document->root != NULL ? json_lines_scan(text, length, &document->lines)
                                            : report_syntax(document, &problem, text, length, faults);
    if (error != ERR_OK) {
        document_finish(document);
    }
    return error;
}

enum err document_open(struct document *document, const char *path, struct arena *arena, FILE *faults) {
    char *text = NULL;
    size_t length = 0;
    enum err error = read_file(path, &text, &length, faults);
    if (error == ERR_OK) {
        assert(text != NULL);
        error = document_parse(document, path, text, length, arena, faults);
    }
    free(text);
    return error;
}

void document_finish(struct document *document) {
    json_decref(document->root);
    document->root = NULL;
    json_lines_destroy(&document->lines);
}

static int compare_faults(const void *left, const void *right) {
    const struct document_fault *a = *(const struct document_fault *const *)left;
    const struct document_fault *b = *(const struct document_fault *const *)right;
    if (a->number != b->number) {
        return a->number < b->number ? -1 : 1;
    }
    return a->order < b->order ? -1 : 1;
}

void document_write_faults(const struct document *document, FILE *faults) {
    const struct document_fault **sorted = arena_alloc(document->notes, document->fault_count + document->warning_count,
                                                       sizeof(const struct document_fault *));
    if (sorted == NULL) {
        return;
    }
    size_t count = 0;
    for (const struct document_fault *fault = document->faults; fault != NULL; fault = fault->before) {
        sorted[count++] = fault;
    }
    qsort(sorted, count, sizeof(const struct document_fault *), compare_faults);
    for (size_t i = 0; i < count; i++) {
        fprintf(faults, "%s\n", sorted[i]->text);
    }
}

struct node document_root(struct document *document) {
    return (struct node){.document = document, .json = document->root};
}

bool node_next(const struct node *parent, struct node *child) {
    bool first = child->number == 0; /* only the root has this number */
    const char *key = child->key;
    *child = (struct node){
        .document = parent->document,
        .parent = parent,
        .place = first ? 0 : child->place + 1,
        .number = first ? parent->number + 1 : json_lines_next(parent->document->lines, child->number),
    };
    if (json_is_array(parent->json)) {
        child->json = json_array_get(parent->json, child->place);
        return child->json != NULL;
    }
    void *member =
        first ? json_object_iter(parent->json) : json_object_iter_next(parent->json, json_object_key_to_iter(key));
    child->key = json_object_iter_key(member);
    child->json = json_object_iter_value(member);
    return child->json != NULL;
}

bool node_find(const struct node *object, const char *key, struct node *member) {
    *member = (struct node){0};
    while (json_is_object(object->json) && node_next(object, member)) {
        if (strcmp(member->key, key) == 0) {
            return true;
        }
    }
    return false;
}

static void replace_controls(char *text) {
    for (char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = '?';
        }
    }
}

const char *node_quote(const struct node *node, const char *text) {
    char quotation[QUOTED_BYTES + 1];
    snprintf(quotation, sizeof quotation, "%s", text);
    replace_controls(quotation);
    return arena_format(node->document->notes, "%s", quotation);
}

/* cameras[2].source.fps, behind ": "; "" for the root. */
static const char *path_text(const struct node *node) {
    if (node->parent == NULL) {
        return "";
    }
    struct arena *arena = node->document->notes;
    const char *parent = path_text(node->parent);
    if (node->key == NULL) {
        return arena_format(arena, "%s[%zu]", parent, node->place);
    }
    return arena_format(arena, "%s%s%s", parent, *parent != '\0' ? "." : ": ", node_quote(node, node->key));
}

static void add_fault(const struct node *node, char *text) {
    struct document *document = node->document;
    replace_controls(text);
    struct document_fault *fault = arena_alloc(document->notes, 1, sizeof *fault);
    if (fault == NULL) {
        return;
    }
    *fault = (struct document_fault){
        .text = arena_format(document->notes, "%s:%u%s: %s", document->path,
                             json_lines_at(document->lines, node->number), path_text(node), text),
        .number = node->number,
        .order = document->fault_count + document->warning_count,
        .before = document->faults,
    };
    document->faults = fault;
}

void node_fault(const struct node *node, const char *format, ...) {
    char text[FAULT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add_fault(node, text);
    node->document->fault_count++;
}

void node_warn(const struct node *node, const char *format, ...) {
    char text[FAULT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    add_fault(node, text);
    node->document->warning_count++;
}
