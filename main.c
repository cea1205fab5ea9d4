/* The composition root: reads the configuration, wires the parts, waits for signals, and takes everything down again
 * in the order close topics, stop web, stop cameras, free. */
#include "broker/broker.h"
#include "broker/log.h"
#include "cameras/fleet.h"
#include "cameras/scaler.h"
#include "config/config.h"
#include "config/list_devices.h"
#include "config/options.h"
#include "config/service.h"
#include "web/server.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_BAD_USAGE = 2 };

/* Everything that runs. Zeroed: not there. */
struct program {
    struct config *config;
    struct broker *broker;
    struct fleet *fleet;
    struct server *server;
};

static void report(const char *what, const struct reason *reason) {
    fprintf(stderr, "framebroker: %s%s\n", what, reason->text);
}

/* The signals that end us are waited for, by the main thread alone: blocked before any other thread starts. */
static void block_signals(sigset_t *awaited) {
    sigemptyset(awaited);
    sigaddset(awaited, SIGTERM);
    sigaddset(awaited, SIGINT);
    sigaddset(awaited, SIGHUP);
    pthread_sigmask(SIG_BLOCK, awaited, NULL);
}

static void wait_for_the_end(struct service *service, const sigset_t *awaited) {
    int signal_number = service_wait(service, awaited);
    while (signal_number == SIGHUP) {
        service_reloading();
        log_event(LOG_LEVEL_WARNING, NULL, "SIGHUP ignored: restart the program to read the configuration again");
        service_reloaded(service);
        signal_number = service_wait(service, awaited);
    }
    service_stopping();
    log_event(LOG_LEVEL_INFO, NULL, "stopping: %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
}

static enum err add_cameras(struct program *program, struct reason *reason) {
    for (size_t i = 0; i < program->config->camera_count; i++) {
        enum err error = fleet_add(program->fleet, &program->config->cameras[i], reason);
        if (error != ERR_OK) {
            return error;
        }
    }
    return ERR_OK;
}

static enum err start(struct program *program, struct reason *reason) {
    struct broker_settings settings = {
        .workers = program->config->workers, .envelope = server_frame_envelope(), .converters = &scaler_ops};
    enum err error = broker_create(&settings, &program->broker);
    if (error == ERR_OK) {
        error = fleet_create(program->broker, &program->fleet);
    }
    if (error != ERR_OK) {
        reason_set(reason, "cannot start: %s", err_text(error));
        return error;
    }
    error = add_cameras(program, reason);
    if (error == ERR_OK) {
        error = server_start(&program->config->server, program->broker, &program->server, reason);
    }
    return error;
}

static void stop(struct program *program) {
    if (program->broker != NULL) {
        broker_close(program->broker);
    }
    server_stop(&program->server);
    fleet_destroy(&program->fleet);
    broker_destroy(&program->broker);
    config_destroy(&program->config);
}

/* Reads the configuration and lets the command line have its say. False after telling why not. */
static bool configure(const struct options *options, struct program *program) {
    const char *path = options->config_path != NULL ? options->config_path : FRAMEBROKER_DEMO;
    if (config_load(path, stderr, &program->config) != ERR_OK) {
        return false;
    }
    struct reason reason;
    if (options->listen != NULL && config_set_listen(program->config, options->listen, &reason) != ERR_OK) {
        report("--listen ", &reason);
        return false;
    }
    return true;
}

static int serve(struct program *program) {
    sigset_t awaited;
    block_signals(&awaited);
    struct reason reason = {""};
    if (start(program, &reason) != ERR_OK) {
        report("", &reason);
        return EXIT_FAILED;
    }
    const char *address = program->config->server.address;
    uint16_t port = server_port(program->server);
    printf("listening on http://%s:%u/\n", address, port);
    fflush(stdout);
    struct service service;
    service_ready(&service, program->broker, address, port);
    wait_for_the_end(&service, &awaited);
    return EXIT_DONE;
}

int main(int argc, char *argv[]) {
    struct options options;
    struct reason reason;
    if (options_parse(argc, argv, &options, &reason) != ERR_OK) {
        report("", &reason);
        return EXIT_BAD_USAGE;
    }
    if (options.help || options.version) {
        fputs(options.help ? options_help() : "framebroker " FRAMEBROKER_VERSION "\n", stdout);
        return EXIT_DONE;
    }
    if (options.list_devices) {
        return list_devices(stdout, options.json) == ERR_OK ? EXIT_DONE : EXIT_FAILED;
    }
    if (options.verbose) {
        log_set_level(LOG_LEVEL_DEBUG);
    }
    struct program program = {0};
    int status = EXIT_BAD_USAGE;
    if (configure(&options, &program)) {
        bool files_are_there = !options.check || config_check_files(program.config, stderr) == ERR_OK;
        status = !options.check ? serve(&program) : files_are_there ? EXIT_DONE : EXIT_BAD_USAGE;
    }
    stop(&program);
    return status;
}
