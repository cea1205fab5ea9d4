/* libjpeg's error manager for a program that goes on: an error or a warning jumps back to where it was armed, and
 * nothing is printed.
 *
 * Use: jpeg_trap_init(), then `if (setjmp(trap.where) != 0) { failed: trap.text says why }` in a function that only
 * calls libjpeg and keeps nothing in locals that it needs after the jump.
 * Threads: a trap belongs to one libjpeg object. */
#ifndef CAMERAS_JPEG_TRAP_H
#define CAMERAS_JPEG_TRAP_H

#include <setjmp.h>
#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

struct jpeg_trap {
    struct jpeg_error_mgr manager; /* stays first: libjpeg knows the trap by it */
    jmp_buf where;
    char text[JMSG_LENGTH_MAX];
};

/* Returns what belongs into the `err` of a libjpeg object: borrowed from trap. */
struct jpeg_error_mgr *jpeg_trap_init(struct jpeg_trap *trap);

#endif
