#define _GNU_SOURCE
#include "config/app/hardening.h"

#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

/* Without memory a variable stays where it is. */
static void hide_environment(void) {
    for (char **variable = environ; *variable != NULL; variable++) {
        char *copy = strdup(*variable);
        if (copy != NULL) {
            explicit_bzero(*variable, strlen(*variable));
            *variable = copy;
        }
    }
}

void hardening_apply(void) {
    hide_environment();
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    int result = prctl(PR_SET_DUMPABLE, 0);
    (void)result; /* fails for no process of its own */
#endif
}
