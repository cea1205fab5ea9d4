/* What the command line asks for: the server until a signal ends it, or one of the small commands. */
#include "broker/base/limits.h"
#include "broker/base/log.h"
#include "broker/base/module.h"
#include "config/app/exit_guard.h"
#include "config/app/hardening.h"
#include "config/app/hash_password.h"
#include "config/app/init_process.h"
#include "config/app/list_devices.h"
#include "config/app/motion_replay.h"
#include "config/app/options.h"
#include "config/app/probe.h"
#include "config/app/program.h"
#include "config/app/recordings.h"
#include "config/app/service.h"
#include "config/config.h"
#include "config/starter/starter.h"
#include "web/http/socket.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_BAD_USAGE = 2 };

static void report(const char *what, const struct reason *reason) {
    fprintf(stderr, "framebroker: %s%s\n", what, reason->text);
}

/* Only the main thread waits for these signals, so they are blocked before any other thread starts. */
static void block_signals(sigset_t *awaited) {
    sigemptyset(awaited);
    sigaddset(awaited, SIGTERM);
    sigaddset(awaited, SIGINT);
    sigaddset(awaited, SIGHUP);
    pthread_sigmask(SIG_BLOCK, awaited, NULL);
}

static void wait_for_end(struct program *program, struct service *service, const sigset_t *awaited) {
    int signal_number = service_wait(service, awaited);
    while (signal_number == SIGHUP) {
        service_reloading();
        program_reload(program);
        service_reloaded(service);
        signal_number = service_wait(service, awaited);
    }
    exit_guard_begin(signal_number);
    service_stopping();
    log_event(LOG_LEVEL_INFO, NULL, "stopping: %s", signal_number == SIGINT ? "SIGINT" : "SIGTERM");
}

/* Reads the configuration and applies what the command line overrides. NULL after reporting why not. */
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
    exit_guard_start();
    struct program program = {0};
    struct reason reason = {""};
    int status = EXIT_FAILED;
    enum err error = program_start(&program, config, path, listen, &reason);
    if (error != ERR_OK) {
        limits_explain(error, &reason);
        report("", &reason);
        goto out;
    }
    char authority[SOCKET_AUTHORITY_BYTES];
    socket_format_authority(program.address, server_port(program.server), authority);
    printf("listening on http://%s/\n", authority);
    fflush(stdout);
    struct service service;
    service_ready(&service, program.broker, program_prove, &program);
    wait_for_end(&program, &service, &awaited);
    status = EXIT_DONE;
out:
    program_stop(&program);
    return status;
}

/* Threads share few arenas of malloc: each keeps what was freed in it, which with one a thread adds up to more than is
 * in use (mallopt(3)). Frames have a pool of their own. */
static void bound_arenas(void) {
    int result = mallopt(M_ARENA_MAX, 2);
    (void)result; /* costs memory, not correctness */
}

int main(int argc, char *argv[]) {
    struct options options;
    struct reason reason;
    bound_arenas();
    init_process_begin();
    hardening_apply();
    module_set_folder(FRAMEBROKER_MODULES);
    if (options_parse(argc, argv, &options, &reason) != ERR_OK) {
        report("", &reason);
        return EXIT_BAD_USAGE;
    }
    if (options.help || options.version) {
        fputs(options.help ? options_help() : "framebroker " FRAMEBROKER_VERSION "\n", stdout);
        return EXIT_DONE;
    }
    const bool writes_starter = options.init && !options.recordings;
    if (writes_starter || options.list_devices || options.hash_password) {
        enum err error = writes_starter         ? starter_write(options.onvif, stdout, stderr)
                         : options.list_devices ? list_devices(stdout, options.json)
                                                : hash_password(stdin, stdout, stderr);
        return error == ERR_OK ? EXIT_DONE : EXIT_FAILED;
    }
    log_open(options.log_format);
    if (options.verbose) {
        log_set_level(LOG_LEVEL_DEBUG);
    }
    if (options.probe != NULL) {
        enum err error = probe(options.probe, options.json, stdout, stderr);
        return error == ERR_OK ? EXIT_DONE : error == ERR_INVALID ? EXIT_BAD_USAGE : EXIT_FAILED;
    }
    if (options.motion != NULL) {
        enum err error = motion_replay(options.motion, options.video, options.json, options.verbose, stdout, stderr);
        return error == ERR_OK ? EXIT_DONE : error == ERR_INVALID ? EXIT_BAD_USAGE : EXIT_FAILED;
    }
    const char *path = options_config_path(&options, FRAMEBROKER_CONFIGURATION, FRAMEBROKER_DEMO);
    struct config *config = configure(&options, path);
    if (config == NULL) {
        return EXIT_BAD_USAGE;
    }
    if (options.check) {
        printf("%s: %zu %s, no faults\n", path, config->camera_count, config->camera_count == 1 ? "camera" : "cameras");
        config_destroy(&config);
        return EXIT_DONE;
    }
    if (options.recordings) {
        const enum recordings_task task = options.init      ? RECORDINGS_INIT
                                          : options.verify  ? RECORDINGS_VERIFY
                                          : options.rebuild ? RECORDINGS_REBUILD
                                                            : RECORDINGS_LIST;
        const bool is_configured = config->recording.path != NULL;
        enum err error = recordings_run(config, task, options.json, stdout, stderr);
        config_destroy(&config);
        return error == ERR_OK ? EXIT_DONE : is_configured ? EXIT_FAILED : EXIT_BAD_USAGE;
    }
    return serve(&config, path, options.listen);
}
