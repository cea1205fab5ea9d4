/* "rtsp://${CAM_USER}@host/": environment variables in the texts of a configuration. */
#ifndef CONFIG_JSON_ENVIRONMENT_H
#define CONFIG_JSON_ENVIRONMENT_H

#include "config/json/document.h"

/* A text node's text with each ${NAME} replaced, from the arena. NULL after a fault: a variable that is not set, or
 * a ${ without a name and }. What a variable holds is taken as it is, and never becomes part of a fault.
 * Threads: none may change the environment meanwhile. */
const char *environment_expand(const struct node *text);

/* How many characters at the beginning of the text are the name of a variable, as the shell has them (POSIX, XBD 8.1);
 * 0: none. */
size_t environment_name_bytes(const char *text);

/* Whether a text node names a variable, so that its text must not be shown. */
bool environment_is_used(const struct node *text);

#endif
