/* Where libjpeg keeps the coefficients of whole pictures: its virtual arrays of blocks, in memory that stays from one
 * picture to the next. libjpeg frees and takes megabytes for each picture otherwise, which costs more than the work on
 * them. An array is accessed as a whole, too: any number of its rows at once.
 *
 * Lifecycle: coefficient_memory_init() once the libjpeg object has been created; coefficient_memory_finish() once it
 * has been destroyed. Arrays are those of one picture at a time: they last until the object has finished or aborted it.
 * Threads: those of the object. */
#ifndef CAMERAS_FILTER_COEFFICIENT_MEMORY_H
#define CAMERAS_FILTER_COEFFICIENT_MEMORY_H

#include <stddef.h>
#include <stdio.h>
/* Needs <stdio.h> before it. */
#include <jpeglib.h>

struct coefficient_memory {
    JBLOCK *blocks;
    size_t capacity; /* in blocks */
    size_t max_blocks;
    struct jvirt_barray_control *pending; /* requested, and not in memory yet */
};

/* Replaces the object's functions for such arrays, and its client_data. Borrows both. max_bytes: of a picture; what
 * needs more fails as if memory had run out. */
void coefficient_memory_init(struct coefficient_memory *memory, j_common_ptr object, size_t max_bytes);
void coefficient_memory_finish(struct coefficient_memory *memory);

#endif
