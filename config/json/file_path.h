/* Paths of files in a configuration.
 * Threads: one at a time. */
#ifndef CONFIG_JSON_FILE_PATH_H
#define CONFIG_JSON_FILE_PATH_H

#include "config/json/document.h"

/* The path of a file of that kind ("JPEG"), relative to the configuration's directory. NULL after a fault; where the
 * document opens files, one that cannot be opened is a fault too. */
const char *file_path_read(const struct node *file, const char *kind);
/* The path of the folder of such things ("recordings"), which need not exist, relative likewise. NULL after a fault. */
const char *file_path_resolve(const struct node *folder, const char *what);

#endif
