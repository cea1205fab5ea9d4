/* Which limit of the system is in the way of another thread: ulimit, a control group, or the kernel. For the words of
 * an error. Threads: any. */
#ifndef BROKER_BASE_LIMITS_H
#define BROKER_BASE_LIMITS_H

#include "broker/base/err.h"

#include <stddef.h>

/* A thread with a stack of so many bytes was refused just now: finds out why, for limits_explain(). */
void limits_note_refusal(size_t stack_bytes);

/* Of ERR_BUSY and ERR_MEMORY: adds the limit that was noted last to the reason, with its names in a shell and in a
 * service; without one, that of the address space, if little of it is left. */
void limits_explain(enum err error, struct reason *reason);

#endif
