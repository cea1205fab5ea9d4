#include "config/config.h"

#include "cameras/registry.h"
#include "config/access_section.h"
#include "config/camera_section.h"
#include "config/hooks_section.h"
#include "config/json/settings_reader.h"
#include "config/mqtt_section.h"
#include "config/server_section.h"
#include "config/tables.h"
#include "config/views_section.h"

#include <string.h>

#define CAMERAS_MAX 1000

static const struct setting rows[] = {
    {.name = "$schema",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"string\"",
     .shape = "text",
     .help = "Path or address of the schema, with which editors complete and explain the keys: "
             "/usr/share/framebroker/framebroker.schema.json."},
    {.name = "server",
     .type = SETTING_CUSTOM,
     .schema = "\"$ref\": \"#/$defs/server\"",
     .shape = "object",
     .help = "The web server and its threads."},
    {.name = "defaults",
     .type = SETTING_CUSTOM,
     .schema = "\"$ref\": \"#/$defs/defaults\"",
     .shape = "object",
     .help = "Settings of every camera that has no value of its own."},
    {.name = "cameras",
     .type = SETTING_CUSTOM,
     .required = true,
     .schema = "\"type\": \"array\", \"maxItems\": " SETTING_TEXT_OF(
         CAMERAS_MAX) ", \"items\": { \"$ref\": \"#/$defs/camera\" }",
     .shape = "list of up to " SETTING_TEXT_OF(CAMERAS_MAX) " objects",
     .help = "The cameras, in the order of the gallery: at least one, unless there is a \"cluster\"."},
    {.name = "users",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"array\", \"minItems\": 1, \"maxItems\": 1000, \"items\": { \"$ref\": \"#/$defs/user\" }",
     .shape = "list of 1 to 1000 objects",
     .help = "People who may log in. Without users and tokens, everybody may do everything."},
    {.name = "tokens",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"array\", \"minItems\": 1, \"maxItems\": 1000, \"items\": { \"$ref\": \"#/$defs/token\" }",
     .shape = "list of 1 to 1000 objects",
     .help = "Programs that send a Bearer token instead of a name and password."},
    {.name = "secret",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"string\", \"minLength\": " SETTING_TEXT_OF(SECRET_MIN_BYTES),
     .shape = "text",
     .help =
         "The key that signs login cookies and links, so that they remain valid after a restart: at least 32 random "
         "characters. Default: a new one at each start."},
    {.name = "recording",
     .type = SETTING_CUSTOM,
     .schema = "\"$ref\": \"#/$defs/recording\"",
     .shape = "object",
     .help = "Where recordings go, and how long they are kept. Default: nothing is recorded."},
    {.name = "views",
     .type = SETTING_CUSTOM,
     .schema = "\"type\": \"array\", \"minItems\": 1, \"maxItems\": " SETTING_TEXT_OF(
         WALL_VIEWS_MAX) ", \"items\": { \"$ref\": \"#/$defs/view\" }",
     .shape = "list of 1 to " SETTING_TEXT_OF(WALL_VIEWS_MAX) " objects",
     .help = "Tabs of the wall. Default: none."},
    {.name = "hooks",
     .type = SETTING_CUSTOM,
     .schema = "\"$ref\": \"#/$defs/hooks\"",
     .shape = "object",
     .help = "What is called when something happens."},
    {.name = "mqtt",
     .type = SETTING_CUSTOM,
     .schema = "\"$ref\": \"#/$defs/mqtt\"",
     .shape = "object",
     .help = "An MQTT broker to which the state of each camera is published, for Home Assistant and others."},
    {.name = "cluster",
     .type = SETTING_CUSTOM,
     .schema = "\"$ref\": \"#/$defs/cluster\"",
     .shape = "object",
     .help = "Other servers whose cameras appear here, and those of here that appear there, by way of NATS."},
};

const struct setting_table root_table = {
    .name = "",
    .help =
        "The cameras that framebroker serves, and how. In any string, ${NAME} is replaced by the environment variable "
        "of that name.",
    .rows = rows,
    .count = sizeof rows / sizeof rows[0],
};

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
            node_fault(&camera, "has no id, so its place, %zu, stands for it, which is already the id of cameras[%zu]",
                       camera.place + 1, namesake);
        }
    }
}

static void read_cameras(const struct node *root, const struct node *list, const struct camera_settings *defaults,
                         struct config *config) {
    if (json_is_array(list->json) && json_array_size(list->json) == 0) {
        struct node cluster;
        if (!node_find(root, "cluster", &cluster)) {
            node_fault(list, "must have at least one camera");
        }
        return;
    }
    if (!node_is_list(list, 1, CAMERAS_MAX)) {
        return;
    }
    config->cameras = arena_alloc(config->arena, json_array_size(list->json), sizeof *config->cameras);
    if (config->cameras == NULL) {
        return;
    }
    config->camera_count = json_array_size(list->json);
    struct document *document = list->document;
    struct node camera = {0};
    while (node_next(list, &camera)) {
        struct camera_settings *settings = &config->cameras[camera.place];
        *settings = *defaults; /* which borrow nothing */
        enum err error = arena_create(&settings->arena);
        document->arena = error == ERR_OK ? settings->arena : config->arena;
        camera_section_read(&camera, settings);
    }
    document->arena = config->arena;
    check_ids(list, config);
    camera_types_link(config->cameras, config->camera_count);
}

