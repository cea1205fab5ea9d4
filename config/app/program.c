#include "config/app/program.h"

#include "cameras/picture/gap_picture.h"
#include "cameras/picture/scaler.h"
#include "config/app/recorded_cameras.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* Cameras and streams take several descriptors each, and nothing here minds large ones, as select() would: all that the
 * system allows. */
static void raise_descriptor_limit(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
}

static enum err start_broker(struct program *program, const struct config *config, struct reason *reason) {
    struct broker_settings settings = {
        .workers = config->workers, .envelope = server_frame_envelope(), .converters = &scaler_ops};
    enum err error = broker_create(&settings, &program->broker);
    if (error == ERR_OK) {
        error = camera_manager_create(program->broker, &program->manager);
    }
    if (error != ERR_OK) {
        reason_set(reason, "cannot start: %s", err_text(error));
        return error;
    }
    struct camera_manager_change *cameras;
    error = camera_manager_prepare(program->manager, config->cameras, config->camera_count, &cameras, reason);
    if (error == ERR_OK) {
        camera_manager_commit(program->manager, &cameras, NULL);
    }
    return error;
}

static enum err start_recorder(struct program *program, const struct config *config, struct reason *reason) {
    enum err error = recorder_create(program->broker, &config->recording, &program->recorder);
    if (error == ERR_OK) {
        error = recorded_cameras_apply(program->recorder, config);
    }
    if (error != ERR_OK) {
        reason_set(reason, "the recorder cannot start: %s", err_text(error));
    }
    return error;
}

enum err program_start(struct program *program, struct config **config, const char *path, const char *listen,
                       struct reason *reason) {
    struct config *settings = *config;
    memcpy(program->address, settings->server.listen.address, sizeof program->address);
    raise_descriptor_limit();
    enum err error = start_broker(program, settings, reason);
    if (error == ERR_OK && settings->recording.path != NULL) {
        error = start_recorder(program, settings, reason);
    }
    if (error == ERR_OK && settings->cluster.url != NULL) {
        error = cluster_start(&settings->cluster, program->broker, program->recorder, gap_picture_draw,
                              &program->cluster, reason);
    }
    if (error != ERR_OK) {
        config_destroy(config);
        return error;
    }
    struct reloader_settings reloading = {.path = path,
                                          .listen = listen,
                                          .manager = program->manager,
                                          .recorder = program->recorder,
                                          .cluster = program->cluster};
    error = reloader_create(&reloading, config, &program->reloader);
    if (error == ERR_OK) {
        settings->server.recorder = program->recorder;
        settings->server.cluster = program->cluster;
        settings->server.host =
            (struct server_host){.reload = reloader_perform, .user = program->reloader, .draw_gap = gap_picture_draw};
        error = server_start(&settings->server, program->broker, &program->server, reason);
    }
    if (error == ERR_OK) {
        error = reloader_start(program->reloader, program->server);
    }
    config_destroy(config);
    if (error != ERR_OK && reason->text[0] == '\0') {
        reason_set(reason, "cannot start: %s", err_text(error));
    }
    return error;
}

void program_reload(struct program *program) {
    struct reload_answer answer = {0};
    reloader_perform(program->reloader, NULL, &answer);
    free(answer.json);
}

enum err program_prove(void *user, struct reason *reason) {
    struct program *program = user;
    return server_check(program->server, reason);
}

void program_stop(struct program *program) {
    if (program->reloader != NULL) {
        reloader_stop(program->reloader);
    }
    if (program->broker != NULL) {
        broker_close(program->broker);
    }
    server_stop(&program->server);
    cluster_stop(&program->cluster);
    recorder_destroy(&program->recorder);
    camera_manager_destroy(&program->manager);
    broker_destroy(&program->broker);
    reloader_destroy(&program->reloader);
}
