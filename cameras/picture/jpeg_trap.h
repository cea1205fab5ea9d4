/* libjpeg's error manager for a program that goes on: an error, a warning that costs pixels or a limit that is reached
 * jumps back to where it was armed, and nothing is printed.
 *
 * Use: jpeg_trap_init(), then `if (setjmp(trap.where) != 0) { failed: trap.text says why }` in a function that only
 * calls libjpeg and keeps nothing in locals that it needs after the jump.
 * Threads: a trap belongs to one libjpeg object. */
#ifndef CAMERAS_PICTURE_JPEG_TRAP_H
#define CAMERAS_PICTURE_JPEG_TRAP_H

#include "broker/base/work_limit.h"

#include <setjmp.h>
#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

struct jpeg_trap {
    struct jpeg_error_mgr manager; /* stays first: libjpeg knows the trap by it */
    jmp_buf where;
    char text[JMSG_LENGTH_MAX]; /* of what failed, or of the first warning that costs no pixels; "": none */
    struct jpeg_progress_mgr progress;
    const struct work_limit *limit;
    enum err stopped; /* by the limit: ERR_INTERRUPTED or ERR_TIMEOUT */
};

/* Returns what belongs into the `err` of a libjpeg object: borrowed from trap. */
struct jpeg_error_mgr *jpeg_trap_init(struct jpeg_trap *trap);
/* Ends the object's work at a limit, which is checked once a row of blocks of each scan. limit is borrowed; NULL: none.
 * After the object has been created. */
void jpeg_trap_set_limit(struct jpeg_trap *trap, j_common_ptr object, const struct work_limit *limit);

/* After a jump: ERR_INTERRUPTED or ERR_TIMEOUT at the limit, ERR_MEMORY, or ERR_INVALID for all else. */
CHECKED enum err jpeg_trap_error(const struct jpeg_trap *trap);

#endif
