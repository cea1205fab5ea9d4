#include "config/config.h"

#include "config/sections.h"

#include <string.h>

/* The camera before this one that has the same id. False: none, or the id has a fault. */
static bool find_namesake(const struct config *config, size_t camera, size_t *namesake) {
    const char *id = config->cameras[camera].topic.id;
    for (size_t i = 0; i < camera && id[0] != '\0'; i++) {
        if (strcmp(config->cameras[i].topic.id, id) == 0) {
            *namesake = i;
            return true;
        }
    }
    return false;
}

static void check_ids(const struct node *list, const struct config *config) {
    struct node camera = {0};
    while (node_next(list, &camera)) {
        struct node id;
        size_t namesake = 0;
        if (!find_namesake(config, camera.place, &namesake)) {
            continue;
        }
        if (node_find(&camera, "id", &id)) {
            node_fault(&id, "is already the id of cameras[%zu]", namesake);
        } else {
            node_fault(&camera, "without an id it is called by its place, %zu, which is already the id of cameras[%zu]",
                       camera.place + 1, namesake);
        }
    }
}

static void read_cameras(const struct node *list, const struct camera_settings *defaults, struct config *config) {
    if (json_is_array(list->json) && json_array_size(list->json) == 0) {
        node_fault(list, "there is no camera: add at least one");
        return;
    }
    if (!node_is_list(list, 1, CAMERAS_MAX)) {
        return;
    }
    config->cameras = storage_alloc(config->storage, json_array_size(list->json), sizeof *config->cameras);
    if (config->cameras == NULL) {
        return;
    }
    config->camera_count = json_array_size(list->json);
    struct document *document = list->document;
    struct node camera = {0};
    while (node_next(list, &camera)) {
        struct camera_settings *settings = &config->cameras[camera.place];
        *settings = *defaults; /* which borrow nothing */
        enum err error = storage_create(&settings->storage);
        document->storage = error == ERR_OK ? settings->storage : config->storage;
        camera_section_read(&camera, settings);
    }
    document->storage = config->storage;
    check_ids(list, config);
    v4l2_share_devices(config);
}

static void read_root(const struct node *root, struct config *config) {
    struct section section;
    if (!section_begin(&section, root)) {
        return;
    }
    struct node member;
    if (section_find(&section, "$schema", &member)) {
        (void)node_text(&member); /* for editors; here it only has to be one */
    }
    if (section_find(&section, "server", &member)) {
        server_section_read(&member, config);
    }
    struct camera_settings defaults = camera_settings_built_in;
    if (section_find(&section, "defaults", &member)) {
        defaults_section_read(&member, &defaults);
    }
    if (section_find(&section, "cameras", &member)) {
        read_cameras(&member, &defaults, config);
    } else {
        node_fault(root, "\"cameras\" is missing: add at least one");
    }
    access_section_read(&section, config);
    if (section_find(&section, "hooks", &member)) {
        hooks_section_read(&member, config);
    }
    server_section_check_exposure(root, config);
    section_end(&section);
}

static bool ran_out_of_memory(const struct config *config) {
    bool exhausted = storage_exhausted(config->storage);
    for (size_t i = 0; i < config->camera_count && !exhausted; i++) {
        const struct storage *storage = config->cameras[i].storage;
        exhausted = storage == NULL || storage_exhausted(storage);
    }
    return exhausted;
}

static enum err load(const char *path, bool open_files, FILE *faults, struct config **config) {
    *config = NULL;
    struct document document;
    struct config *loaded = NULL;
    struct storage *storage = NULL;
    enum err error = storage_create(&storage);
    if (error == ERR_OK) {
        error = document_open(&document, path, storage, faults);
    }
    if (error != ERR_OK) {
        goto out;
    }
    document.opens_files = open_files;
    loaded = storage_alloc(storage, 1, sizeof *loaded);
    if (loaded == NULL) {
        error = ERR_MEMORY;
    } else {
        *loaded = (struct config){
            .server = {.listen = {"127.0.0.1", 8080}, .max_streams = 256},
            .storage = storage,
        };
        error = edge_create(&loaded->server.edge);
    }
    if (error == ERR_OK) {
        struct node root = document_root(&document);
        read_root(&root, loaded);
        error = document.fault_count > 0 ? ERR_INVALID : ERR_OK;
        if (ran_out_of_memory(loaded)) {
            error = ERR_MEMORY; /* and the faults may only come of it */
        } else {
            document_write_faults(&document, faults);
        }
    }
    if (error == ERR_OK) {
        error = access_create(&loaded->access, &loaded->server.access);
    }
    document_finish(&document);
out:
    if (error == ERR_MEMORY) {
        fprintf(faults, "%s: out of memory\n", path);
    }
    if (error == ERR_OK) {
        *config = loaded;
    } else if (loaded != NULL) {
        config_destroy(&loaded);
    } else {
        storage_unref(&storage);
    }
    return error;
}

enum err config_load(const char *path, FILE *faults, struct config **config) {
    return load(path, false, faults, config);
}

enum err config_check(const char *path, FILE *faults, struct config **config) {
    return load(path, true, faults, config);
}

void config_destroy(struct config **config_pointer) {
    struct config *config = *config_pointer;
    *config_pointer = NULL;
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        storage_unref(&config->cameras[i].storage);
    }
    edge_unref(&config->server.edge);
    access_unref(&config->server.access);
    struct storage *storage = config->storage; /* holds the config itself */
    storage_unref(&storage);
}
