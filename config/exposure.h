/* Whether the accounts of a configuration suffice for the addresses that the server listens on.
 * Threads: one at a time. */
#ifndef CONFIG_EXPOSURE_H
#define CONFIG_EXPOSURE_H

#include "config/configuration.h"

/* Listens there instead of where the file says. ERR_INVALID, ERR_DENIED, with a reason. */
CHECKED enum err config_set_listen(struct config *config, const char *listen, struct reason *reason);
/* Whether its accounts suffice for an address, "" for none; see server_check_exposure(). ERR_DENIED with a reason. */
CHECKED enum err config_check_exposure(const struct config *config, const struct listen_address *listen,
                                       struct reason *reason);

#endif
