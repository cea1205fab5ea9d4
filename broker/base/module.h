/* Parts of the program in shared objects of their own, with libraries that most installations do not need. A module is
 * loaded when something first needs it, and stays loaded. "ffmpeg" is a Debian package of its own,
 * "framebroker-ffmpeg".
 *
 *     main: module_set_folder(FRAMEBROKER_MODULES);
 *     later: module_find("ffmpeg", "ffmpeg_stream_ops", &table, &reason);
 *
 * What a module has to offer is a table of functions, which it marks with MODULE_EXPORT. What it uses of the program is
 * exported by the linker (CMakeLists.txt). Sources belong to the module of the folder's name: those in a folder ffmpeg/
 * are the module "ffmpeg".
 *
 * Threads: any, once the folder is set. */
#ifndef BROKER_BASE_MODULE_H
#define BROKER_BASE_MODULE_H

#include "broker/base/err.h"

#define MODULE_EXPORT __attribute__((visibility("default")))

/* Where the modules are. folder: an absolute path, borrowed for the life of the process. Threads: before any other. */
void module_set_folder(const char *folder);

/* Whether the module is installed. ERR_UNSUPPORTED: it is not; reason says what to install. */
CHECKED enum err module_check(const char *name, struct reason *reason);

/* Loads the module if it is not loaded yet, and finds its table of that name. Blocks: while the files of its libraries
 * are read. ERR_UNSUPPORTED: it is not installed, or cannot be loaded; reason says what to do. The next call tries
 * again. */
CHECKED enum err module_find(const char *name, const char *symbol, const void **table, struct reason *reason);

#endif
