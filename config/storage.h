/* The memory behind a configuration: whatever is taken from it lives until all of it is freed at once.
 *
 * When memory runs out, that is remembered: callers go on with what they get and ask once, at the end.
 * Threads: one at a time. */
#ifndef CONFIG_STORAGE_H
#define CONFIG_STORAGE_H

#include "broker/err.h"

#include <stdbool.h>
#include <stddef.h>

struct storage;

CHECKED enum err storage_create(struct storage **storage);
void storage_destroy(struct storage **storage);

/* Zeroed memory for `count` objects of `size` bytes; NULL when there is none left. */
void *storage_alloc(struct storage *storage, size_t count, size_t size);
/* A formatted text; "" when there is no memory left. */
const char *storage_format(struct storage *storage, const char *format, ...) PRINTF_LIKE(2, 3);
/* Whether anything above ever failed. */
bool storage_exhausted(const struct storage *storage);

/* A file that the configuration names, kept for config_check_files(). Both texts are borrowed from the storage. */
struct file_mention {
    const char *label; /* where, and as what: FILE:LINE: cameras[0].source.files[1]: "1.jpg" */
    const char *path;
    struct file_mention *next;
};

void storage_add_file(struct storage *storage, const char *label, const char *path);
/* In the order in which they were added. NULL: none. */
const struct file_mention *storage_files(const struct storage *storage);

#endif
