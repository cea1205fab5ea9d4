#include "config/app/reload.h"

#include "broker/base/clock.h"
#include "broker/base/limits.h"
#include "broker/base/log.h"
#include "broker/base/sync.h"
#include "config/app/file_watch.h"
#include "config/app/recorded_cameras.h"
#include "config/app/reload_outcome.h"
#include "config/app/restart_required.h"

#include <stdlib.h>
#include <string.h>

struct reloader {
    struct reloader_settings settings;
    struct config running; /* at the start, without what is counted and the cameras */
    struct arena *arena;   /* of running, a reference */
    struct server *server;
    struct config *config; /* the thread's, once that has started, and so is: */
    struct file_watch watch;
    pthread_t thread;
    bool started;
    struct event wake; /* a request, or the end */
    struct lock lock;
    struct condition answered;
    uint64_t last_ticket GUARDED_BY(lock);          /* of a request */
    uint64_t answered_ticket GUARDED_BY(lock);      /* requests up to it have been answered */
    struct reload_outcome outcome GUARDED_BY(lock); /* the newest */
    bool stopping GUARDED_BY(lock);
};

/* ---- The thread ---- */

/* Reads and checks the file. NULL, or something to destroy, after a failure. */
static struct config *load_wanted(struct reloader *reloader, struct reload_outcome *outcome) {
    struct config *config = NULL;
    size_t count = 0;
    FILE *faults = open_memstream(&outcome->faults, &count);
    if (faults == NULL) {
        outcome->error = ERR_MEMORY;
        return NULL;
    }
    file_watch_mark(&reloader->watch);
    outcome->error = config_load(reloader->settings.path, faults, &config);
    if (fclose(faults) != 0 && outcome->error == ERR_OK) {
        outcome->error = ERR_MEMORY;
    }
    if (outcome->error == ERR_OK && reloader->settings.listen != NULL) {
        outcome->error = config_set_listen(config, reloader->settings.listen, &outcome->reason);
    }
    return config;
}

/* Until a restart the server listens where it did at the start. */
static enum err check_running_address(const struct config *config, const struct listen_address *listen,
                                      struct reason *reason) {
    enum err error = config_check_exposure(config, listen, reason);
    if (error != ERR_OK) {
        reason_set(reason,
                   "restart the program to apply this: until then it listens on %s:%u, where everybody could do "
                   "everything without users and tokens",
                   listen->address, listen->port);
    }
    return error;
}

static void apply(struct reloader *reloader, struct reload_outcome *outcome) {
    struct camera_manager *manager = reloader->settings.manager;
    struct camera_manager_change *cameras;
    struct config *config = load_wanted(reloader, outcome);
    if (outcome->error == ERR_OK) {
        outcome->error = check_running_address(config, &reloader->running.server.listen, &outcome->reason);
    }
    if (outcome->error == ERR_OK) {
        outcome->error = check_running_address(config, &reloader->running.server.monitor_listen, &outcome->reason);
    }
    if (outcome->error == ERR_OK) {
        outcome->error =
            camera_manager_prepare(manager, config->cameras, config->camera_count, &cameras, &outcome->reason);
        limits_explain(outcome->error, &outcome->reason);
    }
    if (outcome->error == ERR_OK) {
        if (reloader->settings.cluster != NULL) {
            cluster_apply(reloader->settings.cluster, &config->cluster);
        }
        server_apply(reloader->server, &config->server); /* first, so that no old right shows a new camera */
        camera_manager_commit(manager, &cameras, &outcome->cameras);
        if (recorded_cameras_apply(reloader->settings.recorder, config) != ERR_OK) {
            log_event(LOG_LEVEL_ERROR, NULL, "recording: no memory for the new configuration; the old one stays");
        }
        file_watch_enable(&reloader->watch, config->watch);
        outcome->needs_restart = restart_required_compare(&reloader->running, config);
        struct config *before = reloader->config;
        reloader->config = config;
        config = before;
    }
    config_destroy(&config);
}

