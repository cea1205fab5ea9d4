#include "config/sections.h"

#include <string.h>

#define FILES_MAX 1000

/* path, taken as relative to the configuration's own directory. */
static const char *resolve(const struct document *document, const char *path) {
    const char *slash = strrchr(document->path, '/');
    if (path[0] == '/' || slash == NULL) {
        return path;
    }
    return storage_format(document->storage, "%.*s/%s", (int)(slash - document->path), document->path, path);
}

const char *file_path_read(const struct node *file, const char *kind) {
    const char *text = node_text(file);
    if (text == NULL) {
        return NULL;
    }
    if (text[0] == '\0') {
        node_fault(file, "must be the path of a %s file", kind);
        return NULL;
    }
    struct document *document = file->document;
    const char *path = resolve(document, text);
    const char *label = storage_format(document->notes, "%s: \"%s\"", node_label(file),
                                       node_quote(file, json_string_value(file->json)));
    document_add_file(document, label, path);
    return path;
}

static void read_files(const struct node *list, struct source_settings *settings) {
    if (!node_is_list(list, 1, FILES_MAX)) {
        return;
    }
    const char **files = storage_alloc(list->document->storage, json_array_size(list->json), sizeof *files);
    if (files == NULL) {
        return;
    }
    struct node file = {0};
    while (node_next(list, &file)) {
        files[file.place] = file_path_read(&file, "JPEG");
    }
    settings->files = files;
    settings->file_count = json_array_size(list->json);
}

void emulated_source_read(struct section *section, struct source_settings *settings) {
    struct node files;
    if (section_require(section, "files", &files)) {
        read_files(&files, settings);
    }
    settings->fps = section_number(section, "fps", CAMERA_RATE_MIN, CAMERA_RATE_MAX, 1);
    fault_list_read(section, settings);
}
