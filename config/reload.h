/* Reads the configuration again while everything runs, and applies the difference: when somebody asks, and when the
 * file changes, where the configuration says so. A file with any fault changes nothing.
 *
 * One thread does it, so that reloads never overlap; whoever asks waits for it. Requests that come while a reload runs
 * are answered together by the next one.
 *
 * Lifecycle: create; start, once the server runs; ...; stop; destroy, once the server has been stopped.
 * Ownership: it owns the configuration, and replaces it.
 * Threads: reloader_perform() from any, the others from one. */
#ifndef CONFIG_RELOAD_H
#define CONFIG_RELOAD_H

#include "cameras/fleet.h"
#include "config/config.h"
#include "web/server.h"

struct reloader;

struct reloader_settings {
    const char *path;    /* of the file */
    const char *listen;  /* where the command line says to listen; NULL: the file decides */
    struct fleet *fleet; /* whose cameras are those of the configuration; nobody else changes them any more */
};

/* Everything is borrowed, but for *config, which is taken. ERR_MEMORY and others: *config stays the caller's. */
CHECKED enum err reloader_create(const struct reloader_settings *settings, struct config **config,
                                 struct reloader **reloader);
/* Whoever has asked before is answered now. server is borrowed until reloader_stop(). ERR_BUSY: no thread. */
CHECKED enum err reloader_start(struct reloader *reloader, struct server *server);
/* The reload of a server_host; user is the reloader. visitor: NULL may see all. */
void reloader_perform(void *user, const struct visitor *visitor, struct reload_answer *answer);
/* Whoever waits is told that the program ends. Blocks: until a reload that is under way is done, 1 s at most. */
void reloader_stop(struct reloader *reloader);
void reloader_destroy(struct reloader **reloader);

#endif
