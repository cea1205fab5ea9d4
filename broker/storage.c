#include "broker/storage.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct block {
    struct block *next;
    max_align_t memory[];
};

struct storage {
    atomic_uint references;
    struct block *blocks;
    bool exhausted;
};

enum err storage_create(struct storage **storage) {
    struct storage *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    atomic_init(&created->references, 1);
    *storage = created;
    return ERR_OK;
}

struct storage *storage_ref(struct storage *storage) {
    if (storage != NULL) {
        atomic_fetch_add_explicit(&storage->references, 1, memory_order_relaxed);
    }
    return storage;
}

void storage_unref(struct storage **storage_pointer) {
    struct storage *storage = *storage_pointer;
    *storage_pointer = NULL;
    if (storage == NULL || atomic_fetch_sub_explicit(&storage->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (struct block *block = storage->blocks; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(storage);
}

void *storage_alloc(struct storage *storage, size_t count, size_t size) {
    struct block *block = NULL;
    if (count <= (SIZE_MAX - sizeof *block) / size) {
        block = calloc(1, sizeof *block + count * size);
    }
    if (block == NULL) {
        storage->exhausted = true;
        return NULL;
    }
    block->next = storage->blocks;
    storage->blocks = block;
    return block->memory;
}

const char *storage_format(struct storage *storage, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *text = length < 0 ? NULL : storage_alloc(storage, (size_t)length + 1, 1);
    if (text == NULL) {
        storage->exhausted = true;
        return "";
    }
    va_start(arguments, format);
    vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}

bool storage_exhausted(const struct storage *storage) { return storage->exhausted; }
