#include "broker/base/curl_library.h"

#include "broker/base/module.h"

#include <pthread.h>

const struct curl_functions *curl;

static void load(void) {
    struct reason unused;
    const void *table;
    if (module_find("curl", CURL_MODULE_TABLE, &table, &unused) == ERR_OK) {
        curl = table;
        CURLcode result = curl->global_init(CURL_GLOBAL_DEFAULT); /* never undone: it is for the whole process */
        (void)result;                                             /* on failure no handle can be made */
    }
}

enum err curl_load(struct reason *reason) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    if (curl == NULL) {
        reason_set(reason, "libcurl cannot be loaded: reinstall the package framebroker, and restart");
        return ERR_UNSUPPORTED;
    }
    return ERR_OK;
}
