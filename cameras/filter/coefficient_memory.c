#include "cameras/filter/coefficient_memory.h"

#include <assert.h>
#include <jerror.h>
#include <stdlib.h>
#include <string.h>

/* libjpeg knows no more of it than its name. In the object's own memory for one picture. */
struct jvirt_barray_control {
    JBLOCKROW *rows; /* NULL: not in memory yet */
    JDIMENSION row_count, row_blocks;
    boolean is_zeroed;
    struct jvirt_barray_control *next; /* that is pending */
};

static struct coefficient_memory *memory_of(j_common_ptr object) { return object->client_data; }

static jvirt_barray_ptr request(j_common_ptr object, int pool, boolean is_zeroed, JDIMENSION row_blocks,
                                JDIMENSION row_count, JDIMENSION accessed_rows) {
    (void)pool;
    (void)accessed_rows;
    struct coefficient_memory *memory = memory_of(object);
    struct jvirt_barray_control *array = object->mem->alloc_small(object, JPOOL_IMAGE, sizeof *array);
    *array = (struct jvirt_barray_control){
        .row_count = row_count, .row_blocks = row_blocks, .is_zeroed = is_zeroed, .next = memory->pending};
    memory->pending = array;
    return array;
}

/* What was there is of no use any more. */
static void reserve(j_common_ptr object, size_t needed) {
    struct coefficient_memory *memory = memory_of(object);
    if (needed == 0 || needed > memory->max_blocks) {
        ERREXIT1(object, JERR_OUT_OF_MEMORY, 0);
    }
    if (needed <= memory->capacity) {
        return;
    }
    free(memory->blocks);
    memory->capacity = 0;
    memory->blocks = aligned_alloc(sizeof(JBLOCK), needed * sizeof(JBLOCK)); /* as vector code likes it */
    if (memory->blocks == NULL) {
        ERREXIT1(object, JERR_OUT_OF_MEMORY, 0);
    }
    memory->capacity = needed;
}

static void realize(j_common_ptr object) {
    struct coefficient_memory *memory = memory_of(object);
    struct jvirt_barray_control *arrays = memory->pending;
    memory->pending = NULL; /* whatever fails below: they end with the picture */
    size_t needed = 0;
    for (struct jvirt_barray_control *array = arrays; array != NULL; array = array->next) {
        needed += (size_t)array->row_count * array->row_blocks;
    }
    if (arrays == NULL) {
        return; /* those of another object are written */
    }
    reserve(object, needed);
    JBLOCKROW blocks = memory->blocks;
    assert(blocks != NULL);
    for (struct jvirt_barray_control *array = arrays; array != NULL; array = array->next) {
        array->rows = object->mem->alloc_small(object, JPOOL_IMAGE, array->row_count * sizeof(JBLOCKROW));
        for (JDIMENSION row = 0; row < array->row_count; row++) {
            array->rows[row] = blocks + (size_t)row * array->row_blocks;
        }
        const size_t count = (size_t)array->row_count * array->row_blocks;
        if (array->is_zeroed) {
            memset(blocks, 0, count * sizeof(JBLOCK));
        }
        blocks += count;
    }
}

static JBLOCKARRAY access_rows(j_common_ptr object, jvirt_barray_ptr array, JDIMENSION first, JDIMENSION count,
                               boolean writable) {
    (void)writable;
    if (array->rows == NULL || first > array->row_count || count > array->row_count - first) {
        ERREXIT(object, JERR_BAD_VIRTUAL_ACCESS);
    }
    return array->rows + first;
}

void coefficient_memory_init(struct coefficient_memory *memory, j_common_ptr object, size_t max_bytes) {
    *memory = (struct coefficient_memory){.max_blocks = max_bytes / sizeof(JBLOCK)};
    object->client_data = memory;
    object->mem->request_virt_barray = request;
    object->mem->realize_virt_arrays = realize;
    object->mem->access_virt_barray = access_rows;
}

void coefficient_memory_finish(struct coefficient_memory *memory) {
    free(memory->blocks);
    *memory = (struct coefficient_memory){.blocks = NULL};
}
