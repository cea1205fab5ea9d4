/* libcurl, loaded and initialized when something first needs it (broker/base/module.h).
 *
 *     error = curl_load(reason);
 *     CURL *easy = curl->easy_init();
 *
 * Lifecycle: it stays loaded.
 * Threads: any. */
#ifndef BROKER_BASE_CURL_LIBRARY_H
#define BROKER_BASE_CURL_LIBRARY_H

#include "broker/base/curl/curl_functions.h"
#include "broker/base/err.h"

/* NULL until curl_load() has succeeded. */
extern const struct curl_functions *curl;

/* Blocks: the first time, while the files of its libraries are read. Errors: as module_find(). */
CHECKED enum err curl_load(struct reason *reason);

#endif
