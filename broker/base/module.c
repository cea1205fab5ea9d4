#include "broker/base/module.h"

#include "broker/base/log.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static const char *modules = "";

void module_set_folder(const char *folder) { modules = folder; }

static enum err locate(const char *name, char path[PATH_MAX], struct reason *reason) {
    int length = snprintf(path, PATH_MAX, "%s/%s.so", modules, name);
    if (length < PATH_MAX && access(path, F_OK) == 0) {
        return ERR_OK;
    }
    reason_set(reason, "the module \"%s\" is missing: install the package framebroker-%s (" FRAMEBROKER_VERSION ")",
               name, name);
    return ERR_UNSUPPORTED;
}

enum err module_check(const char *name, struct reason *reason) {
    char path[PATH_MAX];
    return locate(name, path, reason);
}

enum err module_find(const char *name, const char *symbol, const void **table, struct reason *reason) {
    char path[PATH_MAX];
    enum err error = locate(name, path, reason);
    if (error != ERR_OK) {
        return error;
    }
    void *module = dlopen(path, RTLD_NOW | RTLD_LOCAL); /* one more reference, if it is loaded already; never closed */
    const void *found = module != NULL ? dlsym(module, symbol) : NULL;
    if (found == NULL) {
        const char *complaint = dlerror();
        log_event(LOG_LEVEL_ERROR, NULL, "%s cannot be loaded: %s", path, complaint != NULL ? complaint : symbol);
        reason_set(reason,
                   "the module \"%s\" cannot be loaded: reinstall the package framebroker-%s; the log has the cause",
                   name, name);
        return ERR_UNSUPPORTED;
    }
    *table = found;
    return ERR_OK;
}
