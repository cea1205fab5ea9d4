#include "config/storage.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct block {
    struct block *next;
    max_align_t memory[];
};

struct storage {
    struct block *blocks;
    struct file_mention *files, **files_end;
    bool exhausted;
};

enum err storage_create(struct storage **storage) {
    struct storage *created = calloc(1, sizeof *created);
    if (created == NULL) {
        return ERR_MEMORY;
    }
    created->files_end = &created->files;
    *storage = created;
    return ERR_OK;
}

void storage_destroy(struct storage **storage) {
    if (*storage == NULL) {
        return;
    }
    for (struct block *block = (*storage)->blocks; block != NULL;) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(*storage);
    *storage = NULL;
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
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    char *text = length < 0 ? NULL : storage_alloc(storage, (size_t)length + 1, 1);
    if (text != NULL) {
        vsnprintf(text, (size_t)length + 1, format, again);
    }
    va_end(again);
    va_end(arguments);
    storage->exhausted |= text == NULL;
    return text != NULL ? text : "";
}

bool storage_exhausted(const struct storage *storage) { return storage->exhausted; }

void storage_add_file(struct storage *storage, const char *label, const char *path) {
    struct file_mention *file = storage_alloc(storage, 1, sizeof *file);
    if (file == NULL) {
        return;
    }
    *file = (struct file_mention){.label = label, .path = path};
    *storage->files_end = file;
    storage->files_end = &file->next;
}

const struct file_mention *storage_files(const struct storage *storage) { return storage->files; }
