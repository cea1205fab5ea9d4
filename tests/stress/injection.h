/* Makes one call in a program's own code fail: the linker puts these wrappers before the calls that it makes of
 * malloc() and the like (--wrap). Calls inside shared libraries are as ever: some of them (jansson 2.14
 * among them) do not survive it.
 *
 * Threads: injection_arm() and injection_disarm() by one; the wrappers by any. */
#ifndef STRESS_INJECTION_H
#define STRESS_INJECTION_H

#include <stdbool.h>

enum injection {
    INJECT_ALLOCATION, /* malloc, calloc, realloc, open_memstream: ENOMEM */
    INJECT_THREAD,     /* pthread_create: EAGAIN */
    INJECT_DESCRIPTOR, /* open, fopen, opendir, socket, eventfd, epoll_create1, inotify_init1: EMFILE */
    INJECT_TRANSFER,   /* read, fread, send, sendmsg: EIO */
};

/* The nth call (from 1) of that kind from now on fails, once. */
void injection_arm(enum injection kind, unsigned nth);
/* True if it has failed. */
bool injection_disarm(void);

#endif
