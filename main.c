/* What the command line asks for: the server until a signal ends it, or one of the small things. */
#include "broker/log.h"
#include "config/config.h"
#include "config/hash_password.h"
#include "config/list_devices.h"
#include "config/options.h"
#include "config/program.h"
#include "config/service.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_BAD_USAGE = 2 };

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

static void wait_for_the_end(struct program *program, struct service *service, const sigset_t *awaited) {
    int signal_number = service_wait(service, awaited);
    while (signal_number == SIGHUP) {
        service_reloading();
        program_reload(program);
        service_reloaded(service);
        signal_number = service_wait(service, awaited);
    }
    service_stopping();
    log_event(LOG_LEVEL_INFO, NULL, "stopping: %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
}

/* Reads the configuration and lets the command line have its say. NULL after telling why not. */
static struct config *configure(const struct options *options, const char *path) {
    struct config *config = NULL;
    enum err error = options->check ? config_check(path, stderr, &config) : config_load(path, stderr, &config);
    if (error != ERR_OK) {
        return NULL;
    }
    struct reason reason;
    if (options->listen != NULL && config_set_listen(config, options->listen, &reason) != ERR_OK) {
        report("--listen: ", &reason);
        config_destroy(&config);
    }
    return config;
}

/* Takes the configuration. */
static int serve(struct config **config, const char *path, const char *listen) {
    sigset_t awaited;
    block_signals(&awaited);
    struct program program = {0};
    struct reason reason = {""};
    int status = EXIT_FAILED;
    if (program_start(&program, config, path, listen, &reason) != ERR_OK) {
        report("", &reason);
        goto out;
    }
    printf("listening on http://%s:%u/\n", program.address, server_port(program.server));
    fflush(stdout);
    struct service service;
    service_ready(&service, program.broker, program_prove, &program);
    wait_for_the_end(&program, &service, &awaited);
    status = EXIT_DONE;
out:
    program_stop(&program);
    return status;
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
    if (options.list_devices || options.hash_password) {
        enum err error =
            options.list_devices ? list_devices(stdout, options.json) : hash_password(stdin, stdout, stderr);
        return error == ERR_OK ? EXIT_DONE : EXIT_FAILED;
    }
    log_open(options.log_format);
    if (options.verbose) {
        log_set_level(LOG_LEVEL_DEBUG);
    }
    const char *path = options_config_path(&options, FRAMEBROKER_CONFIGURATION, FRAMEBROKER_DEMO);
    struct config *config = configure(&options, path);
    if (config == NULL) {
        return EXIT_BAD_USAGE;
    }
    if (options.check) {
        config_destroy(&config);
        return EXIT_DONE;
    }
    return serve(&config, path, options.listen);
}
