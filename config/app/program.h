/* Everything that runs: the broker, its cameras, the server and the reloader, wired together from a configuration and
 * taken down in the order that lets each one end: reloads, topics, web, cluster, recorder, cameras, memory.
 *
 * Threads: one, which is not any of theirs. */
#ifndef CONFIG_APP_PROGRAM_H
#define CONFIG_APP_PROGRAM_H

#include "broker/broker.h"
#include "broker/cluster/cluster.h"
#include "config/app/reload.h"
#include "config/config.h"
#include "web/server.h"

/* Zeroed: nothing runs. The parts may be used, but not ended. */
struct program {
    struct broker *broker;
    struct camera_manager *manager;
    struct recorder *recorder; /* NULL: nothing is recorded */
    struct cluster *cluster;   /* NULL: none */
    struct reloader *reloader;
    struct server *server;
    char address[64]; /* that the server listens on */
};

/* *config is taken. path, from which it came, is borrowed, and so is listen, the address on the command line, which
 * overrides the file; NULL: none. On failure reason says why, and program_stop() ends what has started. */
CHECKED enum err program_start(struct program *program, struct config **config, const char *path, const char *listen,
                               struct reason *reason);
/* Reads the configuration again and applies it; the log reports the result. Blocks: until it is done. */
void program_reload(struct program *program);
/* Of type service_proof: whether the server of a struct program works, see server_check(). */
CHECKED enum err program_prove(void *program, struct reason *reason);
void program_stop(struct program *program);

#endif
