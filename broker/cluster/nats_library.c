#include "broker/cluster/nats_library.h"

#include "broker/base/module.h"

#include <stddef.h>

const struct nats_functions *nats;

enum err nats_load(struct reason *reason) {
    const void *table = NULL;
    struct reason unused;
    if (nats == NULL && module_find("nats", NATS_MODULE_TABLE, &table, &unused) == ERR_OK) {
        nats = table;
    }
    if (nats == NULL) {
        reason_set(reason, "libnats cannot be loaded: reinstall the package framebroker, and restart");
        return ERR_UNSUPPORTED;
    }
    return ERR_OK;
}
