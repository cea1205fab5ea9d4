#include "config/sections.h"

#define FILES_MAX 1000

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
