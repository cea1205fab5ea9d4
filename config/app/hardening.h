/* Keeps the process's secrets from other programs of its user, such as hooks.
 * Threads: at the start of main(), before any other thread. */
#ifndef CONFIG_APP_HARDENING_H
#define CONFIG_APP_HARDENING_H

/* Moves the environment, which holds passwords of cameras, out of /proc/PID/environ, and makes the process non-dumpable
 * (PR_SET_DUMPABLE of prctl(2)): its memory can be neither read nor traced by its user's programs, nor is it written
 * into core files. Sanitizer builds stay dumpable. getenv() works as before. */
void hardening_apply(void);

#endif
