/* "rtsp://${CAM_USER}@host/": environment variables in the texts of a configuration. */
#ifndef CONFIG_ENVIRONMENT_H
#define CONFIG_ENVIRONMENT_H

#include "config/document.h"

/* A text node's text with each ${NAME} replaced, from the storage. NULL after a fault: a variable that is not set, or
 * a ${ without a name and }. What a variable holds is taken as it is, and never becomes part of a fault.
 * Threads: none may change the environment meanwhile. */
const char *environment_expand(const struct node *text);

/* Whether a text node names a variable, so that its text must not be shown. */
bool environment_is_used(const struct node *text);

#endif