static void reload(struct reloader *reloader) {
    lock_acquire(&reloader->lock);
    uint64_t ticket = reloader->last_ticket;
    lock_release(&reloader->lock);

    struct reload_outcome outcome = {0};
    apply(reloader, &outcome);
    reload_outcome_log(&outcome);
    struct reason fault = reload_outcome_fault(&outcome);
    server_note_reload(reloader->server, outcome.error != ERR_OK ? fault.text : NULL);

    lock_acquire(&reloader->lock);
    struct reload_outcome before = reloader->outcome;
    reloader->outcome = outcome;
    reloader->answered_ticket = ticket;
    condition_broadcast(&reloader->answered);
    lock_release(&reloader->lock);
    reload_outcome_finish(&before);
}

static void *serve_reloads(void *argument) {
    struct reloader *reloader = argument;
    for (;;) {
        bool changed = file_watch_wait(&reloader->watch, &reloader->wake);
        event_clear(&reloader->wake);
        lock_acquire(&reloader->lock);
        bool stopping = reloader->stopping;
        bool requested = reloader->last_ticket > reloader->answered_ticket;
        lock_release(&reloader->lock);
        if (stopping) {
            return NULL;
        }
        if (changed || requested) {
            reload(reloader);
        }
    }
}

/* ---- Other threads ---- */

enum err reloader_create(const struct reloader_settings *settings, struct config **config, struct reloader **out) {
    struct reloader *reloader = calloc(1, sizeof *reloader);
    if (reloader == NULL) {
        return ERR_MEMORY;
    }
    enum err error = event_init(&reloader->wake);
    if (error != ERR_OK) {
        free(reloader);
        return error;
    }
    lock_init(&reloader->lock);
    condition_init(&reloader->answered);
    reloader->settings = *settings;
    reloader->running = **config;
    reloader->arena = arena_ref((*config)->arena);
    file_watch_init(&reloader->watch, settings->path);
    file_watch_mark(&reloader->watch);
    file_watch_enable(&reloader->watch, (*config)->watch);
    reloader->config = *config;
    *config = NULL;
    *out = reloader;
    return ERR_OK;
}

enum err reloader_start(struct reloader *reloader, struct server *server) {
    reloader->server = server;
    enum err error = thread_start(&reloader->thread, "reload", 0, serve_reloads, reloader);
    reloader->started = error == ERR_OK;
    return error;
}

void reloader_perform(void *user, const struct principal *principal, struct reload_answer *answer) {
    struct reloader *reloader = user;
    lock_acquire(&reloader->lock);
    uint64_t ticket = ++reloader->last_ticket;
    lock_release(&reloader->lock);
    event_set(&reloader->wake);

    lock_acquire(&reloader->lock);
    while (reloader->answered_ticket < ticket && !reloader->stopping) {
        condition_wait(&reloader->answered, &reloader->lock);
    }
    bool answered = reloader->answered_ticket >= ticket;
    if (answered) {
        *answer = reload_outcome_answer(&reloader->outcome, principal);
    }
    lock_release(&reloader->lock);
    if (!answered) {
        *answer = reload_answer_stopping();
    }
}

void reloader_stop(struct reloader *reloader) {
    lock_acquire(&reloader->lock);
    reloader->stopping = true;
    condition_broadcast(&reloader->answered);
    lock_release(&reloader->lock);
    event_set(&reloader->wake);
    if (reloader->started) {
        pthread_join(reloader->thread, NULL);
        reloader->started = false;
    }
}

void reloader_destroy(struct reloader **reloader_pointer) {
    struct reloader *reloader = *reloader_pointer;
    *reloader_pointer = NULL;
    if (reloader == NULL) {
        return;
    }
    reloader_stop(reloader);
    file_watch_finish(&reloader->watch);
    config_destroy(&reloader->config);
    reload_outcome_finish(&reloader->outcome);
    condition_finish(&reloader->answered);
    lock_finish(&reloader->lock);
    event_finish(&reloader->wake);
    arena_unref(&reloader->arena);
    free(reloader);
}
