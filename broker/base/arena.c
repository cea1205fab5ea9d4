#include "broker/base/arena.h"

#include "broker/base/refcount.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/queue.h>

struct block {
    SLIST_ENTRY(block) in_arena;
    max_align_t memory[];
};

struct arena {
    struct refcount references;
    SLIST_HEAD(, block) blocks;
    bool exhausted;
};

enum err arena_create(struct arena **arena) {
    struct arena *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    refcount_init(&created->references, 1);
    *arena = created;
    return ERR_OK;
}

struct arena *arena_ref(struct arena *arena) {
    if (arena != NULL) {
        refcount_take(&arena->references);
    }
    return arena;
}

void arena_unref(struct arena **arena_pointer) {
    struct arena *arena = *arena_pointer;
    *arena_pointer = NULL;
    if (arena == NULL || !refcount_drop(&arena->references)) {
        return;
    }
    while (!SLIST_EMPTY(&arena->blocks)) {
        struct block *block = SLIST_FIRST(&arena->blocks);
        SLIST_REMOVE_HEAD(&arena->blocks, in_arena);
        free(block);
    }
    free(arena);
}

void *arena_alloc(struct arena *arena, size_t count, size_t size) {
    struct block *block = NULL;
    if (count <= (SIZE_MAX - sizeof *block) / size) {
        block = calloc(1, sizeof *block + count * size);
    }
    if (block == NULL) {
        arena->exhausted = true;
        return NULL;
    }
    SLIST_INSERT_HEAD(&arena->blocks, block, in_arena);
    return block->memory;
}

const char *arena_format(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1, 1);
    if (text == NULL) {
        arena->exhausted = true;
        return "";
    }
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

bool arena_exhausted(const struct arena *arena) { return arena->exhausted; }
