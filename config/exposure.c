#include "config/exposure.h"

enum err config_check_exposure(const struct config *config, const struct listen_address *listen,
                               struct reason *reason) {
    if (listen->address[0] == '\0') {
        return ERR_OK;
    }
    return server_check_exposure(&config->server, listen, config->access.account_count > 0, reason);
}

enum err config_set_listen(struct config *config, const char *listen, struct reason *reason) {
    enum err error = listen_address_parse(listen, &config->server.listen, reason);
    return error == ERR_OK ? config_check_exposure(config, &config->server.listen, reason) : error;
}
