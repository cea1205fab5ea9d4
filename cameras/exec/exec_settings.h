/* The settings of a camera that is a program, beyond those that every source has. */
#ifndef CAMERAS_EXEC_EXEC_SETTINGS_H
#define CAMERAS_EXEC_EXEC_SETTINGS_H

#include "cameras/settings.h"
#include "cameras/url/url_settings.h"

struct exec_settings {
    const char *const *command; /* the program and its arguments, up to a NULL */
    size_t command_count;
    const char *const *environment; /* "NAME=VALUE" */
    size_t environment_count;
    unsigned stop_signal;       /* one of the choices: see exec_stop_signal() */
    struct url_settings stream; /* of what FFmpeg decodes: frames and threads */
};

extern const struct setting_table exec_settings_table;

/* The signal's number. */
int exec_stop_signal(const struct exec_settings *settings);

#endif