static void read_recording(const struct node *node, struct config *config) {
    struct section section;
    settings_set_defaults(&recording_table, (void *const[]){&config->recording});
    if (section_begin(&section, node)) {
        settings_read(&section, &recording_table, (void *const[]){&config->recording});
        settings_finish(&section, &recording_table, (void *const[]){&config->recording});
    }
}

static void read_cluster(const struct node *node, struct config *config) {
    struct section section;
    settings_set_defaults(&cluster_table, (void *const[]){&config->cluster});
    if (section_begin(&section, node)) {
        config->cluster.arena = config->arena;
        settings_read(&section, &cluster_table, (void *const[]){&config->cluster});
        settings_finish(&section, &cluster_table, (void *const[]){&config->cluster});
    }
}

/* What is recorded needs a place. */
static void check_recording(const struct node *root, const struct config *config) {
    struct node list, camera = {0}, record;
    if (node_find(root, "recording", &record) || !node_find(root, "cameras", &list) || config->cameras == NULL) {
        return;
    }
    while (node_next(&list, &camera)) {
        if (config->cameras[camera.place].record.mode != RECORD_OFF) {
            node_fault(node_find(&camera, "record", &record) ? &record : &camera,
                       "needs \"recording\", which says where recordings go");
        }
    }
}

static void read_root(const struct node *root, struct config *config) {
    struct section section;
    if (!section_begin(&section, root)) {
        return;
    }
    settings_read(&section, &root_table, NULL);
    struct node member;
    if (node_find(root, "$schema", &member)) {
        (void)node_text(&member); /* for editors; here it only has to be a text */
    }
    if (node_find(root, "server", &member)) {
        server_section_read(&member, config);
    }
    struct camera_settings defaults = {0};
    settings_set_defaults(&camera_defaults_table, (void *const[]){&defaults});
    settings_set_defaults(&record_table, (void *const[]){&defaults.record});
    if (node_find(root, "defaults", &member)) {
        defaults_section_read(&member, &defaults);
    }
    if (node_find(root, "cameras", &member)) {
        read_cameras(root, &member, &defaults, config);
    }
    if (node_find(root, "recording", &member)) {
        read_recording(&member, config);
    }
    check_recording(root, config);
    access_section_read(&section, config);
    if (node_find(root, "views", &member)) {
        views_section_read(&member, config);
    }
    if (node_find(root, "hooks", &member)) {
        hooks_section_read(&member, config);
    }
    if (node_find(root, "mqtt", &member)) {
        mqtt_section_read(&member, config);
    }
    if (node_find(root, "cluster", &member)) {
        read_cluster(&member, config);
    }
    server_section_check_exposure(root, config);
    settings_finish(&section, &root_table, NULL);
}

static bool ran_out_of_memory(const struct config *config) {
    bool exhausted = arena_exhausted(config->arena);
    for (size_t i = 0; i < config->camera_count && !exhausted; i++) {
        const struct arena *arena = config->cameras[i].arena;
        exhausted = arena == NULL || arena_exhausted(arena);
    }
    return exhausted;
}

static enum err load_config(const char *path, bool open_files, FILE *faults, struct config **config) {
    *config = NULL;
    struct document document;
    struct config *loaded = NULL;
    struct arena *arena = NULL;
    enum err error = arena_create(&arena);
    if (error == ERR_OK) {
        error = document_open(&document, path, arena, faults);
    }
    if (error != ERR_OK) {
        goto out;
    }
    document.opens_files = open_files;
    loaded = arena_alloc(arena, 1, sizeof *loaded);
    if (loaded == NULL) {
        error = ERR_MEMORY;
    } else {
        loaded->arena = arena;
        server_section_set_defaults(loaded);
        error = request_policy_create(&loaded->server.policy);
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
        arena_unref(&arena);
    }
    return error;
}

enum err config_load(const char *path, FILE *faults, struct config **config) {
    return load_config(path, false, faults, config);
}

enum err config_check(const char *path, FILE *faults, struct config **config) {
    return load_config(path, true, faults, config);
}

void config_destroy(struct config **config_pointer) {
    struct config *config = *config_pointer;
    *config_pointer = NULL;
    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < config->camera_count; i++) {
        arena_unref(&config->cameras[i].arena);
    }
    request_policy_unref(&config->server.policy);
    access_unref(&config->server.access);
    struct arena *arena = config->arena; /* holds the config itself */
    arena_unref(&arena);
}
