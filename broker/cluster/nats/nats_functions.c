#include "broker/cluster/nats/nats_functions.h"

#include "broker/base/module.h"

extern const struct nats_functions nats_functions;

#define NATS_FUNCTION(name) .name = name,
MODULE_EXPORT const struct nats_functions nats_functions = {EACH_NATS_FUNCTION(NATS_FUNCTION)};
