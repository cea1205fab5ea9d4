/* The cameras for which --init writes a configuration: plain data, in an arena.
 *
 * Lifecycle: the finders (find_*.h) add them; then they are named and written.
 * Threads: one at a time. */
#ifndef CONFIG_STARTER_FOUND_CAMERAS_H
#define CONFIG_STARTER_FOUND_CAMERAS_H

#include "broker/base/arena.h"
#include "broker/topic_settings.h"

#include <stdio.h>

#define FOUND_MAX 500
#define FOUND_COMMAND_MAX 24

/* One has a device, a command or a url. Texts are the arena's. */
struct found_camera {
    char id[TOPIC_ID_MAX_BYTES + 1];            /* unique */
    char name[TOPIC_NAME_MAX_BYTES + 1];        /* for people */
    const char *device;                         /* NULL: it is none of V4L2 */
    const char *command[FOUND_COMMAND_MAX + 1]; /* up to a NULL */
    const char *url;
    bool insecure;
    const char *user_variable, *password_variable; /* NULL: it needs no login */
    unsigned width_px, height_px;                  /* 0: the default */
    double fps;                                    /* 0: the default */
};

struct found_cameras {
    struct arena *arena;
    FILE *talk; /* where the finders say what is left to do; borrowed */
    size_t count;
    struct found_camera cameras[FOUND_MAX];
};

/* A new one with this name, made fit for a configuration, and an id made from it. NULL: there are too many. */
struct found_camera *found_cameras_add(struct found_cameras *cameras, const char *name);

/* Writes the configuration, with a test picture where there are no cameras. Errors stay in ferror(out). */
void found_cameras_write(const struct found_cameras *cameras, FILE *out);

#endif
