/* Everything that runs: the broker, its cameras, the server and the reloader, wired together from a configuration and
 * taken down in the order that lets each one end: reloads, topics, web, cameras, memory.
 *
 * Threads: one, which is not any of theirs. */
#ifndef CONFIG_PROGRAM_H
#define CONFIG_PROGRAM_H

#include "broker/broker.h"
#include "config/config.h"
#include "config/reload.h"
#include "web/server.h"

/* Zeroed: nothing runs. The parts may be used, but not ended. */
struct program {
    struct broker *broker;
    struct fleet *fleet;
    struct reloader *reloader;
    struct server *server;
    char address[64]; /* that the server listens on */
};

/* *config is taken; path, from which it came, is borrowed, and so is listen: where the command line, which goes before
 * the file, says to listen; NULL: nowhere. On failure reason says why, and what has started is for program_stop() to
 * end. */
CHECKED enum err program_start(struct program *program, struct config **config, const char *path, const char *listen,
                               struct reason *reason);
/* Reads the configuration again and applies it; the log tells how that went. Blocks: until it is done. */
void program_reload(struct program *program);
/* Of type service_proof: whether the server of a struct program works, see server_check(). */
CHECKED enum err program_prove(void *program, struct reason *reason);
void program_stop(struct program *program);

#endif
