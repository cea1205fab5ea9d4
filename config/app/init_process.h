/* The first process of a container (PID 1) inherits the children that programs leave behind, and has to reap them. The
 * kernel also ignores signals to it that it has no handler for. So it does nothing else: the server is its child.
 * Threads: the first one, before it starts others. */
#ifndef CONFIG_APP_INIT_PROCESS_H
#define CONFIG_APP_INIT_PROCESS_H

/* Returns in the process that is to be the server. In PID 1 that is a child; PID 1 itself passes signals on to it,
 * reaps, and exits with its status, or 128 and the number of the signal that ended it. */
void init_process_begin(void);

#endif
